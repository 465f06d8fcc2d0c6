"""Cityscapes' labelIds and instanceIds: to segments and back, byte for byte."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.raster import UNLABELLED
from segstudio.core.segments import MAX_SEGMENT, Segment, SegmentTable
from segstudio.formats.rasters import annotation_of_values, present_values

PER_CLASS = 1000
RAW = "cityscapes"
"""Key in a segment's attributes: (class, labelIds value, instanceIds value) where the two files do not fit each other
or the values are none that the class has."""


def segments_of(
    label_hw: NDArray[Any] | None, instance_hw: NDArray[Any] | None, class_set: ClassSet, *, where: str
) -> Annotation:
    """The annotation of a labelIds and/or an instanceIds raster `[H, W]` of unsigned integers.

    Stuff is one segment per class; an instance id `class · 1000 + n` is the segment of instance n + 1; the bare id of a
    class with instances is a group (crowd). Raises `UserError` naming `where` for unknown ids.
    """
    if instance_hw is None:
        assert label_hw is not None
        return _classes_only(label_hw, class_set, where)
    if label_hw is None:
        wide_hw = instance_hw.astype(np.int64)
        label_hw = np.where(wide_hw >= PER_CLASS, wide_hw // PER_CLASS, wide_hw)
    table = SegmentTable.for_classes(class_set)
    instances = present_values(instance_hw, where=where)
    class_lut = np.zeros(max(instances, default=0) + 1, np.int64)
    ids_lut = np.zeros(max(instances, default=0) + 1, np.uint16)
    for value in instances:
        class_lut[value] = value // PER_CLASS if value >= PER_CLASS else value
    differing = class_lut[instance_hw] != label_hw
    fitting = set(instances) if not differing.any() else set(np.unique(instance_hw[~differing]).tolist())
    for value in sorted(fitting):
        ids_lut[value] = _segment_of(value, int(class_lut[value]), table, class_set, where)
    ids_hw = ids_lut[instance_hw]
    if differing.any():
        pairs = label_hw[differing].astype(np.int64) << 16 | instance_hw[differing].astype(np.int64)
        codes, inverse = np.unique(pairs, return_inverse=True)
        odd_ids = [_odd_segment(int(c) >> 16, int(c) & 0xFFFF, table, class_set, where) for c in codes]
        ids_hw[differing] = np.array(odd_ids, np.uint16)[inverse.reshape(-1)]
    height, width = ids_hw.shape
    return Annotation((height, width), ids_hw, tuple(table))


def _classes_only(label_hw: NDArray[Any], class_set: ClassSet, where: str) -> Annotation:
    annotation = annotation_of_values(label_hw, class_set, where=where)
    is_odd = label_hw == 255
    if 255 in class_set.by_id or not is_odd.any():
        return annotation
    # As unlabelled pixels they would be written as 0.
    table = SegmentTable(annotation.segments)
    assert annotation.labels_hw is not None
    annotation.labels_hw[is_odd] = _odd_segment(255, 255, table, class_set, where)
    return Annotation(annotation.size_hw, annotation.labels_hw, tuple(table))


def _segment_of(value: int, class_id: int, table: SegmentTable, class_set: ClassSet, where: str) -> int:
    known = class_set.by_id.get(class_id)
    if known is None or (value >= PER_CLASS and not known.is_thing):
        return _odd_segment(class_id, value, table, class_set, where)
    if value < PER_CLASS and not known.is_thing:
        whole = table.of_class(class_id)
        assert whole is not None
        return whole.id
    instance = value % PER_CLASS + 1 if value >= PER_CLASS else 0
    segment = Segment(table.free_id(), class_id, instance, is_crowd=value < PER_CLASS)
    table.put(segment)
    return segment.id


def _odd_segment(label: int, instance: int, table: SegmentTable, class_set: ClassSet, where: str) -> int:
    """A segment for a pair of values that do not belong together; the label decides the class, 255 is void."""
    if label not in class_set.by_id and label != 255:
        raise UserError(
            f"{where}: class id {label} is not in the class set {class_set.name!r}", hint="give the right class set"
        )
    class_id = label if label in class_set.by_id else _void(class_set)
    is_instance = instance >= PER_CLASS and instance // PER_CLASS == class_id
    number = instance % PER_CLASS + 1 if is_instance else 0
    segment = Segment(table.free_id(), class_id, number, attributes={RAW: [class_id, label, instance]})
    table.put(segment)
    return segment.id


def _void(class_set: ClassSet) -> int:
    return next((c.id for c in class_set.classes if c.is_ignored), class_set.classes[0].id)


def values_of_segments(annotation: Annotation, class_set: ClassSet) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """labelIds (uint8) and instanceIds (uint16) `[H, W]` of a raster; unlabelled pixels and negative classes are 0.

    Instances of one class that share a number, or have one beyond 1000, get the next free one. Raises `UserError` where
    a class id is too high for the layout.
    """
    label_lut = np.zeros(MAX_SEGMENT + 1, np.uint8)
    instance_lut = np.zeros(MAX_SEGMENT + 1, np.uint16)
    assert annotation.labels_hw is not None
    present = set(present_values(annotation.labels_hw, where="labels")) - {UNLABELLED}
    taken: set[int] = set()
    late: list[Segment] = []
    for segment in annotation.segments:
        if segment.id not in present:
            continue
        label, value = raw_values(segment, class_set)
        label_lut[segment.id] = label
        if RAW in segment.attributes:
            instance_lut[segment.id] = value
            continue
        if value >= PER_CLASS and (value in taken or segment.instance > PER_CLASS):
            late.append(segment)
            continue
        taken.add(value)
        instance_lut[segment.id] = value
    for segment in late:
        base = segment.class_id * PER_CLASS
        value = next((base + n for n in range(PER_CLASS) if base + n not in taken), -1)
        if value < 0:
            raise UserError(f"Cityscapes holds at most {PER_CLASS} instances of a class in one image")
        taken.add(value)
        instance_lut[segment.id] = value
    return label_lut[annotation.labels_hw], instance_lut[annotation.labels_hw]


def raw_values(segment: Segment, class_set: ClassSet) -> tuple[int, int]:
    """(labelIds value, instanceIds value) of a segment."""
    raw = segment.attributes.get(RAW)
    if isinstance(raw, list | tuple) and len(raw) == 3 and raw[0] == segment.class_id:
        return int(raw[1]), int(raw[2])
    label = max(segment.class_id, 0)
    known = class_set.by_id.get(segment.class_id)
    if label > 255:
        raise UserError(f"class id {label} does not fit into Cityscapes' 8-bit labelIds")
    if known is None or not known.is_thing or segment.instance == 0 or segment.is_crowd or label == 0:
        return label, label
    if label >= 65:
        raise UserError(f"instances of class id {label} do not fit into Cityscapes' 16-bit instanceIds")
    return label, label * PER_CLASS + min(segment.instance - 1, PER_CLASS - 1)
