"""Select, move and scale, by click, box, lasso and Tab: objects; in semantic mode connected regions of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from math import floor

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPolygonF

from segstudio.core.geometry import EMPTY, Points, Rect
from segstudio.core.objects import PolygonShape, SegObject, Shape
from segstudio.ops.lasso import lasso_fill, lasso_select
from segstudio.ops.lasso import rectangle as rectangle_between
from segstudio.ops.pieces import Piece, pieces_inside
from segstudio.ops.transform import move, scale
from segstudio.session.document import Document
from segstudio.session.edits.object_view import is_drawn, is_pickable
from segstudio.session.stroke import Stroke
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.canvas.tools.finding import outlined, with_region_at
from segstudio.ui.canvas.tools.handles import Grip, Handles, Stretch
from segstudio.ui.canvas.tools.painting import Mask, begin, editable_at
from segstudio.ui.canvas.tools.paths import shape_path
from segstudio.ui.canvas.tools.region import Region, is_labelled_at
from segstudio.ui.canvas.tools.region_edits import (
    Place,
    delete_regions,
    give_regions_to,
    moved,
    place_regions,
    stretched,
)
from segstudio.ui.canvas.tools.selected import Selection
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_STILL = 3.0
"""Logical pixels that the hand may tremble before a click becomes a drag."""
_CHOSEN = QColor(255, 196, 0)
_GLOW = QColor(255, 255, 255, 60)
"""Of a selected region: its outline differs from those that all labels have, and it is a little brighter."""
_OUTLINES = 300
"""Of more regions than this only the frames are drawn; more objects are outlined by the picture alone."""
_OUTLINE_POINTS = 5000
"""Points up to which an outline is drawn along its object; a line of more takes longer than a frame."""
_NUDGES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class SelectTool(Tool):
    """Drag moves what is selected, its handles scale it; arrows nudge.

    A drag that begins on nothing, or with Ctrl anywhere, draws a box, with Alt a lasso. Of a handle's drag Shift keeps
    the proportions and Alt the middle.
    """

    id = "select"
    title = "&Select and move"
    icon = "select"
    key = "V"
    cursor = Qt.CursorShape.ArrowCursor
    follows_pointer = False
    hint = (
        "click · Ctrl+drag: box, Alt+drag: lasso · Shift adds · drag moves, handles scale · arrows nudge · Delete · "
        "Tab: next object"
    )

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._start: Pointer | None = None
        self._at: Pointer | None = None
        self._stroke: Stroke | None = None
        self._moved: list[SegObject] = []
        self._selection = Selection(context)
        self._boxing = False
        self._lasso: list[tuple[float, float]] = []
        self._grip: tuple[Handles, Grip] | None = None
        self._shift = (0, 0)
        self._stretch = Stretch()
        self._presses = 0
        self._drawn: tuple[tuple[Region, ...], tuple[object, ...], QPainterPath] | None = None

    # ── the pointer ──────────────────────────────────────────────────────────────────────────────────────────────────

    def press(self, at: Pointer) -> None:
        self._drop_gesture()
        self._presses += 1
        document, view = self.context.document, self.context.view
        if document is None:
            return
        self._start = self._at = at
        handles = self._handles()
        grip = handles.at(at) if handles is not None else None
        if handles is not None and grip is not None:
            self._grip = handles, grip
            return
        if at.alt:
            self._lasso = [at.xy]
        elif view.mode == "semantic":
            self._press_region(document, at)
        else:
            self._press_object(document, at)

    def _press_region(self, document: Document, at: Pointer) -> None:
        regions = self.context.regions
        known = regions.at(*at.xy)
        if at.ctrl or (known is None and not is_labelled_at(document.labels, *at.xy)):
            self._begin_box(at)
        elif known is not None and at.shift:
            regions.toggle(known)
        elif known is None:
            this_press = self._presses

            def put(region: Region) -> None:
                if this_press == self._presses and self.context.view.mode == "semantic":
                    if at.shift:
                        regions.toggle(region)
                    else:
                        regions.choose([region])

            with_region_at(self.context.session, *at.xy, outlined, put)

    def _press_object(self, document: Document, at: Pointer) -> None:
        view = self.context.view
        hit = editable_at(document, self.context.objects.index.at(at.xy), view)
        if hit is None or at.ctrl:
            self._begin_box(at)
        elif at.shift:
            self._choose(view.selection ^ {hit.id})
        elif hit.id not in view.selection:
            self._choose(frozenset({hit.id}))

    def _begin_box(self, at: Pointer) -> None:
        self._boxing = True
        if not at.shift:
            self._choose(frozenset())
            self.context.regions.clear()

    def move(self, points: Sequence[Pointer]) -> None:
        start, at = self._start, points[-1]
        if start is None:
            return
        self._at = at
        if self._lasso:
            self._lasso += [point.xy for point in points]
            return
        dx, dy = at.x - start.x, at.y - start.y
        still = self._stroke is None and self._shift == (0, 0) and self._stretch.is_none
        if still and max(abs(dx), abs(dy)) < _STILL * self.context.image_px:
            return
        if self._grip is not None:
            handles, grip = self._grip
            self._scale(handles.stretch(grip, start, at))
        elif self._boxing:
            return
        elif self.context.view.mode == "semantic":
            self._shift = (round(dx), round(dy)) if self.context.regions.now else (0, 0)
        else:
            self._drag(dx, dy)

    def release(self, at: Pointer) -> None:
        start, self._start = self._start, None
        lasso, self._lasso = self._lasso, []
        self._grip = None
        if start is None:
            return
        if lasso:
            self._choose_in_lasso(np.array([*lasso, at.xy]), at)
        elif self._boxing:
            self._boxing = False
            self._choose_inside(start, at)
        elif self._stroke is not None:
            self._stroke.commit()
            self._stroke = None
        elif self._shift != (0, 0):
            shift, self._shift = self._shift, (0, 0)
            self._move_regions(*shift)
        elif not self._stretch.is_none:
            stretch, self._stretch = self._stretch, Stretch()
            self._place_regions("scale", lambda region: stretched(region, stretch, self._image))

    def hover(self, at: Pointer | None) -> None:
        document = self.context.document
        if document is None or self.context.view.mode != "objects":
            return
        hit = editable_at(document, self.context.objects.index.at(at.xy), self.context.view) if at is not None else None
        self.context.session.view.set(hovered_object=hit.id if hit is not None else None)

    def double_click(self, at: Pointer) -> bool:
        if self.is_empty_at(at):
            return False
        self.context.session.view.set(tool="vertex")
        # The vertex tool takes the selected object by itself; a region it has to be pressed on.
        return self.context.view.mode == "objects"

    def is_empty_at(self, at: Pointer) -> bool:
        document = self.context.document
        if document is None or self.context.view.mode == "semantic":
            return document is None or not is_labelled_at(document.labels, at.x, at.y)
        return not self.context.objects.index.at(at.xy)

    # ── keys and commands ────────────────────────────────────────────────────────────────────────────────────────────

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if key in _NUDGES:
            step = 10 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
            return self._nudge(*self._on_screen(*_NUDGES[Qt.Key(key)], step))
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return self._cycle(-1 if key == Qt.Key.Key_Backtab else 1)
        return False

    def cancel(self) -> bool:
        return self._drop_gesture() or self.context.regions.clear()

    def _drop_gesture(self) -> bool:
        stroke, self._stroke = self._stroke, None
        had = stroke is not None or self._boxing or bool(self._lasso) or self._grip is not None
        had = had or self._shift != (0, 0) or not self._stretch.is_none
        if stroke is not None and stroke.is_open:
            stroke.cancel()
        self._start, self._boxing, self._lasso, self._grip = None, False, [], None
        self._shift, self._stretch = (0, 0), Stretch()
        return had

    def delete(self) -> bool:
        regions = self.context.regions
        if self.context.view.mode != "semantic" or not regions.now:
            return False
        regions.edit(lambda chosen, done: delete_regions(self.context.session, chosen, done))
        return True

    def change_class(self, class_id: int) -> bool:
        regions = self.context.regions
        if self.context.view.mode != "semantic" or not regions.now:
            return False
        regions.edit(lambda chosen, done: give_regions_to(self.context.session, chosen, class_id, done))
        return True

    # ── the overlay ──────────────────────────────────────────────────────────────────────────────────────────────────

    def paint_overlay(self, painter: QPainter) -> None:
        if self._boxing and self._start is not None and self._at is not None:
            path = QPainterPath()
            path.addRect(QRectF(self.context.to_screen(*self._start.xy), self.context.to_screen(*self._at.xy)))
            draw_line(painter, path, dashed=True)
        if self._lasso:
            line = self.context.all_to_screen(np.array([*self._lasso, self._lasso[0]]))
            draw_line(painter, QPolygonF(line), dashed=True)
        items = self._selection.now.items
        for item in items if len(items) <= _OUTLINES else ():
            if isinstance(item.shape, PolygonShape) and item.shape.num_points <= _OUTLINE_POINTS:
                draw_line(painter, shape_path(self.context, item.shape))
            else:
                draw_line(painter, self._box_path(item.bounds()), dashed=True)
        self._paint_regions(painter)
        handles = self._handles() if self._start is None else None
        if handles is not None:
            handles.draw(painter)

    def _paint_regions(self, painter: QPainter) -> None:
        if not self.context.regions.now:
            return
        aside = self.context.to_screen(*self._shift) - self.context.to_screen(0, 0)
        path = self._regions_path().translated(aside)
        painter.fillPath(path, _GLOW)
        draw_line(painter, path, _CHOSEN)

    def _regions_path(self) -> QPainterPath:
        """The outlines of the selected regions on the screen, made anew only where something about them changed."""
        regions = self.context.regions.now
        corners = self.context.to_screen(0, 0), self.context.to_screen(1000, 1000)
        key = (*(value for corner in corners for value in (corner.x(), corner.y())), self._stretch)
        if self._drawn is None or self._drawn[0] is not regions or self._drawn[1] != key:
            path = QPainterPath()
            for region in regions:
                outline = self._stretched(region.outline, self._stretch) if len(regions) <= _OUTLINES else None
                if isinstance(outline, PolygonShape):
                    path.addPath(shape_path(self.context, outline))
                else:
                    path.addPath(self._box_path(region.rect))
            self._drawn = regions, key, path
        return self._drawn[2]

    def overlay_bounds(self) -> QRectF | None:
        rects = [self._selection.now.box] if self._selection.now.items else []
        if self.context.regions.now:
            box = self.context.regions.rect
            frame = self._stretched(rectangle_between((box.x0, box.y0), (box.x1, box.y1)), self._stretch)
            rects.append(frame.bounds().moved(*self._shift))
        handles = self._handles()
        points = handles.screen_points() if handles is not None else []
        points += self.context.all_to_screen(np.array(self._lasso)) if self._lasso else []
        points += [self.context.to_screen(*corner) for r in rects for corner in ((r.x0, r.y0), (r.x1, r.y1))]
        if self._boxing and self._start is not None and self._at is not None:
            points += [self.context.to_screen(*self._start.xy), self.context.to_screen(*self._at.xy)]
        return bounds_of(points)

    def _box_path(self, box: Rect) -> QPainterPath:
        path = QPainterPath()
        path.addRect(
            QRectF(self.context.to_screen(box.x0, box.y0), self.context.to_screen(box.x1, box.y1)).normalized()
        )
        return path

    # ── what the gestures do ─────────────────────────────────────────────────────────────────────────────────────────

    def _choose(self, ids: frozenset[int]) -> None:
        self.context.session.view.set(selection=ids)

    def _drag(self, dx: float, dy: float) -> None:
        self._open("move")
        if self._stroke is not None:
            for item in self._moved:
                self._stroke.put_object(item.with_shape(move(item.shape, dx, dy)))

    def _choose_inside(self, start: Pointer, at: Pointer) -> None:
        low_x, high_x = sorted((start.x, at.x))
        low_y, high_y = sorted((start.y, at.y))
        box = Rect(floor(low_x), floor(low_y), floor(high_x) + 1, floor(high_y) + 1)
        if self.context.view.mode == "semantic":
            self._choose_pieces(box, None, at)
        else:
            self._choose_found(self.context.objects.index.inside(box), at)

    def _choose_in_lasso(self, line_xy: Points, at: Pointer) -> None:
        if self.context.view.mode == "semantic":
            self._choose_pieces(*lasso_fill(line_xy, (self._image.height, self._image.width)), at)
        else:
            self._choose_found(lasso_select(self.context.objects.index, line_xy), at)

    def _choose_pieces(self, at: Rect, area_hw: Mask | None, pointer: Pointer) -> None:
        """Select the regions that lie wholly in an area; found in a worker where it is large."""
        document = self.context.document
        if document is None:
            return
        ids_hw, regions = document.labels.raster.ids_hw, self.context.regions

        def put(found: list[Piece]) -> None:
            if self.context.document is document and self.context.view.mode == "semantic":
                pieces = [region for region in starmap(Region, found) if region.is_current(document.labels)]
                regions.add(pieces) if pointer.shift else regions.choose(pieces)

        work_out(self.context.session, lambda: list(pieces_inside(ids_hw, at, area_hw=area_hw)), put, weight=at.area)

    def _choose_found(self, items: Sequence[SegObject], at: Pointer) -> None:
        view = self.context.view
        inside = frozenset(item.id for item in items if is_pickable(view, item))
        self._choose(inside | (self.context.view.selection if at.shift else frozenset()))

    def _handles(self) -> Handles | None:
        """Round what a drag would move."""
        if self.context.view.mode == "semantic":
            return Handles(self.context, self.context.regions.rect) if self.context.regions.now else None
        chosen = self._selection.now
        return Handles(self.context, chosen.movable_box) if chosen.movable else None

    def _scale(self, stretch: Stretch) -> None:
        if self.context.view.mode == "semantic":
            self._stretch = stretch
            return
        self._open("scale")
        if self._stroke is not None:
            for item in self._moved:
                self._stroke.put_object(item.with_shape(self._stretched(item.shape, stretch)))

    def _stretched(self, shape: Shape, stretch: Stretch) -> Shape:
        if stretch.is_none:
            return shape
        return scale(shape, stretch.factor_x, stretch.factor_y, around_xy=stretch.around_xy)

    def _open(self, name: str) -> None:
        if self._stroke is None:
            self._moved = list(self._selection.now.movable)
            self._stroke = begin(self.context.session, name, self.id) if self._moved else None

    def _on_screen(self, right: int, down: int, step: int) -> tuple[int, int]:
        """The step in the image that goes that way on the screen, however the view is turned."""
        origin = self.context.to_screen(0, 0)
        ways = (self.context.to_screen(1, 0) - origin, self.context.to_screen(0, 1) - origin)
        along = [way.x() * right + way.y() * down for way in ways]
        dx, dy = (round(share * step / self._screen_px) for share in along)
        return dx, dy

    @property
    def _screen_px(self) -> float:
        return 1 / self.context.image_px

    def _nudge(self, dx: int, dy: int) -> bool:
        if self.context.view.mode == "semantic":
            if not self.context.regions.now:
                return False
            self._move_regions(dx, dy)
            return True
        items = self._selection.now.movable
        stroke = begin(self.context.session, "move", self.id) if items else None
        if stroke is None:
            return False
        with stroke:
            for item in items:
                stroke.put_object(item.with_shape(move(item.shape, dx, dy)))
        return True

    def _cycle(self, step: int) -> bool:
        document, view = self.context.document, self.context.view
        if document is None or view.mode != "objects":
            return False
        ids = [item.id for item in document.labels.objects.in_order() if is_drawn(view, item)]
        if not ids:
            return False
        at = [place for place, key in enumerate(ids) if key in view.selection]
        place = (at[-1] + step) % len(ids) if at else (0 if step > 0 else len(ids) - 1)
        self._choose(frozenset({ids[place]}))
        item = document.labels.objects.get(ids[place])
        if item is not None:
            self.context.reveal(item.bounds())
        return True

    def _move_regions(self, dx: int, dy: int) -> None:
        self._place_regions("move", lambda region: moved(region, dx, dy, self._image))

    def _place_regions(self, name: str, place: Place) -> None:
        self.context.regions.edit(lambda chosen, done: place_regions(self.context.session, chosen, name, place, done))

    @property
    def _image(self) -> Rect:
        return self.context.document.labels.raster.bounds if self.context.document is not None else EMPTY
