"""Taking from a locked layer (a prediction, the truth) into the labels: ordinary edits with provenance, each one
undo step.
"""

from __future__ import annotations

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
from segstudio.ops.fill import flood
from segstudio.ops.paint_mode import PaintRule
from segstudio.ops.shapes import objects_at
from segstudio.session.document import Document
from segstudio.session.stroke import Stroke

_EVERYWHERE = PaintRule()


def accept_everything(document: Document, source_name: str, *, rule: PaintRule = _EVERYWHERE) -> Edit | None:
    """Take every labelled pixel and every object of a layer into the labels, as one edit.

    Pixels that the layer leaves unlabelled keep what they have, and so do those, here and below, that `rule` does not
    let be painted over.
    """
    source = document.layer(source_name)
    with _begin(document, f"accept {_title(source_name)}", source) as stroke:
        take_pixels(stroke, source, source.raster.bounds, None, rule)
        _take_objects(stroke, source.objects.in_order(), source)
        return stroke.commit()


def accept_class(document: Document, source_name: str, class_id: int, *, rule: PaintRule = _EVERYWHERE) -> Edit | None:
    """Take the pixels and objects of one class."""
    source = document.layer(source_name)
    with _begin(document, "accept class", source) as stroke:
        wanted = source.segments.class_lut()[source.raster.ids_hw] == class_id
        take_pixels(stroke, source, source.raster.bounds, wanted, rule)
        _take_objects(stroke, [item for item in source.objects.in_order() if item.class_id == class_id], source)
        return stroke.commit()


def accept_object_at(document: Document, source_name: str, point_xy: tuple[float, float]) -> Edit | None:
    """Take the front object under the point; raises `UserError` where there is none."""
    source = document.layer(source_name)
    hit = objects_at(source.objects.in_order(), point_xy)
    if not hit:
        raise UserError(f"there is no object of {_title(source_name)} under the cursor")
    with _begin(document, "accept object", source) as stroke:
        _take_objects(stroke, [hit[0]], source)
        return stroke.commit()


def accept_region_at(
    document: Document, source_name: str, point_xy: tuple[float, float], *, rule: PaintRule = _EVERYWHERE
) -> Edit | None:
    """Take the connected region of one segment under the point; raises `UserError` where the layer is unlabelled
    there.
    """
    source = document.layer(source_name)
    x, y = int(np.floor(point_xy[0])), int(np.floor(point_xy[1]))
    if not source.raster.bounds.holds(x, y) or int(source.raster.ids_hw[y, x]) == UNLABELLED:
        raise UserError(f"{_title(source_name)} says nothing under the cursor")
    rect, mask_hw = flood(source.raster.ids_hw, (x, y))
    with _begin(document, "accept region", source) as stroke:
        take_pixels(stroke, source, rect, mask_hw, rule)
        return stroke.commit()


def _begin(document: Document, name: str, source: Layer) -> Stroke:
    origin: dict[str, Any] = {"source": source.name}
    for field in ("model", "weights", "run"):
        if field in source.extra:
            origin[field] = source.extra[field]
    return document.begin(name, tool="accept", provenance=origin)


def _title(layer_name: str) -> str:
    return layer_name.partition(":")[2] or layer_name


def take_pixels(stroke: Stroke, source: Layer, rect: Rect, mask_hw: NDArray[np.bool_] | None, rule: PaintRule) -> None:
    """Give the labels what `source` says of the pixels of a mask of the size of `rect` (None: of all), as far as
    `rule` lets them.
    """
    taken = source.raster.view(rect)
    present = np.bincount(taken[mask_hw] if mask_hw is not None else taken.reshape(-1), minlength=1).nonzero()[0]
    translation = np.zeros(65536, np.uint16)
    for segment_id in present.tolist():
        segment = source.segments.get(segment_id)
        if segment is not None:
            translation[segment_id] = _segment_for(stroke, segment)
    new = translation[taken]
    chosen = new != UNLABELLED
    if mask_hw is not None:
        chosen &= mask_hw
    chosen = rule.restrict(chosen, stroke.layer.raster.view(rect))
    if not chosen.any():
        return
    stroke.write(rect, np.where(chosen, new, stroke.layer.raster.view(rect)))


def _segment_for(stroke: Stroke, segment: Segment) -> int:
    """Where the labels keep that segment: the class as a whole, or a new instance of it."""
    if segment.instance == 0 and not segment.is_crowd:
        return stroke.segment_for_class(segment.class_id)
    table = stroke.layer.segments
    instance = table.free_instance(segment.class_id) if segment.instance else 0
    added = replace(segment, id=table.free_id(), instance=instance)
    stroke.put_segment(added)
    return added.id


def _take_objects(stroke: Stroke, items: list[SegObject], source: Layer) -> None:
    for item in items:
        table = stroke.layer.objects
        origin = {**item.attributes, "source": source.name}
        stroke.put_object(replace(item, id=table.free_id(), z=table.top_z(), locked=False, attributes=origin))
