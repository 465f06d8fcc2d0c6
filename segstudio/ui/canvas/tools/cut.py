"""Cut: a line drawn across an object makes two of it; across a region it gives the smaller part to another class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import MaskShape, PolygonShape, SegObject, Shape
from segstudio.ops import rle
from segstudio.ops.lasso import thinned
from segstudio.ops.snapping import at_right_angles
from segstudio.session.edits import cutting
from segstudio.session.edits.cutting import CutObject, CutRegion
from segstudio.session.edits.object_view import is_pickable
from segstudio.session.stroke import Stroke
from segstudio.ui.canvas.overlay import bounds_of, draw_handles, draw_line
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.canvas.tools.painting import Mask, fill_mask
from segstudio.ui.canvas.tools.path_tool import PathTool
from segstudio.ui.canvas.tools.paths import draw_mask, shape_path
from segstudio.ui.canvas.tools.snapping import Snapper
from segstudio.ui.canvas.tools.tool import Pointer, ToolContext

_STILL = 3.0
"""Logical pixels that the hand may tremble before a click becomes a drag."""
_SPACING = 1.5
"""Distance of the points of a line drawn by hand, in logical pixels."""
_SHOWN = 2_000_000
"""Pixels and points (a point weighs as 500 pixels) up to which the pieces are shown while the line is drawn."""
_PIECE = QColor(255, 196, 0)

Point = tuple[float, float]


class CutTool(PathTool):
    """A drag cuts when the button is released; clicks set points until Enter or a double click.

    Cuts what is selected, where nothing is selected whatever the line goes through. The largest piece stays what it
    was. In semantic mode pieces of an instance become new instances, those of a class go to the active class.
    """

    id = "cut"
    title = "C&ut apart"
    icon = "cut"
    key = "Shift+K"
    hint = (
        "drag a line across, or click points and Enter · Shift: straight at 45° · the largest piece stays · Esc drops"
    )

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._points: list[Point] = []
        self._drawn: list[Point] = []
        self._at: Point | None = None
        self._snapper = Snapper(context)

    @property
    def is_begun(self) -> bool:
        return bool(self._points)

    # ── the pointer ──────────────────────────────────────────────────────────────────────────────────────────────────

    def press(self, at: Pointer) -> None:
        if self.context.document is not None:
            self._points.append(self._placed(at))
            self._drawn = []

    def move(self, points: Sequence[Pointer]) -> None:
        if not self._points:
            return
        at = points[-1]
        self._at = self._placed(at)
        if not self._drawn and self.distance(self._at, self._points[-1]) < _STILL:
            return
        self._drawn = [self._at] if at.shift else [*self._drawn, *(point.xy for point in points)]

    def release(self, at: Pointer) -> None:
        if self._drawn:
            self._drawn.append(self._placed(at))
            self.finish()

    def hover(self, at: Pointer | None) -> None:
        self._at = self._placed(at) if at is not None else None

    def undo(self) -> bool:
        if not self._points:
            return False
        self._points.pop()
        self._drawn = []
        return True

    def cancel(self) -> bool:
        had = bool(self._points)
        self._points, self._drawn = [], []
        self._snapper.clear()
        return had

    def finish(self) -> None:
        line_xy = self._line(None)
        self.cancel()
        document = self.context.document
        if document is None or len(line_xy) < 2:
            return
        if self.context.view.mode == "objects":
            items = self._targets(line_xy)
            work_out(
                self.context.session,
                lambda: cutting.cut_objects(items, line_xy),
                self._divide_objects,
                weight=_weight(items),
            )
        else:
            # Filling looks at each pixel but once, so a pixel of the raster weighs less than one of a mask.
            work_out(
                self.context.session,
                lambda: cutting.cut_regions(document.labels, line_xy),
                self._divide_regions,
                weight=document.labels.raster.bounds.area // 4,
            )

    # ── what is cut ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _targets(self, line_xy: Points) -> list[SegObject]:
        """The editable objects near the line: of the selected ones, where some are selected."""
        view = self.context.view
        near = self.context.objects.index.touching(Rect.around(line_xy, 1))
        free = [item for item in near if is_pickable(view, item)]
        return [item for item in free if item.id in view.selection] or ([] if view.selection else free)

    def _divide_objects(self, cuts: list[CutObject]) -> None:
        document, session = self.context.document, self.context.session
        if document is None:
            return
        # A worker may have taken its time: what changed meanwhile is left alone.
        cuts = [cut for cut in cuts if document.labels.objects.get(cut.item.id) is cut.item]
        if not cuts:
            chosen = " selected" if self.context.view.selection else ""
            self.context.tell(f"the line cuts through no{chosen} object", hint="begin and end it outside")
            return
        ids = cutting.divide_objects(document, cuts)
        session.view.set(selection=frozenset(ids))

    def _divide_regions(self, cuts: list[CutRegion]) -> None:
        document, view, session = self.context.document, self.context.view, self.context.session
        if document is None:
            return
        chosen = view.active_class
        cuts = [cut for cut in cuts if cutting.is_current(document.labels, cut)]
        if chosen is None or not cuts:
            self.context.tell("the line cuts through no region", hint="begin and end it outside")
            return
        wanted = [cut for cut in cuts if cutting.gives_away(document.labels, cut, chosen)]
        if not wanted:
            self.context.tell("the active class is that of the region", hint="choose the class of the smaller part")
            return

        def paint(stroke: Stroke, rect: Rect, mask_hw: Mask, segment_id: int) -> None:
            fill_mask(stroke, rect, mask_hw, segment_id, view)

        session.live.mark()
        cutting.divide_regions(document, wanted, chosen, paint)

    # ── the overlay ──────────────────────────────────────────────────────────────────────────────────────────────────

    def paint_overlay(self, painter: QPainter) -> None:
        if self._points:
            line_xy = self._line(self._at)
            self._paint_pieces(painter, line_xy)
            draw_line(painter, QPolygonF(self.context.all_to_screen(line_xy)), dashed=True)
            draw_handles(painter, [self.context.to_screen(*point) for point in self._points])
        self._snapper.draw(painter)

    def overlay_bounds(self) -> QRectF | None:
        mark = self._snapper.point
        points = [] if mark is None else [mark]
        if self._points:
            line_xy = self._line(self._at)
            points += self.context.all_to_screen(line_xy)
            for box in self._piece_boxes(line_xy):
                points += [self.context.to_screen(box.x0, box.y0), self.context.to_screen(box.x1, box.y1)]
        return bounds_of(points)

    def _piece_boxes(self, line_xy: Points) -> list[Rect]:
        if self.context.view.mode == "objects":
            return [item.bounds() for item in self._targets(line_xy)]
        document = self.context.document
        return [document.labels.raster.bounds] if document is not None else []

    def _paint_pieces(self, painter: QPainter, line_xy: Points) -> None:
        """What would part from the largest piece."""
        document, view = self.context.document, self.context.view
        if document is None or len(line_xy) < 2:
            return
        if view.mode == "objects":
            items = self._targets(line_xy)
            if _weight(items) <= _SHOWN:
                for cut in cutting.cut_objects(items, line_xy):
                    for shape in cut.pieces[1:]:
                        self._paint_piece(painter, shape)
        elif document.labels.raster.bounds.area <= _SHOWN and view.active_class is not None:
            color = self.context.class_color(view.active_class)
            for region in cutting.cut_regions(document.labels, line_xy):
                if cutting.gives_away(document.labels, region, view.active_class):
                    for mask_hw in region.pieces[1:]:
                        draw_mask(painter, self.context, mask_hw, region.rect, color, 150)

    def _paint_piece(self, painter: QPainter, shape: Shape) -> None:
        if isinstance(shape, PolygonShape):
            path = shape_path(self.context, shape)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(_PIECE.red(), _PIECE.green(), _PIECE.blue(), 90))
            painter.drawPath(path)
            draw_line(painter, path, _PIECE)
        else:
            mask_hw = rle.decode(shape, shape.box)
            draw_mask(painter, self.context, mask_hw, shape.box, (_PIECE.red(), _PIECE.green(), _PIECE.blue()))

    def _line(self, to_xy: Point | None) -> Points:
        """The line so far: the points clicked, what was drawn by hand, and the pointer."""
        points = [*self._points, *self._drawn]
        if to_xy is not None and not self._drawn:
            points.append(to_xy)
        line_xy = np.array([p for p, q in zip(points, [None, *points], strict=False) if p != q], np.float64)
        return thinned(line_xy.reshape(-1, 2), _SPACING * self.context.image_px) if self._drawn else line_xy

    def _placed(self, at: Pointer) -> Point:
        """Where a point goes: not held to the image, because a line must be able to begin beyond what it cuts."""
        if at.shift and self._points:
            self._snapper.clear()
            return at_right_angles(self._points[-1], at.xy)
        return self._snapper.place(at)


def _weight(items: Sequence[SegObject]) -> int:
    return sum(
        item.shape.box.area if isinstance(item.shape, MaskShape) else 500 * item.shape.num_points for item in items
    )
