"""What can be done to selected regions of the labels: each call is one edit, held to the paint mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import MaskShape
from segstudio.core.raster import UNLABELLED
from segstudio.core.segments import Segment
from segstudio.ops.rle import decode, mask_shape
from segstudio.ops.transform import scale
from segstudio.session.session import Session
from segstudio.session.stroke import Stroke
from segstudio.ui.canvas.tools.handles import Stretch
from segstudio.ui.canvas.tools.painting import Mask, begin, paintable
from segstudio.ui.canvas.tools.region import Region

Place = Callable[[Region], tuple[Rect, Mask]]


@dataclass(frozen=True, eq=False)
class CopiedRegion:
    """A region without its image: what it was of, and where it lay."""

    segment: Segment
    rect: Rect
    mask_hw: Mask


def free_regions(session: Session, regions: Iterable[Region]) -> list[Region]:
    """Those whose pixels the paint mode and the protected classes let be changed; tells the person of the others."""
    document, given = session.document, list(regions)
    if document is None:
        return []
    view, labels = session.view.now, document.labels
    free = [
        region
        for region in given
        if bool((paintable(labels, region.rect, region.mask_hw, view, erases=True) == region.mask_hw).all())
    ]
    kept = len(given) - len(free)
    if kept:
        text = "this region keeps its class" if kept == len(given) == 1 else f"{kept} regions keep their class"
        session.notify.tell("warning", text, hint="its class is protected, or not one to paint over")
    return free


def delete_regions(session: Session, regions: Sequence[Region]) -> bool:
    """Leave their pixels unlabelled; whether anything was done."""
    free = free_regions(session, regions)
    stroke = begin(session, "delete", "select") if free else None
    if stroke is None:
        return False
    with stroke:
        for region in free:
            stroke.paint(region.rect, UNLABELLED, mask_hw=region.mask_hw)
    return True


def give_regions_to(session: Session, regions: Sequence[Region], class_id: int) -> list[Region]:
    """Give them to a class; instances of a thing become instances of it. Returns them as they are then."""
    free = free_regions(session, regions)
    stroke = begin(session, "change class", "select") if free else None
    if stroke is None:
        return list(regions)
    new_ids: dict[int, int] = {}
    with stroke:
        for region in free:
            if region.segment_id not in new_ids:
                old = stroke.layer.segments.get(region.segment_id)
                new_ids[region.segment_id] = _segment_like(session, stroke, old, class_id)
            stroke.paint(region.rect, new_ids[region.segment_id], mask_hw=region.mask_hw)
    changed = {id(region) for region in free}
    return [replace(r, segment_id=new_ids[r.segment_id]) if id(r) in changed else r for r in regions]


def place_regions(session: Session, regions: Sequence[Region], name: str, place: Place) -> list[Region]:
    """Leave their pixels unlabelled and give each others instead, inside the image. Returns what there is then."""
    free = free_regions(session, regions)
    stroke = begin(session, name, "select") if free else None
    if stroke is None:
        return list(regions)
    view, made = session.view.now, []
    with stroke:
        for region in free:
            stroke.paint(region.rect, UNLABELLED, mask_hw=region.mask_hw)
        for region in free:
            rect, mask_hw = place(region)
            if not rect.is_empty:
                mask_hw = paintable(stroke.layer, rect, mask_hw, view)
                stroke.paint(rect, region.segment_id, mask_hw=mask_hw)
                made.append(Region(region.segment_id, rect, mask_hw))
    stayed = {id(region) for region in free}
    return [region for region in regions if id(region) not in stayed] + as_painted(stroke.layer, made)


def moved(region: Region, dx: int, dy: int, image: Rect) -> tuple[Rect, Mask]:
    """Where a region lies after a move, and its pixels inside the image."""
    target = region.rect.moved(dx, dy)
    inside = target.intersect(image)
    return inside, region.mask_hw[inside.moved(-target.x0, -target.y0).slices]


def stretched(region: Region, stretch: Stretch, image: Rect) -> tuple[Rect, Mask]:
    """Where a region lies after a stretch, and its pixels inside the image."""
    shape = mask_shape(region.mask_hw, size_hw=(image.height, image.width), at=region.rect)
    scaled = scale(shape, stretch.factor_x, stretch.factor_y, around_xy=stretch.around_xy)
    assert isinstance(scaled, MaskShape)
    return scaled.box, decode(scaled, scaled.box)


def merge_regions(session: Session, regions: Sequence[Region]) -> list[Region]:
    """Give all to the segment of the largest: one instance of several, or one class. Returns what there is then.

    Raises `UserError` for fewer than two, and where all are of one segment already.
    """
    free = free_regions(session, regions)
    if len(free) < 2:
        raise UserError("select at least two regions to merge", hint="Shift+click adds to the selection")
    kept = max(free, key=lambda region: int(np.count_nonzero(region.mask_hw)))
    if all(region.segment_id == kept.segment_id for region in free):
        raise UserError("the regions belong together already", hint="paint between them to make them touch")
    stroke = begin(session, "merge", "merge")
    if stroke is None:
        return list(regions)
    with stroke:
        for region in free:
            stroke.paint(region.rect, kept.segment_id, mask_hw=region.mask_hw)
    return [replace(region, segment_id=kept.segment_id) for region in free]


def copies_of(session: Session, regions: Iterable[Region]) -> list[CopiedRegion]:
    """The regions to be pasted elsewhere."""
    document = session.document
    found = []
    for region in regions:
        segment = document.labels.segments.get(region.segment_id) if document is not None else None
        if segment is not None:
            found.append(CopiedRegion(segment, region.rect, region.mask_hw))
    return found


def paste_regions(
    session: Session, copies: Sequence[CopiedRegion], offset_xy: tuple[int, int], name: str
) -> list[Region]:
    """Paint copies, moved by `offset_xy` pixels; instances become new ones. Returns what was painted."""
    stroke = begin(session, name, "select")
    if stroke is None:
        return []
    new_ids: dict[int, int] = {}
    image, made = stroke.layer.raster.bounds, []
    with stroke:
        for copy in copies:
            source = Region(copy.segment.id, copy.rect, copy.mask_hw)
            rect, mask_hw = moved(source, *offset_xy, image)
            if rect.is_empty or not mask_hw.any():
                continue
            if copy.segment.id not in new_ids:
                new_ids[copy.segment.id] = _segment_like(session, stroke, copy.segment, copy.segment.class_id)
            mask_hw = paintable(stroke.layer, rect, mask_hw, session.view.now)
            stroke.paint(rect, new_ids[copy.segment.id], mask_hw=mask_hw)
            made.append(Region(new_ids[copy.segment.id], rect, mask_hw))
    return as_painted(stroke.layer, made)


def as_painted(layer: Layer, regions: Iterable[Region]) -> list[Region]:
    """Regions as far as the layer has them: without the pixels that something else took, and without empty ones."""
    found = []
    for region in regions:
        mask_hw = region.mask_hw & (layer.raster.view(region.rect) == region.segment_id)
        held = Rect.of_mask(mask_hw)
        if not held.is_empty:
            rect = held.moved(region.rect.x0, region.rect.y0)
            found.append(Region(region.segment_id, rect, mask_hw[held.slices]))
    return found


def _segment_like(session: Session, stroke: Stroke, segment: Segment | None, class_id: int) -> int:
    """A segment of the class: a new instance where the other is an instance and the class has any, else the whole."""
    known = session.classes.current.by_id.get(class_id)
    if segment is None or segment.instance == 0 or known is None or not known.is_thing:
        return stroke.segment_for_class(class_id)
    table = stroke.layer.segments
    added = replace(segment, id=table.free_id(), class_id=class_id, instance=table.free_instance(class_id))
    stroke.put_segment(added)
    return added.id
