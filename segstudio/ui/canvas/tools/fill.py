"""Fill: gives the connected piece under the cursor to the active class; in object mode the object."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from segstudio.core.geometry import Rect
from segstudio.core.raster import UNLABELLED
from segstudio.core.transaction import Changes
from segstudio.ops.fill import flood
from segstudio.session.turns import AT_ONCE
from segstudio.ui.canvas.overlay import bounds_of
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.canvas.tools.painting import Mask, active_class, begin, editable_at, land_mask
from segstudio.ui.canvas.tools.paths import draw_mask, screen_corners
from segstudio.ui.canvas.tools.region import Region
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_PREVIEW_AREA = 4_000_000
"""Image pixels in view up to which the piece under the cursor is shown before the click."""


class FillTool(Tool):
    """One click is one edit; Alt leaves the piece unlabelled."""

    id = "fill"
    title = "&Fill"
    icon = "fill"
    key = "F"
    cursor = Qt.CursorShape.CrossCursor
    hint = "click an area of one class to give it to the active class · Alt leaves it unlabelled"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._preview: Region | None = None
        self._erases = False

    def press(self, at: Pointer) -> None:
        self._preview = None
        if self.context.document is None:
            return
        if self.context.view.mode == "objects":
            self._fill_object(at)
        else:
            self._fill_region(at)

    def hover(self, at: Pointer | None) -> None:
        document = self.context.document
        if at is None or document is None:
            self._preview = None
            self.context.session.view.set(hovered_object=None)
            return
        self._erases = at.alt
        if self.context.view.mode == "objects":
            self._preview = None
            hit = editable_at(document, self.context.objects.index.at(at.xy), self.context.view)
            self.context.session.view.set(hovered_object=hit.id if hit is not None else None)
        elif self._preview is None or not self._preview.holds(*at.xy):
            self._preview = self._piece(at)

    def cancel(self) -> bool:
        self._preview = None
        return False

    def follow(self, changes: Changes) -> None:
        if self._preview is not None and self._preview.is_touched_by(changes.pixels):
            self._preview = None

    def paint_overlay(self, painter: QPainter) -> None:
        if self._preview is not None:
            color = None if self._erases else self.context.view.active_class
            draw_mask(painter, self.context, self._preview.mask_hw, self._preview.rect, self.context.class_color(color))

    def overlay_bounds(self) -> QRectF | None:
        return bounds_of(screen_corners(self.context, self._preview.rect)) if self._preview is not None else None

    def _piece(self, at: Pointer) -> Region | None:
        """The piece under the cursor as far as it is in view; None for a view of too many pixels."""
        document = self.context.document
        if document is None:
            return None
        raster = document.labels.raster
        visible = self.context.visible_rect(raster.bounds)
        if not visible.holds(*at.xy) or visible.area > _PREVIEW_AREA:
            return None
        rect, mask_hw = flood(raster.view(visible), (at.x - visible.x0, at.y - visible.y0))
        number = int(raster.ids_hw[int(at.y), int(at.x)])
        return Region(number, rect.moved(visible.x0, visible.y0), mask_hw)

    def _fill_region(self, at: Pointer) -> None:
        session, document = self.context.session, self.context.document
        chosen = None if at.alt else active_class(session)
        if document is None or (chosen is None and not at.alt):
            return
        raster, state = document.labels.raster, document.history.next_undo()

        def put(piece: tuple[Rect, Mask]) -> None:
            if self.context.document is not document or piece[0].is_empty:
                return
            if document.history.next_undo() is not state:
                self._fill_region(at)  # something else was drawn meanwhile
                return
            stroke = begin(session, "fill", self.id)
            if stroke is not None:
                segment_id = UNLABELLED if chosen is None else stroke.segment_for_class(chosen)
                land_mask(session, stroke, *piece, segment_id)

        weight = raster.bounds.area if raster.bounds.area > AT_ONCE else 0
        work_out(session, lambda: flood(raster.ids_hw, at.xy), put, weight=weight, title="fill")

    def _fill_object(self, at: Pointer) -> None:
        session, document = self.context.session, self.context.document
        chosen = active_class(session)
        if document is None or chosen is None:
            return
        target = editable_at(document, self.context.objects.index.at(at.xy), session.view.now)
        if target is None:
            self.context.tell("there is no object under the cursor")
            return
        stroke = begin(session, "change class", self.id)
        if stroke is not None:
            with stroke:
                stroke.put_object(replace(target, class_id=chosen))
