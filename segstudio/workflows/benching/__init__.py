"""What `segstudio bench` measures of rooms and assists: times, clicks, dabs and effort, all of it seeded.

May import what workflows may, and the demo's painter. Numbers only: the command line prints them.
Start at `assist.py` (the assists), at `rooms.py` (store, canvas, formats).
"""
