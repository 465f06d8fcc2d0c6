"""What can be done to selected regions of the labels: each call is one edit, held to the paint mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import MaskShape
from segstudio.core.raster import UNLABELLED
from segstudio.core.segments import Segment
from segstudio.ops.rle import decode, mask_shape
from segstudio.ops.transform import scale
from segstudio.session.edits.landing import Write, Writes, land
from segstudio.session.edits.paint_rule import paint_rule
from segstudio.session.session import Session
from segstudio.session.stroke import Stroke
from segstudio.session.turns import AT_ONCE
from segstudio.ui.canvas.tools.asking import HEAVY, work_out
from segstudio.ui.canvas.tools.finding import outlined
from segstudio.ui.canvas.tools.handles import Stretch
from segstudio.ui.canvas.tools.painting import Mask, begin, paintable
from segstudio.ui.canvas.tools.region import Region
from segstudio.ui.canvas.tools.region_selection import Told

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit

Answer = TypeVar("Answer")

Place = Callable[[Region], tuple[Rect, Mask]]


@dataclass(frozen=True, eq=False)
class CopiedRegion:
    """A region without its image: what it was of, and where it lay."""

    segment: Segment
    rect: Rect
    mask_hw: Mask


def with_free_regions(session: Session, regions: Iterable[Region], then: Told) -> None:
    """Hand `then` those whose pixels the paint mode and the protected classes let be changed; tells the person of the
    others. Looked up in a worker where they are large.
    """
    document, given = session.document, list(regions)
    if document is None:
        return
    layer, rule = document.labels, paint_rule(session.view.now, document.labels, erases=True)

    def is_free(region: Region) -> bool:
        if rule.frees_all:
            return True
        return bool((rule.restrict(region.mask_hw, layer.raster.view(region.rect)) == region.mask_hw).all())

    def put(free: list[Region]) -> None:
        kept = len(given) - len(free)
        if kept:
            text = "this region keeps its class" if kept == len(given) == 1 else f"{kept} regions keep their class"
            session.notify.tell("warning", text, hint="its class is protected, or not one to paint over")
        then(free)

    weight = 0 if rule.frees_all else _weight(given)
    meanwhile(session, lambda: [region for region in given if is_free(region)], put, weight=weight)


def delete_regions(session: Session, regions: Sequence[Region], done: Told) -> None:
    """Leave their pixels unlabelled; `done` is told what is still there."""

    def put(free: list[Region]) -> None:
        stroke = begin(session, "delete", "select") if free else None
        if stroke is None:
            done(list(regions))
            return
        writes = [_painting(stroke, region, UNLABELLED) for region in free]
        gone = {id(region) for region in free}
        land(session, stroke, writes, done=lambda _: done([r for r in regions if id(r) not in gone]))

    with_free_regions(session, regions, put)


def give_regions_to(session: Session, regions: Sequence[Region], class_id: int, done: Told) -> None:
    """Give them to a class; instances of a thing become instances of it. `done` is told what they are then."""

    def put(free: list[Region]) -> None:
        stroke = begin(session, "change class", "select") if free else None
        if stroke is None:
            done(list(regions))
            return
        new_ids: dict[int, int] = {}
        for region in free:
            if region.segment_id not in new_ids:
                old = stroke.layer.segments.get(region.segment_id)
                new_ids[region.segment_id] = _segment_like(session, stroke, old, class_id)
        changed = {id(region) for region in free}
        after = [r.of_segment(new_ids[r.segment_id]) if id(r) in changed else r for r in regions]
        writes = [_painting(stroke, region, new_ids[region.segment_id]) for region in free]
        land(session, stroke, writes, done=lambda _: done(after))

    with_free_regions(session, regions, put)


def place_regions(session: Session, regions: Sequence[Region], name: str, place: Place, done: Told) -> None:
    """Leave their pixels unlabelled and give each others instead, inside the image. `done` is told what there is then.

    `place` is asked in a worker where the regions are large.
    """

    def put(free: list[Region]) -> None:
        def begin_with(places: list[tuple[Rect, Mask]]) -> None:
            stroke = begin(session, name, "select") if free else None
            if stroke is None:
                done(list(regions))
                return
            painting = Painting(session, stroke)
            for region, (rect, mask_hw) in zip(free, places, strict=True):
                if not rect.is_empty:
                    painting.add(region.segment_id, rect, mask_hw)
            freed = [_painting(stroke, region, UNLABELLED) for region in free]
            moved_on = {id(region) for region in free}
            stayed = [region for region in regions if id(region) not in moved_on]
            painting.land(lambda made: done([*stayed, *made]), before=freed)

        meanwhile(session, lambda: [place(region) for region in free], begin_with, weight=_weight(free))

    with_free_regions(session, regions, put)


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


def merge_regions(session: Session, regions: Sequence[Region], done: Told) -> None:
    """Give all to the segment of the largest: one instance of several, or one class. `done` is told what there is then.

    Raises `UserError`, or tells it, for fewer than two, and where all are of one segment already.
    """

    def put(free: list[Region]) -> None:
        kept_id = _largest(free) if len(free) > 1 else UNLABELLED
        if all(region.segment_id == kept_id for region in free) or kept_id == UNLABELLED:
            done(list(regions))
            if len(free) < 2:
                raise UserError("select at least two regions to merge", hint="Shift+click adds to the selection")
            raise UserError("the regions belong together already", hint="paint between them to make them touch")
        stroke = begin(session, "merge", "merge")
        if stroke is None:
            done(list(regions))
            return
        after = [region.of_segment(kept_id) for region in free]
        writes = [_painting(stroke, region, kept_id) for region in free]
        land(session, stroke, writes, done=lambda _: done(after))

    with_free_regions(session, regions, put)


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
    session: Session, copies: Sequence[CopiedRegion], offset_xy: tuple[int, int], name: str, done: Told
) -> None:
    """Paint copies, moved by `offset_xy` pixels; instances become new ones. `done` is told what was painted."""
    stroke = begin(session, name, "select")
    if stroke is None:
        done([])
        return
    new_ids: dict[int, int] = {}
    image, painting = stroke.layer.raster.bounds, Painting(session, stroke)
    for copy in copies:
        rect, mask_hw = moved(Region(copy.segment.id, copy.rect, copy.mask_hw), *offset_xy, image)
        if rect.is_empty or not mask_hw.any():
            continue
        if copy.segment.id not in new_ids:
            new_ids[copy.segment.id] = _segment_like(session, stroke, copy.segment, copy.segment.class_id)
        painting.add(new_ids[copy.segment.id], rect, mask_hw)
    painting.land(done)


class Painting:
    """Regions that are being painted as far as the paint mode lets them, large ones between the events."""

    def __init__(self, session: Session, stroke: Stroke) -> None:
        self._session = session
        self._stroke = stroke
        self._view = session.view.now
        self._made: list[Region] = []

    def add(self, segment_id: int, rect: Rect, mask_hw: Mask) -> None:
        """One more, whose rectangle lies inside the image."""
        self._made.append(Region(segment_id, rect, mask_hw))

    def land(self, done: Told, *, before: Writes = (), instead: Writes | None = None) -> None:
        """Make the writes `before` and paint, or make others `instead`; `done` is told what there is then, without
        what something else took.
        """
        layer, made = self._stroke.layer, self._made

        def put(_: Edit | None) -> None:
            meanwhile(self._session, lambda: as_painted(layer, made), done, weight=_weight(made))

        writes = instead if instead is not None else [*before, *(self._writing(region) for region in made)]
        land(self._session, self._stroke, writes, done=put)

    def _writing(self, region: Region) -> tuple[Rect, Write]:
        def write(part: Rect) -> None:
            of_part = _of_part(region, part)
            if of_part.any():
                allowed_hw = paintable(self._stroke.layer, part, of_part, self._view)
                self._stroke.paint(part, region.segment_id, mask_hw=allowed_hw)

        return region.rect, write


def as_painted(layer: Layer, regions: Iterable[Region]) -> list[Region]:
    """Regions as far as the layer has them: without the pixels that something else took, and without empty ones."""
    found = []
    for region in regions:
        mask_hw = region.mask_hw & (layer.raster.view(region.rect) == region.segment_id)
        held = Rect.of_mask(mask_hw)
        if not held.is_empty:
            rect = held.moved(region.rect.x0, region.rect.y0)
            made = Region(region.segment_id, rect, mask_hw[held.slices])
            found.append(outlined(made) if rect.area > AT_ONCE else made)
    return found


def meanwhile(session: Session, work: Callable[[], Answer], then: Callable[[Answer], None], *, weight: int) -> None:
    """Work out something about the labels, in a worker where it takes long; `then` gets it where they are still the
    same, else the person is told.
    """
    document = session.document
    state = document.history.next_undo() if document is not None else None

    def put(answer: Answer) -> None:
        if document is None or document is not session.document:
            return
        if document.history.next_undo() is not state:
            raise UserError("the labels were changed meanwhile", hint="try again")
        then(answer)

    if weight >= HEAVY:
        work_out(session, work, put, weight=weight, title="regions")
    else:
        put(work())


def _largest(regions: Iterable[Region]) -> int:
    """The segment of the one of most pixels."""
    return max(regions, key=lambda region: int(np.count_nonzero(region.mask_hw))).segment_id


def _painting(stroke: Stroke, region: Region, segment_id: int) -> tuple[Rect, Write]:
    def write(part: Rect) -> None:
        of_part = _of_part(region, part)
        if of_part.any():
            stroke.paint(part, segment_id, mask_hw=of_part)

    return region.rect, write


def _of_part(region: Region, part: Rect) -> Mask:
    return region.mask_hw[part.moved(-region.rect.x0, -region.rect.y0).slices]


def _weight(regions: Iterable[Region]) -> int:
    return sum(region.rect.area for region in regions)


def _segment_like(session: Session, stroke: Stroke, segment: Segment | None, class_id: int) -> int:
    """A segment of the class: a new instance where the other is an instance and the class has any, else the whole."""
    known = session.classes.current.by_id.get(class_id)
    if segment is None or segment.instance == 0 or known is None or not known.is_thing:
        return stroke.segment_for_class(class_id)
    table = stroke.layer.segments
    added = replace(segment, id=table.free_id(), class_id=class_id, instance=table.free_instance(class_id))
    stroke.put_segment(added)
    return added.id
