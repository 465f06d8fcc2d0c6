"""Class ids in pixels ↔ segments: how every raster format turns numbers into labels and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.lookup import look_up
from segstudio.core.raster import UNLABELLED
from segstudio.core.segments import MAX_SEGMENT, Segment, SegmentTable
from segstudio.ops.shapes import paint_objects
from segstudio.ops.value_counts import value_counts


def by_id(class_set: ClassSet) -> dict[int, int]:
    """Pixel value → class id for rasters that hold class ids."""
    return {c.id: c.id for c in class_set.classes if c.id >= 0}


def by_train_id(class_set: ClassSet) -> dict[int, int]:
    """Pixel value → class id for rasters that hold train ids; the first class of an id stands for it."""
    values: dict[int, int] = {}
    for c in class_set.classes:
        if 0 <= c.train_id < IGNORED:
            values.setdefault(c.train_id, c.id)
    return values


def annotation_of_values(
    values_hw: NDArray[Any],
    class_set: ClassSet,
    *,
    where: str,
    class_of: Mapping[int, int] | None = None,
    unlabelled: frozenset[int] = frozenset((0, IGNORED)),
) -> Annotation:
    """The annotation that a raster of class values stands for: one segment per class of the set.

    `values_hw` is an unsigned integer array `[H, W]`; `class_of` maps its values to class ids (default: they are class
    ids). Values of `unlabelled` without a class are unlabelled; any other unknown value raises `UserError` naming
    `where` and the values.
    """
    if values_hw.ndim != 2:
        raise UserError(f"{where}: has {values_hw.shape[-1]} channels where class ids need one")
    class_of = by_id(class_set) if class_of is None else class_of
    segments = SegmentTable.for_classes(class_set)
    segment_of = {s.class_id: s.id for s in segments}
    present = present_values(values_hw, where=where)
    unknown = [v for v in present if v not in class_of and v not in unlabelled]
    if unknown:
        listed = ", ".join(map(str, unknown[:8])) + (" …" if len(unknown) > 8 else "")
        raise UserError(
            f"{where}: class ids {listed} are not in the class set {class_set.name!r}", hint="give the right class set"
        )
    lut = np.zeros(max(present, default=0) + 1, np.uint16)
    for value in present:
        if value in class_of:
            lut[value] = segment_of[class_of[value]]
    height, width = values_hw.shape
    return Annotation((height, width), look_up(lut, values_hw), tuple(segments))


def present_values(values_hw: NDArray[Any], *, where: str) -> list[int]:
    """The values that occur in an integer array, ascending; raises `UserError` for negative or huge ones."""
    if values_hw.dtype.kind not in "ui":
        raise UserError(f"{where}: holds fractions where class ids are whole numbers")
    if values_hw.dtype == np.uint8 or values_hw.dtype == np.uint16:
        return [int(v) for v in np.flatnonzero(value_counts(values_hw))]
    values = np.unique(values_hw)
    if values.size and (values[0] < 0 or values[-1] > MAX_SEGMENT):
        raise UserError(f"{where}: class ids outside 0…{MAX_SEGMENT}: {values[0]} … {values[-1]}")
    return [int(v) for v in values]


def has_raster(annotation: Annotation) -> bool:
    """Whether any pixel of the raster is labelled."""
    return annotation.labels_hw is not None and bool(annotation.labels_hw.any())


def rasterised(annotation: Annotation) -> Annotation:
    """The annotation with a raster: its own where any pixel is labelled, else its objects painted back to front.

    A painted object becomes one segment with the instance number of its rank among the objects of its class; crowds
    become segments of instance 0.
    """
    if has_raster(annotation) or not annotation.objects:
        if annotation.labels_hw is not None:
            return annotation
        return Annotation(annotation.size_hw, np.zeros(annotation.size_hw, np.uint16), annotation.segments)
    ordered = sorted(annotation.objects, key=lambda item: (item.z, item.id))
    if len(ordered) > MAX_SEGMENT:
        raise UserError(f"{len(ordered)} objects do not fit into one label raster of {MAX_SEGMENT}")
    segments = []
    number: dict[int, int] = {}
    for rank, item in enumerate(ordered, 1):
        if not item.is_crowd:
            number[item.class_id] = number.get(item.class_id, 0) + 1
        instance = 0 if item.is_crowd else number[item.class_id]
        segments.append(Segment(rank, item.class_id, instance, item.is_crowd))
    rank_of = {item.id: rank for rank, item in enumerate(ordered, 1)}
    labels_hw = paint_objects(ordered, annotation.size_hw, lambda item: rank_of[item.id])
    return Annotation(annotation.size_hw, labels_hw.astype(np.uint16, copy=False), tuple(segments))


def values_of(annotation: Annotation, value_of: Mapping[int, int], background: int) -> NDArray[np.int32]:
    """int32 `[H, W]`: the value of each pixel's class; `background` where unlabelled or the class has no value."""
    lut = np.full(MAX_SEGMENT + 1, background, np.int32)
    for segment in annotation.segments:
        if segment.id != UNLABELLED:
            lut[segment.id] = value_of.get(segment.class_id, background)
    assert annotation.labels_hw is not None
    return lut.take(annotation.labels_hw)


def checked_size(found_hw: tuple[int, int], wanted_hw: tuple[int, int] | None, path: Path, image: Path | None) -> None:
    """Raise `UserError` naming both files where a mask and its image differ in size."""
    if wanted_hw is not None and tuple(found_hw) != tuple(wanted_hw):
        mask = f"{found_hw[1]}×{found_hw[0]}"
        picture = f"{wanted_hw[1]}×{wanted_hw[0]}"
        raise UserError(f"{path}: the mask has {mask} pixels, its image {image.name if image else ''} {picture}")
