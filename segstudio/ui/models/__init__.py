"""The model browser: every card in a searchable table, its figures, its weights, and the way into the project.

May import the session, Qt and the shell's small widgets; never torch. Start at `browser.py`.
"""
