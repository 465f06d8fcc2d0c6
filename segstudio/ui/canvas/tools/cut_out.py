"""Box cut-out: drag a box round a thing, see what stands out in it, mend it by scribbles, take it or leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from segstudio.core.errors import EnvironmentFault
from segstudio.core.geometry import EMPTY, Points, Rect
from segstudio.ops.brush import stroke_path
from segstudio.ops.lasso import rectangle
from segstudio.session.edits.cut_child import CutChild
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_mask
from segstudio.ui.canvas.tools.asking import Asking
from segstudio.ui.canvas.tools.paths import draw_mask, screen_corners, shape_path
from segstudio.ui.canvas.tools.region import Region
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_STILL = 3.0
"""Logical pixels below which a drag was a click."""
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)

_SCRIBBLE = 3.0
"""Radius of a scribble, in logical pixels."""
_IN, _OUT = QColor(80, 220, 120), QColor(255, 90, 90)


@dataclass(frozen=True, eq=False)
class Scribble:
    """A line drawn by hand: what lies under it belongs to the thing, or does not."""

    line_xy: Points
    radius: float
    belongs: bool


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the worker is asked: the thing in a box of a picture, given the scribbles."""

    image_hwc: NDArray[np.uint8]
    box: Rect
    scribbles: tuple[Scribble, ...] = ()


class CutOutTool(Tool):
    """GrabCut on the box, in a worker; the result is a preview until a click on it or Enter takes it.

    While it is one, a line drawn in the box says that what is under it belongs to the thing, with Ctrl that it does
    not, and the result follows. A drag that begins outside the box begins a new one.
    """

    id = "cutout"
    title = "Cut out of a bo&x"
    icon = "cutout"
    key = "Shift+G"
    hint = (
        "drag a box round a thing · draw in it: belongs, with Ctrl: does not · click the result or Enter takes it · "
        "Alt takes away · Esc drops"
    )

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._start: tuple[float, float] | None = None
        self._box: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._purpose = Purpose()
        self._found: Region | None = None
        self._scribbles: list[Scribble] = []
        self._line: list[tuple[float, float]] = []
        self._excludes = False
        self._children: list[CutChild] = []
        self._asking: Asking[Wanted, tuple[Rect, NDArray[np.bool_]]] = Asking(context.session, self._cut, self._show)

    def press(self, at: Pointer) -> None:
        shows = self._found is not None or bool(self._scribbles)
        if shows and self._start is None and self._image_box().holds(*at.xy):
            self._line, self._excludes = [at.xy], at.ctrl
            self._make_ready()
            return
        self.cancel()
        if self.context.document is not None:
            self._start = at.xy
            self._box = (at.xy, at.xy)
            self._purpose = Purpose.of(at)
            self._make_ready()

    def move(self, points: Sequence[Pointer]) -> None:
        if self._line:
            self._line += [at.xy for at in points]
        elif self._start is not None:
            self._box = (self._start, points[-1].xy)

    def release(self, at: Pointer) -> None:
        line, self._line = self._line, []
        if line:
            self._scribbled([*line, at.xy])
            return
        start, self._start = self._start, None
        if start is None or self.context.document is None:
            return
        if self._is_click([start, at.xy]):
            self._box = None
            self._end_children()
            return
        self._box = (start, at.xy)
        self._ask()

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if key in _ENDS and self._found is not None:
            self._commit()
            return True
        return False

    def cancel(self) -> bool:
        had = self._box is not None or self._found is not None
        self._asking.drop()
        self._end_children()
        self._start = self._box = self._found = None
        self._scribbles, self._line = [], []
        return had

    def undo(self) -> bool:
        """Take the last scribble back; without one, the box."""
        self._line = []
        if not self._scribbles:
            return self.cancel()
        self._scribbles.pop()
        self._ask()
        return True

    def paint_overlay(self, painter: QPainter) -> None:
        if self._found is not None:
            found = self._found
            draw_mask(painter, self.context, found.mask_hw, found.rect, self._purpose.color(self.context))
        if self._box is not None:
            draw_line(painter, shape_path(self.context, rectangle(*self._box)), dashed=True)
        for scribble in (*self._scribbles, *self._drawn()):
            painter.setPen(_pen(scribble, self.context.image_px))
            painter.drawPolyline(QPolygonF(self.context.all_to_screen(scribble.line_xy)))

    def overlay_bounds(self) -> QRectF | None:
        points = [self.context.to_screen(*corner) for corner in self._box or ()]
        if self._found is not None:
            points += screen_corners(self.context, self._found.rect)
        return bounds_of(points)

    def _image_box(self) -> Rect:
        document = self.context.document
        if document is None or self._box is None:
            return EMPTY
        return Rect.around(np.array(self._box)).intersect(Rect.of_size(*document.size_hw))

    def _ask(self) -> None:
        document = self.context.document
        if document is not None:
            self._asking.ask(Wanted(document.pyramid.image_hwc, self._image_box(), tuple(self._scribbles)))

    def _drawn(self) -> list[Scribble]:
        """The scribble on its way, if one is."""
        if len(self._line) < 2:
            return []
        radius = max(0.5, _SCRIBBLE * self.context.image_px)
        return [Scribble(np.array(self._line, np.float64), radius, not self._excludes)]

    def _scribbled(self, line: list[tuple[float, float]]) -> None:
        """A click takes the result where it is on it; a line mends it."""
        if self._is_click(line):
            if self._found is not None and self._found.holds(*line[0]) and not self._excludes:
                self._commit()
            return
        self._line = line
        self._scribbles += self._drawn()
        self._line = []
        self._ask()

    def _is_click(self, line: list[tuple[float, float]]) -> bool:
        (x, y), still = line[0], _STILL * self.context.image_px
        return all(max(abs(other[0] - x), abs(other[1] - y)) < still for other in line)

    def _make_ready(self) -> None:
        """Start a process now, so that it is there when the hand has drawn."""
        try:
            self._children.append(CutChild())
        except EnvironmentFault as fault:
            self.context.session.notify.fault(fault)

    def _end_children(self) -> None:
        while self._children:
            self._children.pop().kill()

    def _cut(self, wanted: Wanted) -> tuple[Rect, NDArray[np.bool_]]:
        """In the worker: it waits for a process, which `cancel` kills."""
        if not self._children:
            self._children.append(CutChild())
        child = self._children[-1]
        marks = {True: _marks(wanted, belongs=True), False: _marks(wanted, belongs=False)}
        try:
            return child.cut(wanted.image_hwc, wanted.box, foreground_hw=marks[True], background_hw=marks[False])
        finally:
            if child in self._children:
                self._children.remove(child)

    def _show(self, wanted: Wanted, found: tuple[Rect, NDArray[np.bool_]]) -> None:
        rect, mask_hw = found
        if rect.is_empty:
            self._found = None
            self._box = self._box if wanted.scribbles else None
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


def _marks(wanted: Wanted, *, belongs: bool) -> NDArray[np.bool_] | None:
    """The pixels of the box under the scribbles of one kind; None where there is none."""
    lines = [scribble for scribble in wanted.scribbles if scribble.belongs is belongs]
    if not lines:
        return None
    box = wanted.box
    marked = np.zeros((box.height, box.width), np.bool_)
    for scribble in lines:
        rect, mask_hw = stroke_path(scribble.line_xy, scribble.radius, box)
        if not rect.is_empty:
            marked[rect.moved(-box.x0, -box.y0).slices] |= mask_hw
    return marked


def _pen(scribble: Scribble, image_px: float) -> QPen:
    pen = QPen(_IN if scribble.belongs else _OUT, max(2.0, 2 * scribble.radius / image_px))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
