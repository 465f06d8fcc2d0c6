"""Where and why a model is wrong: its confusion, its errors one after another, what mending them would give.

May import: `session`, `session/scores` and everything below.
Start at `inspection.py`; `errors.py` walks the open image, `truth_queue.py` doubts the truth.
"""
