"""Things cut apart along a line: objects into objects; of a region of pixels the smaller part gets another class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import SegObject, Shape
from segstudio.core.raster import UNLABELLED
from segstudio.core.segments import Segment
from segstudio.ops.fill import flood
from segstudio.session.document import Document
from segstudio.session.stroke import Stroke

Mask = NDArray[np.bool_]
Paint = Callable[[Stroke, Rect, Mask, int], None]


@dataclass(frozen=True, eq=False)
class CutObject:
    """An object and the shapes that a line cuts it into, the largest first."""

    item: SegObject
    pieces: tuple[Shape, ...]


@dataclass(frozen=True, eq=False)
class CutRegion:
    """A connected piece of one segment at `rect`, and the masks that a line cuts it into, the largest first."""

    segment_id: int
    rect: Rect
    pieces: tuple[Mask, ...]


def cut_objects(items: Sequence[SegObject], line_xy: Points) -> list[CutObject]:
    """Those of the objects that the open line `[N, 2]` cuts through."""
    # Shapely takes its time to load and is needed only here.
    from segstudio.ops.instances import split_shape

    touched = Rect.around(line_xy, 1)
    found = [
        CutObject(item, tuple(split_shape(item.shape, line_xy)))
        for item in items
        if not item.bounds().intersect(touched).is_empty
    ]
    return [cut for cut in found if len(cut.pieces) > 1]


def cut_regions(layer: Layer, line_xy: Points) -> list[CutRegion]:
    """The connected pieces of segments that the open line `[N, 2]` cuts through."""
    from segstudio.ops.instances import split_mask

    found: list[CutRegion] = []
    seen: list[tuple[Rect, Mask]] = []
    for x, y in _pixels_along(line_xy, layer.raster.bounds):
        segment_id = int(layer.raster.ids_hw[y, x])
        if segment_id == UNLABELLED or any(r.holds(x, y) and m[y - r.y0, x - r.x0] for r, m in seen):
            continue
        rect, mask_hw = flood(layer.raster.ids_hw, (x, y))
        seen.append((rect, mask_hw))
        pieces = split_mask(mask_hw, line_xy - (rect.x0, rect.y0))
        if len(pieces) > 1:
            found.append(CutRegion(segment_id, rect, tuple(pieces)))
    return found


def divide_objects(document: Document, cuts: Sequence[CutObject]) -> list[int]:
    """Make an object of every piece, as one edit: the largest keeps id and place; returns the ids of all."""
    table = document.labels.objects
    next_id, ids = table.free_id(), []
    with document.begin("cut", tool="cut") as stroke:
        for cut in cuts:
            stroke.put_object(cut.item.with_shape(cut.pieces[0]))
            ids.append(cut.item.id)
            for shape in cut.pieces[1:]:
                stroke.put_object(replace(cut.item.with_shape(shape), id=next_id))
                ids.append(next_id)
                next_id += 1
    return ids


def divide_regions(document: Document, cuts: Sequence[CutRegion], class_id: int, paint: Paint) -> bool:
    """Give all but the largest piece of each region away, as one edit; whether anything changed.

    Pieces of an instance become new instances of its class, others go to `class_id`.
    """
    with document.begin("cut", tool="cut") as stroke:
        for cut in cuts:
            segment = stroke.layer.segments.get(cut.segment_id)
            for mask_hw in cut.pieces[1:]:
                new_id = _new_instance(stroke, segment) if _is_instance(segment) else stroke.segment_for_class(class_id)
                paint(stroke, cut.rect, mask_hw, new_id)
        return stroke.commit() is not None


def gives_away(layer: Layer, cut: CutRegion, class_id: int) -> bool:
    """Whether the smaller pieces of a region would differ from it afterwards."""
    segment = layer.segments.get(cut.segment_id)
    return _is_instance(segment) or (segment is not None and segment.class_id != class_id)


def is_current(layer: Layer, cut: CutRegion) -> bool:
    """Whether the pixels that were cut apart are still there."""
    if not layer.raster.bounds.contains(cut.rect):
        return False
    ids_hw = layer.raster.view(cut.rect)
    return all(bool((ids_hw[mask_hw] == cut.segment_id).all()) for mask_hw in cut.pieces)


def _is_instance(segment: Segment | None) -> bool:
    return segment is not None and segment.instance > 0


def _new_instance(stroke: Stroke, segment: Segment | None) -> int:
    assert segment is not None
    table = stroke.layer.segments
    added = replace(segment, id=table.free_id(), instance=table.free_instance(segment.class_id))
    stroke.put_segment(added)
    return added.id


def _pixels_along(line_xy: Points, bounds: Rect) -> list[tuple[int, int]]:
    """Columns and rows of the pixels along a line, about two to a pixel's length, inside the image."""
    found: dict[tuple[int, int], None] = {}
    for (ax, ay), (bx, by) in zip(line_xy, line_xy[1:], strict=False):
        steps = max(2, int(2 * max(abs(bx - ax), abs(by - ay))) + 1)
        for x, y in np.floor(np.linspace((ax, ay), (bx, by), steps)).astype(int).tolist():
            if bounds.holds(x, y):
                found[x, y] = None
    return list(found)
