"""Taking from a locked layer (a prediction, the truth) into the labels: ordinary edits with provenance, each one
undo step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import SegObject
from segstudio.core.raster import UNLABELLED
from segstudio.core.segments import Segment
from segstudio.core.transaction import Edit
from segstudio.ops.fill import flood_within
from segstudio.ops.paint_mode import PaintRule
from segstudio.ops.shapes import objects_at
from segstudio.session.census import count_segments
from segstudio.session.document import Document
from segstudio.session.edits.landing import Landing, at_once
from segstudio.session.stroke import Stroke

_EVERYWHERE = PaintRule()
Piece = tuple[Rect, NDArray[np.bool_]]
"""A rectangle and a mask of its size."""
Spare = Callable[[Rect, NDArray[np.bool_]], NDArray[np.bool_]]
"""Of the pixels of a rectangle that are about to change, those that may."""


def accept_everything(
    document: Document,
    source_name: str,
    *,
    rule: PaintRule = _EVERYWHERE,
    landing: Landing = at_once,
    spare: Spare | None = None,
) -> Edit | None:
    """Take every labelled pixel and every object of a layer into the labels, as one edit.

    Pixels that the layer leaves unlabelled keep what they have, and so do those, here and below, that `rule` does not
    let be painted over or that `spare` (see `LiveOrigins.sparing`) takes out.
    A window says with `landing` that a large edit may end later; None is returned then.
    """
    source = document.layer(source_name)
    stroke = _begin(document, f"accept {_title(source_name)}", source, objects=source.objects.in_order())
    return landing(stroke, [(source.raster.bounds, Taking(stroke, source, rule, spare=spare))])


def accept_class(
    document: Document,
    source_name: str,
    class_id: int,
    *,
    rule: PaintRule = _EVERYWHERE,
    landing: Landing = at_once,
    spare: Spare | None = None,
) -> Edit | None:
    """Take the pixels and objects of one class."""
    source = document.layer(source_name)
    items = [item for item in source.objects.in_order() if item.class_id == class_id]
    stroke = _begin(document, "accept class", source, objects=items)
    wanted = source.segments.class_lut() == class_id
    taking = Taking(stroke, source, rule, lambda part: wanted.take(source.raster.view(part)), spare=spare)
    return landing(stroke, [(source.raster.bounds, taking)])


def accept_object_at(document: Document, source_name: str, point_xy: tuple[float, float]) -> Edit | None:
    """Take the front object under the point; raises `UserError` where there is none."""
    source = document.layer(source_name)
    hit = objects_at(source.objects.in_order(), point_xy)
    if not hit:
        raise UserError(f"there is no object of {_title(source_name)} under the cursor")
    return _begin(document, "accept object", source, objects=[hit[0]]).commit()


def accept_region_at(
    document: Document,
    source_name: str,
    point_xy: tuple[float, float],
    *,
    rule: PaintRule = _EVERYWHERE,
    landing: Landing = at_once,
    piece: Piece | None = None,
) -> Edit | None:
    """Take the connected region of one segment under the point; raises `UserError` where the layer is unlabelled
    there. `piece` is that region, from `region_under`, where it is known.
    """
    source = document.layer(source_name)
    rect, mask_hw = piece if piece is not None else region_under(source, point_xy)
    stroke = _begin(document, "accept region", source)
    taking = Taking(stroke, source, rule, lambda part: mask_hw[part.moved(-rect.x0, -rect.y0).slices])
    return landing(stroke, [(rect, taking)])


def region_near(source: Layer, point_xy: tuple[float, float], *, at_most: int) -> Piece | None:
    """The connected region of one segment of a layer; None where more than `at_most` pixels would be looked at.

    Raises `UserError` where the layer is unlabelled there.
    """
    x, y = int(np.floor(point_xy[0])), int(np.floor(point_xy[1]))
    if not source.raster.bounds.holds(x, y) or int(source.raster.ids_hw[y, x]) == UNLABELLED:
        raise UserError(f"{_title(source.name)} says nothing under the cursor")
    return flood_within(source.raster.ids_hw, (x, y), at_most)


def region_under(source: Layer, point_xy: tuple[float, float]) -> Piece:
    """`region_near`, however large it is."""
    found = region_near(source, point_xy, at_most=source.raster.bounds.area)
    assert found is not None  # no more is looked at than there is
    return found


def _begin(document: Document, name: str, source: Layer, *, objects: Sequence[SegObject] = ()) -> Stroke:
    """An open edit that has taken the objects."""
    origin: dict[str, Any] = {"source": source.name}
    for field in ("model", "weights", "run"):
        if field in source.extra:
            origin[field] = source.extra[field]
    stroke = document.begin(name, tool="accept", provenance=origin)
    try:
        table, taken = stroke.layer.objects, []
        first_id, top_z = table.free_id(), table.top_z()
        for place, item in enumerate(objects):
            told = {**item.attributes, "source": source.name}
            taken.append(replace(item, id=first_id + place, z=top_z + place, locked=False, attributes=told))
        stroke.change_objects(put=taken)
    except BaseException:
        stroke.cancel()
        raise
    return stroke


def _title(layer_name: str) -> str:
    return layer_name.partition(":")[2] or layer_name


class Taking:
    """Takes what a layer says, rectangle by rectangle; `mask_of` gives the pixels of each that are meant, None all."""

    def __init__(
        self,
        stroke: Stroke,
        source: Layer,
        rule: PaintRule,
        mask_of: Callable[[Rect], NDArray[np.bool_]] | None = None,
        *,
        spare: Spare | None = None,
    ) -> None:
        self._stroke = stroke
        self._source = source
        self._rule = rule
        self._mask_of = mask_of
        self._spare = spare
        self._translation = np.zeros(65536, np.uint16)
        self._seen: set[int] = set()

    def __call__(self, rect: Rect) -> None:
        """Take the pixels of `rect`."""
        taken, labels = self._source.raster.view(rect), self._stroke.layer.raster.view(rect)
        mask_hw = self._mask_of(rect) if self._mask_of is not None else None
        self._translate(taken if mask_hw is None else taken[mask_hw][None])
        new = self._translation.take(taken)
        chosen = new != UNLABELLED
        if mask_hw is not None:
            chosen &= mask_hw
        chosen = self._rule.restrict(chosen, labels)
        if self._spare is not None:
            chosen = self._spare(rect, chosen & (new != labels))
        if chosen.any():
            self._stroke.write(rect, np.where(chosen, new, labels))

    def _translate(self, taken: NDArray[np.uint16]) -> None:
        """Know where the labels keep every segment that is taken, which may be made for it."""
        for segment_id in count_segments(taken).nonzero()[0].tolist():
            if segment_id not in self._seen:
                self._seen.add(segment_id)
                segment = self._source.segments.get(segment_id)
                if segment is not None:
                    self._translation[segment_id] = _segment_for(self._stroke, segment)


def _segment_for(stroke: Stroke, segment: Segment) -> int:
    """Where the labels keep that segment: the class as a whole, or a new instance of it."""
    if segment.instance == 0 and not segment.is_crowd:
        return stroke.segment_for_class(segment.class_id)
    table = stroke.layer.segments
    instance = table.free_instance(segment.class_id) if segment.instance else 0
    added = replace(segment, id=table.free_id(), instance=instance)
    stroke.put_segment(added)
    return added.id
