"""Help while labelling: the live forest, prompted segmenters, doubtful regions, learning from corrections.

May import: `session`, `session/dataset`, `session/scores` and everything below.
Start at `forest.py`; `prompting.py` for clicks, `learning.py` for rounds of training.
"""
