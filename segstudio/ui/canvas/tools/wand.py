"""The magic wand: press picks a colour, dragging sets how far from it colours may be; what is in view is searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.fill import wand, wand_space
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_mask
from segstudio.ui.canvas.tools.asking import Asking
from segstudio.ui.canvas.tools.paths import draw_mask, screen_corners
from segstudio.ui.canvas.tools.sample import Sample, sample_of
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_MAX_PIXELS = 2_000_000
_PER_LEVEL = 3.0
"""Logical pixels of drag for one level of tolerance."""
_FIRST_TOLERANCE = 16.0
_LABEL = QRectF(14, -24, 64, 20)
"""Where the tolerance is written, from the pointer on."""


class Wanted(NamedTuple):
    """What the worker is asked: what is like the seed's colour in what is in view."""

    sample: Sample
    seed_xy: tuple[float, float]
    tolerance: int


class WandTool(Tool):
    """Shows what it would take while the button is down, takes it when the button is released.

    A drag to the right or up takes more, to the left or down less; the next click begins with the same tolerance.
    """

    id = "wand"
    title = "Magic &wand"
    icon = "wand"
    key = "W"
    hint = "press a colour, drag right for more or left for less, release · Alt takes away · Shift adds · Esc drops"

    edit_name = "magic wand"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self.tolerance = _FIRST_TOLERANCE
        self._first_tolerance = _FIRST_TOLERANCE
        self._sample: Sample | None = None
        self._space: tuple[Sample, NDArray[np.uint8]] | None = None
        self._start: Pointer | None = None
        self._at: Pointer | None = None
        self._purpose = Purpose()
        self._released = False
        self._found: tuple[Rect, NDArray[np.bool_]] | None = None
        self._asking = Asking(context.session, self._search, self._show)

    def press(self, at: Pointer) -> None:
        self.cancel()
        if self._sample is None or not self._sample.shows(self.context):
            self._sample = sample_of(self.context, _MAX_PIXELS)
        if self._sample is None or not self._sample.rect.holds(*at.xy):
            return
        self._start = self._at = at
        self._purpose = Purpose.of(at)
        self._first_tolerance = self.tolerance
        self._begin()
        self._ask()

    def move(self, points: Sequence[Pointer]) -> None:
        start, at = self._start, points[-1]
        if start is None or self._released:
            return
        self._at = at
        here, there = self.context.to_screen(*at.xy), self.context.to_screen(*start.xy)
        drawn = (here.x() - there.x()) - (here.y() - there.y())
        self.tolerance = min(255.0, max(0.0, self._first_tolerance + drawn / _PER_LEVEL))
        self._ask()

    def release(self, at: Pointer) -> None:
        if self._start is None:
            return
        self._released = True
        if not self._asking.is_busy:
            self._commit()

    def cancel(self) -> bool:
        had = self._start is not None
        if had:
            self.tolerance = self._first_tolerance
        self._asking.drop()
        if self._sample is not None and not self._sample.is_of(self.context):
            self._sample = self._space = None
        self._start = self._found = None
        self._released = False
        return had

    def paint_overlay(self, painter: QPainter) -> None:
        if self._start is None:
            return
        if self._found is not None:
            rect, mask_hw = self._found
            draw_mask(painter, self.context, mask_hw, rect, self._purpose.color(self.context))
        seed = self.context.to_screen(*self._start.xy)
        cross = QPainterPath()
        for dx, dy in ((5, 0), (0, 5)):
            cross.moveTo(seed - QPointF(dx, dy))
            cross.lineTo(seed + QPointF(dx, dy))
        draw_line(painter, cross)
        if self._at is not None:
            box = _LABEL.translated(self.context.to_screen(*self._at.xy))
            painter.fillRect(box, QColor(0, 0, 0, 170))
            painter.setPen(QColor(255, 255, 255))
            painter.drawText(box.adjusted(6, 3, 0, 0), f"± {round(self.tolerance)}")

    def overlay_bounds(self) -> QRectF | None:
        if self._start is None or self._at is None:
            return None
        points = [self.context.to_screen(*self._start.xy)]
        if self._found is not None:
            points += screen_corners(self.context, self._found[0])
        label = _LABEL.translated(self.context.to_screen(*self._at.xy))
        return bounds_of([*points, label.topLeft(), label.bottomRight()])

    def _ask(self) -> None:
        if self._sample is not None and self._start is not None:
            self._asking.ask(Wanted(self._sample, self._start.xy, round(self.tolerance)))

    def _begin(self) -> None:
        """A colour has just been pressed."""

    def _search(self, wanted: Wanted) -> tuple[Rect, NDArray[np.bool_]]:
        """In the worker; only one question is there at a time, so the space it keeps is its own."""
        sample = wanted.sample
        if self._space is None or self._space[0] is not sample:
            self._space = sample, wand_space(sample.image_hwc)
        box, mask_hw = wand(self._space[1], sample.place(wanted.seed_xy), wanted.tolerance)
        return sample.on_image(box, mask_hw) if not box.is_empty else (EMPTY, mask_hw)

    def _show(self, wanted: Wanted, found: tuple[Rect, NDArray[np.bool_]]) -> None:
        self._found = found
        if self._released and not self._asking.is_busy:
            self._commit()
        self.context.refresh()

    def _commit(self) -> None:
        found, purpose = self._found, self._purpose
        self._start = self._found = None
        self._released = False
        if found is not None:
            apply_mask(self.context, *found, purpose, name=self.edit_name, tool=self.id)
