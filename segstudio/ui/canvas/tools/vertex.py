"""Vertex edit: drag a vertex, click an edge to add one, Alt+click to remove one; on objects and on regions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from segstudio.core.objects import PolygonShape
from segstudio.core.transaction import Changes
from segstudio.ops import polygon
from segstudio.ops.polygon import VertexRef
from segstudio.ui.canvas.overlay import bounds_of, draw_handles, draw_line
from segstudio.ui.canvas.tools.outlines import ObjectOutline, RegionOutline
from segstudio.ui.canvas.tools.painting import editable_at
from segstudio.ui.canvas.tools.paths import shape_path
from segstudio.ui.canvas.tools.region import region_at
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_VERTEX = 9.0
_EDGE = 6.0
"""How near to a vertex or an edge, in logical pixels, one has to point."""
_MAX_HANDLES = 2000


class VertexTool(Tool):
    """Works on one outline at a time: click an object or a region to take it in hand."""

    id = "vertex"
    title = "Edit &vertices"
    icon = "vertex"
    key = "Shift+P"
    cursor = Qt.CursorShape.ArrowCursor
    hint = "click a shape, then drag its vertices · click an edge to add one · Alt+click removes"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._outline: ObjectOutline | RegionOutline | None = None
        self._held: VertexRef | None = None
        self._at: Pointer | None = None

    def press(self, at: Pointer) -> None:
        self._at = at
        outline = self._current()
        if outline is not None:
            vertex = self._vertex_at(outline.shape, at)
            if vertex is not None and at.alt:
                if outline.begin("remove vertex"):
                    outline.change(polygon.remove_vertex(outline.shape, vertex))
                    self._commit(outline)
                return
            if vertex is not None and outline.begin("move vertex"):
                self._held = vertex
                return
            if vertex is None and self._grab_edge(outline, at):
                return
        self._take(at)

    def move(self, points: Sequence[Pointer]) -> None:
        self._at = at = points[-1]
        if self._outline is not None and self._held is not None:
            self._outline.change(polygon.move_vertex(self._outline.shape, self._held, self._on_image(at)))

    def release(self, at: Pointer) -> None:
        if self._outline is not None and self._held is not None:
            self._held = None
            self._commit(self._outline)

    def hover(self, at: Pointer | None) -> None:
        self._at = at

    def follow(self, changes: Changes) -> None:
        document, outline = self.context.document, self._outline
        if document is None or not isinstance(outline, RegionOutline) or changes.layer != document.labels.name:
            return
        if outline.region.is_touched_by(changes.pixels) and not outline.region.is_current(document.labels):
            self._outline = self._held = None

    def cancel(self) -> bool:
        if self._outline is None:
            return False
        if self._held is not None:
            self._held = None
            self._outline.cancel()
        else:
            self._outline = None
        return True

    def is_empty_at(self, at: Pointer) -> bool:
        outline = self._current()
        if outline is not None and (self._vertex_at(outline.shape, at) or self._edge_at(outline.shape, at)):
            return False
        document = self.context.document
        if document is None or self.context.view.mode == "semantic":
            return document is None or region_at(document.labels, at.x, at.y) is None
        return not self.context.objects.index.at(at.xy)

    def paint_overlay(self, painter: QPainter) -> None:
        outline = self._current()
        if outline is None:
            return
        draw_line(painter, shape_path(self.context, outline.shape))
        active = self._active_point(outline.shape)
        if outline.shape.num_points <= _MAX_HANDLES:
            for ring_xy in outline.shape.rings_xy:
                draw_handles(painter, self.context.all_to_screen(ring_xy), active=active)
        elif active is not None:
            draw_handles(painter, [active], active=active)

    def overlay_bounds(self) -> QRectF | None:
        outline = self._current()
        if outline is None:
            return None
        box = outline.shape.bounds()
        return bounds_of([self.context.to_screen(box.x0, box.y0), self.context.to_screen(box.x1, box.y1)])

    # ── what is in hand ──────────────────────────────────────────────────────────────────────────────────────────────

    def _current(self) -> ObjectOutline | RegionOutline | None:
        """The outline in hand, as the labels are now; edits from elsewhere (undo, a panel) replace or drop it."""
        document, view = self.context.document, self.context.view
        if self._held is not None and self._outline is not None:
            return self._outline
        if document is None:
            self._outline = None
        elif view.mode == "objects":
            chosen = next(iter(view.selection)) if len(view.selection) == 1 else None
            item = document.labels.objects.get(chosen) if chosen is not None else None
            if item is None or item.locked:
                self._outline = None
            elif not isinstance(self._outline, ObjectOutline) or not self._outline.shows(item):
                self._outline = ObjectOutline(self.context.session, item)
        elif not isinstance(self._outline, RegionOutline):
            self._outline = None
        return self._outline

    def _take(self, at: Pointer) -> None:
        document, view = self.context.document, self.context.view
        if document is None:
            return
        if view.mode == "objects":
            hit = editable_at(document, self.context.objects.index.at(at.xy), view)
            self.context.session.view.set(selection=frozenset({hit.id}) if hit is not None else frozenset())
            return
        region = region_at(document.labels, at.x, at.y)
        self._outline = RegionOutline(self.context.session, region) if region is not None else None

    def _commit(self, outline: ObjectOutline | RegionOutline) -> None:
        outline.commit()
        if isinstance(outline, RegionOutline) and outline.shape.parts and self.context.document is not None:
            x, y = outline.shape.parts[0].exterior_xy.mean(axis=0)
            region = region_at(self.context.document.labels, float(x), float(y))
            same = region is not None and region.segment_id == outline.region.segment_id
            self._outline = RegionOutline(self.context.session, region) if same and region is not None else None

    def _grab_edge(self, outline: ObjectOutline | RegionOutline, at: Pointer) -> bool:
        edge = self._edge_at(outline.shape, at)
        if edge is None or at.alt or not outline.begin("add vertex"):
            return False
        # Held before anything changes: whoever hears of the change asks at once what is in hand.
        self._held = edge._replace(vertex=edge.vertex + 1)
        outline.change(polygon.insert_vertex(outline.shape, edge, self._on_image(at)))
        return True

    def _vertex_at(self, shape: PolygonShape, at: Pointer) -> VertexRef | None:
        found = polygon.nearest_vertex(shape, at.xy)
        return found[0] if found is not None and found[1] <= _VERTEX * self.context.image_px else None

    def _edge_at(self, shape: PolygonShape, at: Pointer) -> VertexRef | None:
        found = polygon.nearest_edge(shape, at.xy)
        return found.edge if found is not None and found.distance <= _EDGE * self.context.image_px else None

    def _active_point(self, shape: PolygonShape) -> QPointF | None:
        vertex = self._held or (self._vertex_at(shape, self._at) if self._at is not None else None)
        return self.context.to_screen(*polygon.vertex_xy(shape, vertex)) if vertex is not None else None

    def _on_image(self, at: Pointer) -> tuple[float, float]:
        document = self.context.document
        if document is None:
            return at.xy
        height, width = document.size_hw
        return min(max(at.x, 0.0), float(width)), min(max(at.y, 0.0), float(height))
