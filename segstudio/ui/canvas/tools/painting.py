"""What all painting tools share: opening an edit, and which pixels may be painted over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import SegObject
from segstudio.core.raster import TILE, UNLABELLED
from segstudio.session.document import Document
from segstudio.session.edits.landing import land
from segstudio.session.edits.object_view import is_pickable
from segstudio.session.edits.paint_rule import paint_rule
from segstudio.session.session import Session
from segstudio.session.stroke import Stroke
from segstudio.session.view import View

Mask = NDArray[np.bool_]

_LARGE = 2_000_000
"""Pixels from which a mask is looked at tile by tile."""
_SPARSE = 4
"""… where fewer than one of so many pixels is set."""


def begin(session: Session, name: str, tool: str) -> Stroke | None:
    """Open an edit of the labels; tells the person and returns None where that cannot be."""
    if session.document is None:
        return None
    try:
        stroke = session.document.begin(name, tool=tool)
    except UserError as error:
        session.notify.fault(error)
        return None
    session.live.mark()
    return stroke


def active_class(session: Session) -> int | None:
    """The class to draw with; tells the person where none is chosen."""
    chosen = session.view.now.active_class
    if chosen is None or chosen not in session.classes.current.by_id:
        session.notify.tell("warning", "choose a class to draw with", hint="click it in the list, or press its digit")
        return None
    return chosen


def paintable(layer: Layer, rect: Rect, mask_hw: Mask, view: View, *, erases: bool = False) -> Mask:
    """`mask_hw` without the pixels that the paint mode or a protected class keeps as they are.

    `rect` lies inside the image and has the mask's size.
    """
    return paint_rule(view, layer, erases=erases).restrict(mask_hw, layer.raster.view(rect))


def fill_mask(stroke: Stroke, rect: Rect, mask_hw: Mask, segment_id: int, view: View) -> None:
    """Give the paintable pixels of a mask to a segment; `rect` may reach beyond the image."""
    inside = rect.intersect(stroke.layer.raster.bounds)
    if inside.is_empty:
        return
    if inside != rect:
        mask_hw = mask_hw[inside.moved(-rect.x0, -rect.y0).slices]
    erases = segment_id == UNLABELLED
    for part in _parts(inside, mask_hw):
        of_part = mask_hw[part.moved(-inside.x0, -inside.y0).slices]
        stroke.paint(part, segment_id, mask_hw=paintable(stroke.layer, part, of_part, view, erases=erases))


def land_mask(session: Session, stroke: Stroke, rect: Rect, mask_hw: Mask, segment_id: int) -> None:
    """Give the paintable pixels of a mask to a segment and commit; a large one is painted between the events."""
    view, inside = session.view.now, rect.intersect(stroke.layer.raster.bounds)

    def write(part: Rect) -> None:
        of_part = mask_hw[part.moved(-rect.x0, -rect.y0).slices]
        if of_part.any():
            fill_mask(stroke, part, of_part, segment_id, view)

    land(session, stroke, [(inside, write)])


def _parts(rect: Rect, mask_hw: Mask) -> Iterator[Rect]:
    """The rectangle whole; or, where a mask is large and mostly empty, only the tiles of it that have pixels, so that
    a long thin line across a huge image costs what it covers.
    """
    if rect.area < _LARGE or np.count_nonzero(mask_hw) * _SPARSE > rect.area:
        yield rect
        return
    for row, column in rect.grid(TILE):
        tile = Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE).intersect(rect)
        held = Rect.of_mask(mask_hw[tile.moved(-rect.x0, -rect.y0).slices])
        if not held.is_empty:
            yield held.moved(tile.x0, tile.y0)


def editable_at(document: Document, candidates: list[SegObject], view: View) -> SegObject | None:
    """Of objects under a point, front first: a selected one before others, never a locked or hidden one."""
    free = [item for item in candidates if is_pickable(view, item)]
    return next((item for item in free if item.id in view.selection), free[0] if free else None)
