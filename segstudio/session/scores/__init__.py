"""The numbers that follow the hand: IoU, panoptic quality and average precision of what is open.

May import: `session` (the document, jobs, the view) and everything below.
Start at `live.py`; which numbers a person sees is `scoreboard.py`.
"""
