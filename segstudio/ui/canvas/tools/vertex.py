"""Vertex edit: drag vertices and edges, add and remove them, redraw a stretch; on objects and on regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPolygonF

from segstudio.core.objects import PolygonShape
from segstudio.core.transaction import Changes
from segstudio.ops import polygon
from segstudio.ops.polygon import VertexRef
from segstudio.ops.snapping import at_right_angles
from segstudio.ui.canvas.overlay import bounds_of, draw_handles, draw_line
from segstudio.ui.canvas.tools import borders
from segstudio.ui.canvas.tools.borders import VertexGroup
from segstudio.ui.canvas.tools.finding import with_region_at
from segstudio.ui.canvas.tools.outlines import ObjectOutline, RegionOutline
from segstudio.ui.canvas.tools.painting import editable_at
from segstudio.ui.canvas.tools.paths import shape_path
from segstudio.ui.canvas.tools.redraw import Redrawing
from segstudio.ui.canvas.tools.region import Region, is_labelled_at
from segstudio.ui.canvas.tools.snapping import Snapper
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_VERTEX = 9.0
_EDGE = 6.0
"""How near to a vertex or an edge, in logical pixels, one has to point."""
_STILL = 3.0
"""Logical pixels that the hand may tremble before a click becomes a drag."""
_FREEHAND = 4.0
"""Distance of the points of a line drawn by hand, in logical pixels."""
_MAX_HANDLES = 2000
_ACCENT = QColor(255, 196, 0)

Outline = ObjectOutline | RegionOutline
Point = tuple[float, float]


class VertexTool(Tool):
    """Works on one outline at a time: click an object or a region to take it in hand.

    A drag on nothing chooses vertices, which then move and go together. Where borders are shared, vertices of other
    objects at the same places follow. Shift+click on a vertex begins a new stretch of the outline, drawn by clicks or
    by hand, that ends at another vertex of the ring.
    """

    id = "vertex"
    title = "Edit &vertices"
    icon = "vertex"
    key = "Shift+P"
    cursor = Qt.CursorShape.ArrowCursor
    hint = (
        "drag a vertex · click an edge: add one · Alt+click: remove · drag a box, Delete: remove many · "
        "Ctrl+drag: an edge · Shift+click a vertex, draw, click another: redraw"
    )

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._outline: Outline | None = None
        self._takes = 0
        self._group: VertexGroup | None = None
        self._held: VertexRef | None = None
        self._from: Point = (0.0, 0.0)
        self._start: Pointer | None = None
        self._boxing = False
        self._chosen: frozenset[VertexRef] = frozenset()
        self._redraw: Redrawing | None = None
        self._at: Pointer | None = None
        self._snapper = Snapper(context)

    @property
    def chosen(self) -> frozenset[VertexRef]:
        """The vertices that a box chose on the outline in hand."""
        return self._chosen

    # ── the pointer ──────────────────────────────────────────────────────────────────────────────────────────────────

    def press(self, at: Pointer) -> None:
        self._at = at
        outline = self._current()
        if outline is not None and self._redraw is not None:
            self._redraw_to(outline, self._redraw, at)
        elif outline is None or not self._press_outline(outline, at):
            self._start = at

    def move(self, points: Sequence[Pointer]) -> None:
        self._at = at = points[-1]
        if self._redraw is not None:
            for point in points:
                self._redraw.add(self.context.on_image(point.xy), spacing=_FREEHAND * self.context.image_px)
        elif self._group is not None and self._outline is not None:
            self._drag(self._outline, self._group, at)
        elif self._start is not None and self._outline is not None:
            moved = max(abs(at.x - self._start.x), abs(at.y - self._start.y))
            self._boxing = self._boxing or moved > _STILL * self.context.image_px

    def release(self, at: Pointer) -> None:
        start, self._start = self._start, None
        boxing, self._boxing = self._boxing, False
        outline = self._outline
        if outline is not None and self._redraw is not None:
            vertex = self._vertex_at(outline.shape, at)
            if not self._redraw.is_bare and self._redraw.ends_at(vertex):
                self._redraw_to(outline, self._redraw, at)
        elif outline is not None and self._group is not None:
            self._let_go()
            self._commit(outline)
        elif outline is not None and boxing and start is not None:
            found = borders.vertices_in(outline.shape, start.xy, at.xy)
            self._chosen = found | (self._chosen if at.shift else frozenset())
        elif start is not None:
            self._take(at)

    def hover(self, at: Pointer | None) -> None:
        self._at = at

    def secondary(self, at: Pointer) -> bool:
        return self.undo()

    # ── keys and commands ────────────────────────────────────────────────────────────────────────────────────────────

    def cancel(self) -> bool:
        outline, held = self._outline, self._group is not None
        had = held or self._boxing or self._redraw is not None or bool(self._chosen)
        self._start, self._boxing, self._redraw, self._chosen = None, False, None, frozenset()
        self._let_go()
        if outline is not None and held:
            outline.cancel()
        elif not had and isinstance(outline, RegionOutline):
            self._outline = None
            return True
        return had

    def undo(self) -> bool:
        if self._redraw is None:
            return False
        if not self._redraw.take_back():
            self._redraw = None
        return True

    def delete(self) -> bool:
        outline = self._current()
        if outline is None or not self._chosen:
            return False
        self._remove(outline, self._chosen)
        return True

    def follow(self, changes: Changes) -> None:
        document, outline = self.context.document, self._outline
        if document is None or not isinstance(outline, RegionOutline) or changes.layer != document.labels.name:
            return
        if outline.region.is_touched_by(changes.pixels) and not outline.region.is_current(
            document.labels, within=changes.pixels
        ):
            self._drop_outline()

    def is_empty_at(self, at: Pointer) -> bool:
        outline = self._current()
        if outline is not None and (self._vertex_at(outline.shape, at) or self._edge_at(outline.shape, at)):
            return False
        document = self.context.document
        if document is None or self.context.view.mode == "semantic":
            return document is None or not is_labelled_at(document.labels, at.x, at.y)
        return not self.context.objects.index.at(at.xy)

    # ── the overlay ──────────────────────────────────────────────────────────────────────────────────────────────────

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
        for vertex in self._chosen:
            point = self.context.to_screen(*polygon.vertex_xy(outline.shape, vertex))
            draw_handles(painter, [point], active=point)
        self._paint_gesture(painter, outline)

    def _paint_gesture(self, painter: QPainter, outline: Outline) -> None:
        if self._redraw is not None:
            vertex = self._vertex_at(outline.shape, self._at) if self._at is not None else None
            if vertex is not None and self._redraw.ends_at(vertex) and not self._redraw.is_bare:
                draw_line(painter, shape_path(self.context, self._redraw.result(vertex)), _ACCENT)
            to_xy = self._at.xy if self._at is not None else None
            draw_line(painter, QPolygonF(self.context.all_to_screen(self._redraw.line(to_xy))), _ACCENT, dashed=True)
        if self._boxing and self._start is not None and self._at is not None:
            path = QPainterPath()
            path.addRect(QRectF(self.context.to_screen(*self._start.xy), self.context.to_screen(*self._at.xy)))
            draw_line(painter, path, dashed=True)
        self._snapper.draw(painter)

    def overlay_bounds(self) -> QRectF | None:
        outline = self._current()
        if outline is None:
            return None
        box = outline.shape.bounds()
        points = [self.context.to_screen(box.x0, box.y0), self.context.to_screen(box.x1, box.y1)]
        if self._redraw is not None:
            points += self.context.all_to_screen(self._redraw.line(self._at.xy if self._at is not None else None))
        if self._boxing and self._start is not None and self._at is not None:
            points += [self.context.to_screen(*self._start.xy), self.context.to_screen(*self._at.xy)]
        mark = self._snapper.point
        return bounds_of(points if mark is None else [*points, mark])

    # ── what is in hand ──────────────────────────────────────────────────────────────────────────────────────────────

    def _current(self) -> Outline | None:
        """The outline in hand, as the labels are now; edits from elsewhere (undo, a panel) replace or drop it."""
        document, view = self.context.document, self.context.view
        if self._group is not None and self._outline is not None:
            return self._outline
        if document is None:
            self._drop_outline()
        elif view.mode == "objects":
            chosen = next(iter(view.selection)) if len(view.selection) == 1 else None
            item = document.labels.objects.get(chosen) if chosen is not None else None
            if item is None or item.locked:
                self._drop_outline()
            elif not isinstance(self._outline, ObjectOutline) or not self._outline.shows(item):
                self._replace(ObjectOutline(self.context.session, item))
        elif not isinstance(self._outline, RegionOutline):
            self._drop_outline()
        return self._outline

    def _replace(self, outline: Outline) -> None:
        """Take another outline in hand; vertices stay chosen where it is the same one moved."""
        before, self._outline = self._outline, outline
        same = before is not None and before.key == outline.key
        if before is None or not same or _sizes(before.shape) != _sizes(outline.shape):
            self._chosen = frozenset()
        self._redraw = None

    def _drop_outline(self) -> None:
        self._outline = self._redraw = None
        self._chosen = frozenset()
        self._let_go()

    def _let_go(self) -> None:
        self._held = self._group = None
        self._snapper.clear()

    def _take(self, at: Pointer) -> None:
        document, view = self.context.document, self.context.view
        if document is None:
            return
        self._chosen = frozenset()
        if view.mode == "objects":
            hit = editable_at(document, self.context.objects.index.at(at.xy), view)
            self.context.session.view.set(selection=frozenset({hit.id}) if hit is not None else frozenset())
            return
        self._drop_outline()
        self._take_region(at.xy, lambda region: RegionOutline(self.context.session, region))

    # ── what the gestures do ─────────────────────────────────────────────────────────────────────────────────────────

    def _press_outline(self, outline: Outline, at: Pointer) -> bool:
        """What a press on a vertex or an edge does; False where it is on neither."""
        vertex = self._vertex_at(outline.shape, at)
        if vertex is not None and at.alt:
            self._remove(outline, frozenset({vertex}))
            return True
        if vertex is not None and at.shift:
            self._chosen = frozenset()
            self._redraw = Redrawing(outline.shape, vertex)
            return True
        if vertex is not None:
            if vertex not in self._chosen:
                self._chosen = frozenset()
            name = "move vertices" if len(self._chosen) > 1 else "move vertex"
            return self._grab(outline, outline.shape, self._chosen or {vertex}, vertex, name)
        edge = self._edge_at(outline.shape, at)
        if edge is None or at.alt or at.shift:
            return False
        self._chosen = frozenset()
        if at.ctrl:
            ends = {edge, borders.following(outline.shape, edge)}
            self._from = at.xy
            return self._grab(outline, outline.shape, ends, None, "move edge")
        return self._add_vertex(outline, edge, at)

    def _grab(
        self,
        outline: Outline,
        shape: PolygonShape,
        vertices: frozenset[VertexRef] | set[VertexRef],
        held: VertexRef | None,
        name: str,
    ) -> bool:
        if not outline.begin(name):
            return False
        points = [polygon.vertex_xy(shape, vertex) for vertex in vertices]
        neighbours = borders.neighbours_at(self.context, outline.key, points)
        self._group = VertexGroup(shape, outline.key, vertices, neighbours)
        if held is not None:
            self._held, self._from = held, polygon.vertex_xy(shape, held)
        return True

    def _drag(self, outline: Outline, group: VertexGroup, at: Pointer) -> None:
        to_xy = at.xy
        if self._held is not None and at.shift:
            self._snapper.clear()
            to_xy = self.context.on_image(at_right_angles(self._from, at.xy))
        elif self._held is not None:
            moving = group.neighbours | {outline.key}
            to_xy = self.context.on_image(self._snapper.place(at, without=moving))
        outline.change(*group.moved(to_xy[0] - self._from[0], to_xy[1] - self._from[1]))

    def _add_vertex(self, outline: Outline, edge: VertexRef, at: Pointer) -> bool:
        ends = borders.edge_ends(outline.shape, edge)
        at_xy = self.context.on_image(at.xy)
        neighbours = borders.neighbours_at(self.context, outline.key, ends)
        shape, others = borders.with_vertex(outline.shape, outline.key, edge, at_xy, neighbours)
        vertex = edge._replace(vertex=edge.vertex + 1)
        # Held before anything changes: whoever hears of the change asks at once what is in hand.
        if not outline.begin("add vertex"):
            return False
        self._group = VertexGroup(shape, outline.key, (), {})
        outline.change(shape, others)
        grown = {key: neighbours[key].with_shape(other) for key, other in others.items()}
        self._group = VertexGroup(shape, outline.key, (vertex,), grown)
        self._held, self._from = vertex, at_xy
        return True

    def _remove(self, outline: Outline, vertices: frozenset[VertexRef]) -> None:
        points = [polygon.vertex_xy(outline.shape, vertex) for vertex in vertices]
        neighbours = borders.neighbours_at(self.context, outline.key, points)
        others = borders.without_points(neighbours, points)
        if outline.begin("remove vertex" if len(vertices) == 1 else "remove vertices"):
            self._chosen = frozenset()
            outline.change(polygon.remove_vertices(outline.shape, vertices), others)
            self._commit(outline)

    def _redraw_to(self, outline: Outline, redraw: Redrawing, at: Pointer) -> None:
        """End at a vertex that the line can end at, else go on to the point."""
        vertex = self._vertex_at(outline.shape, at)
        if vertex is None or not redraw.ends_at(vertex):
            redraw.add(self.context.on_image(self._snapper.place(at)))
            self._snapper.clear()
            return
        self._redraw = None
        if outline.begin("redraw outline"):
            outline.change(redraw.result(vertex))
            self._commit(outline)

    def _commit(self, outline: Outline) -> None:
        if isinstance(outline, RegionOutline):
            this_take = self._takes
            outline.commit(lambda: self._take_again(outline, this_take))
        else:
            outline.commit()

    def _take_again(self, outline: RegionOutline, take: int) -> None:
        """Take what the region became, with the outline that a person gave it, unless another was taken since."""
        if self._takes != take or not outline.shape.parts:
            return
        self._outline = None
        x, y = outline.shape.parts[0].exterior_xy.mean(axis=0)

        def again(region: Region) -> RegionOutline | None:
            same = region.segment_id == outline.region.segment_id
            return RegionOutline(self.context.session, region, outline.shape) if same else None

        self._take_region((float(x), float(y)), again)

    def _take_region(self, at_xy: tuple[float, float], outlined: Callable[[Region], RegionOutline | None]) -> None:
        """Show the outline of the region under a point, which comes later where that is large."""
        self._takes += 1
        this_take = self._takes

        def put(outline: RegionOutline | None) -> None:
            if this_take == self._takes and self.context.view.mode == "semantic":
                self._outline = outline
                self.context.refresh()

        with_region_at(self.context.session, *at_xy, outlined, put)

    # ── where things are ─────────────────────────────────────────────────────────────────────────────────────────────

    def _vertex_at(self, shape: PolygonShape, at: Pointer) -> VertexRef | None:
        found = polygon.nearest_vertex(shape, at.xy)
        return found[0] if found is not None and found[1] <= _VERTEX * self.context.image_px else None

    def _edge_at(self, shape: PolygonShape, at: Pointer) -> VertexRef | None:
        found = polygon.nearest_edge(shape, at.xy)
        return found.edge if found is not None and found.distance <= _EDGE * self.context.image_px else None

    def _active_point(self, shape: PolygonShape) -> QPointF | None:
        vertex = self._held or (self._vertex_at(shape, self._at) if self._at is not None else None)
        return self.context.to_screen(*polygon.vertex_xy(shape, vertex)) if vertex is not None else None


def _sizes(shape: PolygonShape) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(len(ring_xy) for ring_xy in part.rings_xy) for part in shape.parts)
