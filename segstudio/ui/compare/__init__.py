"""Two layers of the open image side by side: panes that move together, a swipe, the difference map, ΔIoU bars.

May import: session, render, ui/canvas and ui/shell; it counts nothing itself (see `session/comparison/comparing.py`).
Start at `commands.py`, what a person can ask for; then `compare_view.py`, which holds the parts together."""
