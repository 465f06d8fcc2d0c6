"""Box cut-out: drag a box round a thing, see what stands out in it, take it or leave it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from segstudio.core.geometry import Rect
from segstudio.ops.grabcut import cut_out
from segstudio.ops.lasso import rectangle
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_mask
from segstudio.ui.canvas.tools.asking import Asking
from segstudio.ui.canvas.tools.paths import draw_mask, screen_corners, shape_path
from segstudio.ui.canvas.tools.region import Region
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_STILL = 3.0
"""Logical pixels below which a drag was a click."""
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)

Wanted = tuple[NDArray[np.uint8], Rect]


class CutOutTool(Tool):
    """GrabCut on the box, in a worker; the result is a preview until a click on it or Enter takes it."""

    id = "cutout"
    title = "Cut out of a bo&x"
    icon = "cutout"
    key = "Shift+G"
    hint = "drag a box round a thing · click the result or Enter takes it · Alt takes away · Esc drops"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._start: tuple[float, float] | None = None
        self._box: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._purpose = Purpose()
        self._found: Region | None = None
        self._asking = Asking(context.session, self._cut, self._show)

    def press(self, at: Pointer) -> None:
        if self._found is not None and self._found.holds(*at.xy):
            self._commit()
            return
        self.cancel()
        if self.context.document is not None:
            self._start = at.xy
            self._box = (at.xy, at.xy)
            self._purpose = Purpose.of(at)

    def move(self, points: Sequence[Pointer]) -> None:
        if self._start is not None:
            self._box = (self._start, points[-1].xy)

    def release(self, at: Pointer) -> None:
        start, self._start = self._start, None
        document = self.context.document
        if start is None or document is None:
            return
        if max(abs(at.x - start[0]), abs(at.y - start[1])) < _STILL * self.context.image_px:
            self._box = None
            return
        self._box = (start, at.xy)
        box = Rect.around(np.array(self._box)).intersect(Rect.of_size(*document.size_hw))
        self._asking.ask((document.pyramid.image_hwc, box))

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if key in _ENDS and self._found is not None:
            self._commit()
            return True
        return False

    def cancel(self) -> bool:
        had = self._box is not None or self._found is not None
        self._asking.drop()
        self._start = self._box = self._found = None
        return had

    def undo(self) -> bool:
        return self.cancel()

    def paint_overlay(self, painter: QPainter) -> None:
        if self._found is not None:
            found = self._found
            draw_mask(painter, self.context, found.mask_hw, found.rect, self._purpose.color(self.context))
        if self._box is not None:
            draw_line(painter, shape_path(self.context, rectangle(*self._box)), dashed=True)

    def overlay_bounds(self) -> QRectF | None:
        points = [self.context.to_screen(*corner) for corner in self._box or ()]
        if self._found is not None:
            points += screen_corners(self.context, self._found.rect)
        return bounds_of(points)

    def _cut(self, wanted: Wanted) -> tuple[Rect, NDArray[np.bool_]]:
        image_hwc, box = wanted
        return cut_out(image_hwc, box)

    def _show(self, wanted: Wanted, found: tuple[Rect, NDArray[np.bool_]]) -> None:
        rect, mask_hw = found
        if rect.is_empty:
            self._box = None
            self.context.tell(
                "nothing in the box stands out from what surrounds it", hint="draw the box a little wider"
            )
        else:
            self._found = Region(0, rect, mask_hw)
        self.context.refresh()

    def _commit(self) -> None:
        found, purpose = self._found, self._purpose
        self.cancel()
        if found is not None:
            apply_mask(self.context, found.rect, found.mask_hw, purpose, name="cut out of a box", tool=self.id)
