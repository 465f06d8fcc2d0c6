"""The frame round canvas and panels: main window, commands and their keys, theme, icons, messages, the hop home.

May import: session, workflows, the other rooms of ui, Qt.
Start at `main_window.py`; every action is a row in `actions.py`.
"""
