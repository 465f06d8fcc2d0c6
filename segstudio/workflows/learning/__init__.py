"""Learning from corrections: a round in a process of its own, what it learns from, its versions and its verdict.

May import: workflows and everything below.
Start at `run.py`, which starts a round and hears of it; `round.py` is what the process does.
"""
