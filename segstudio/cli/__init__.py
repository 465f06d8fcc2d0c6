"""The command line: one file per verb, over the same workflows as the window.

May import: workflows, plugins and everything below; never ui. What a verb needs loads when it runs.
Start at `main.py`, then `console.py` (progress, JSON, one-line errors).
"""
