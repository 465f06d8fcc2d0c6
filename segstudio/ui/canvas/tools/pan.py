"""Pan: drags the picture; every tool can do the same with the middle button or with Space held."""

from __future__ import annotations

from PySide6.QtCore import Qt

from segstudio.ui.canvas.tools.tool import Pointer, Tool


class PanTool(Tool):
    """The canvas itself does the dragging: it knows positions on the screen, a tool knows those in the image."""

    id = "pan"
    title = "&Pan"
    icon = "pan"
    key = ""
    cursor = Qt.CursorShape.OpenHandCursor
    hint = "drag to move the picture · double click: 100 %"

    def is_empty_at(self, at: Pointer) -> bool:
        return True
