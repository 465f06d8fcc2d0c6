"""One panel per file: classes, layers, objects, metrics, filmstrip, models, history. Each shows a part of the session.

May import: session, `ui.shell.theme` and `ui.shell.icons`, Qt. A panel takes the session and finds its news by its
events.
"""
