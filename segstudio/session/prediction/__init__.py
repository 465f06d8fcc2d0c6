"""Models as a person runs them: which there are, what is asked and waits, and what becomes of the answers.

May import: `session` and everything below.
Start at `predictions.py`.
"""
