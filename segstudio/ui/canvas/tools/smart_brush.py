"""The smart brush: a brush whose tip stops at the picture's edges; with Ctrl held it is the plain one."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.ops.smart_brush import smart_stroke
from segstudio.ui.canvas.tools.brush import BrushTool
from segstudio.ui.canvas.tools.tool import Pointer


class SmartBrushTool(BrushTool):
    """What its middle goes over is painted as far as the next edge, at most as far as the tip reaches."""

    id = "smart_brush"
    title = "S&mart brush"
    icon = "smartbrush"
    key = "Shift+E"
    hint = "paint with the middle on the thing: the tip stops at edges · hold Ctrl: plain brush · Alt erases"

    def _add(self, path: Sequence[Pointer]) -> None:
        document = self.context.document
        if path[-1].ctrl or document is None or self._gesture is None:
            super()._add(path)
            return
        rect, mask_hw = smart_stroke(
            document.pyramid.image_hwc,
            self._placed(path),
            self._pressed(path[-1]),
            square=self.context.view.brush_square,
        )
        if not rect.is_empty:
            self._gesture.add_pixels(rect, mask_hw)
