"""The batch verbs, each once, with progress and cancel: demo, predict, evaluate, compare, convert, export, import.

May import: formats, metrics, models, render, store, settings, ops, core. The command line and the session both call
these.
Start at `predict.py`; rounds of training have a room of their own, `learning/`.
"""
