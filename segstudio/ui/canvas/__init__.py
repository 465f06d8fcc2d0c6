"""Where one draws: it forwards gestures to the tool in hand and shows the compositor's buffer; it computes no labels.

May import: what `ui` may. Start at `canvas.py` (the widget), then `tools/tool.py` (what a tool is, one file each).
"""
