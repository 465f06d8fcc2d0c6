"""The eraser: a brush that leaves pixels unlabelled, or takes them from the object under the cursor."""

from __future__ import annotations

from segstudio.ui.canvas.tools.brush import BrushTool


class EraserTool(BrushTool):
    """A stroke is one edit, seen while it is drawn."""

    id = "eraser"
    title = "&Eraser"
    icon = "eraser"
    key = "E"
    hint = "[ ] or Alt+wheel: size"
    erases = True
