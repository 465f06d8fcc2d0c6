"""Two layers against the truth: the open image, the data set, and what to take from either.

May import: `session`, `session/scores`, `session/inspect` and everything below.
Start at `comparing.py`; `duel.py` counts the whole data set.
"""
