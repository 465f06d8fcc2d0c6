"""Points drawn to what is there already: vertices, edges and borders of neighbours, with a mark where they snap."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, SegObject
from segstudio.ops import rle
from segstudio.ops.snapping import Snap, snap_to_labels, snap_to_objects
from segstudio.session.edits.object_view import is_drawn
from segstudio.ui.canvas.tools.tool import Pointer, ToolContext

_MARK = 6.0
"""Half the size of the mark, in logical pixels."""
_SEAM, _LIGHT = QColor(0, 0, 0, 170), QColor(255, 196, 0)


class Snapper:
    """Draws points to their neighbours while the view says so; Ctrl held means the opposite of what the view says."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self.mark: Snap | None = None
        """Where the last point snapped to; None where it did not."""

    def place(self, at: Pointer, *, without: frozenset[int] = frozenset()) -> tuple[float, float]:
        """Where a point at the pointer goes; objects of `without` do not attract it."""
        self.mark = self._snap(at, without) if self._context.view.snapping != at.ctrl else None
        return self.mark.point_xy if self.mark is not None else at.xy

    def clear(self) -> None:
        """Show no mark."""
        self.mark = None

    def draw(self, painter: QPainter) -> None:
        """The mark: a ring at a vertex, a diamond on an edge or border."""
        point = self.point
        if self.mark is None or point is None:
            return
        x, y = point.x(), point.y()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((_SEAM, 4.0), (_LIGHT, 2.0)):
            painter.setPen(QPen(color, width))
            if self.mark.kind == "vertex":
                painter.drawEllipse(point, _MARK, _MARK)
            else:
                corners = ((0, -_MARK), (_MARK, 0), (0, _MARK), (-_MARK, 0))
                painter.drawPolygon([QPointF(x + dx, y + dy) for dx, dy in corners])

    @property
    def point(self) -> QPointF | None:
        """Where the mark stands on the screen."""
        return self._context.to_screen(*self.mark.point_xy) if self.mark is not None else None

    def _snap(self, at: Pointer, without: frozenset[int]) -> Snap | None:
        document, view = self._context.document, self._context.view
        if document is None:
            return None
        reach = view.snap_radius * self._context.image_px
        if view.mode == "semantic":
            return snap_to_labels(at.xy, document.labels.raster.ids_hw, reach)
        near = [
            item
            for item in self._context.objects.index.near(at.xy, reach)
            if item.id not in without and is_drawn(view, item)
        ]
        found = [snap_to_objects(at.xy, near, reach), *_on_masks(at.xy, near, reach)]
        snaps = [snap for snap in found if snap is not None]
        return min(snaps, key=lambda snap: (snap.kind != "vertex", snap.distance), default=None)


def _on_masks(xy: tuple[float, float], items: Iterable[SegObject], reach: float) -> Iterable[Snap | None]:
    """The nearest pixel corners on the borders of the masks among the objects."""
    x, y = xy
    window = Rect(floor(x - reach) - 1, floor(y - reach) - 1, ceil(x + reach) + 1, ceil(y + reach) + 1)
    for item in items:
        if isinstance(item.shape, MaskShape):
            at = window.intersect(Rect.of_size(item.shape.height, item.shape.width))
            snap = snap_to_labels((x - at.x0, y - at.y0), rle.decode(item.shape, at), reach)
            if snap is not None:
                there = snap.point_xy[0] + at.x0, snap.point_xy[1] + at.y0
                yield Snap(there, "border", snap.distance, item.id)
