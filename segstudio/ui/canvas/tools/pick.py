"""Pick: makes the class under the cursor the one to draw with."""

from __future__ import annotations

from math import floor

from PySide6.QtCore import Qt

from segstudio.core.raster import UNLABELLED
from segstudio.ui.canvas.tools.tool import Pointer, Tool


class PickTool(Tool):
    """Looks at the labels first, then at the other layers that are shown."""

    id = "pick"
    title = "P&ick a class"
    icon = "pick"
    key = "I"
    cursor = Qt.CursorShape.PointingHandCursor
    hint = "click to draw with the class under the cursor"

    def press(self, at: Pointer) -> None:
        document, view = self.context.document, self.context.view
        if document is None:
            return
        if view.mode == "objects":
            hit = self.context.objects.index.at(at.xy)
            if hit:
                self.context.session.view.choose_class(hit[0].class_id)
                self.context.session.view.set(selection=frozenset({hit[0].id}))
                return
        for name in document.layer_names:
            layer = document.layer(name)
            if view.shown.get(name, True) and layer.raster.bounds.holds(at.x, at.y):
                number = int(layer.raster.ids_hw[floor(at.y), floor(at.x)])
                segment = layer.segments.get(number)
                if number != UNLABELLED and segment is not None:
                    self.context.session.view.choose_class(segment.class_id)
                    return
