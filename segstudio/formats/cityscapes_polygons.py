"""Cityscapes' polygons JSON: to objects and back, and the pixels that its own tools draw from it.

The rules are those of cityscapesScripts' `createLabels` (json2labelImg.py, json2instanceImg.py): polygons are painted
in order with Pillow's fill, which includes the outline; `cargroup` is a group of `car`; classes of negative id are
not drawn; the n-th single polygon of a class with instances is instance n.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from segstudio.formats.files import read_json, sane_size, shown

LABEL = "polygon_label"
"""Key in an object's `extra`: its label as the polygons file spells it; tells these objects from drawn ones."""
CLOSED = "polygon_closed"
"""Key in an object's `extra`: the file repeats the first point as the last."""

GROUP = "group"
LONGEST_COORDINATE = 1e6
MAX_PAINTED = 1 << 28
"""Pixels of the largest raster that is painted because a text file says so."""


@dataclass(frozen=True, slots=True)
class PolygonFile:
    """One polygons JSON: image size, objects in paint order, deleted polygons with their place, other fields."""

    size_hw: tuple[int, int]
    objects: tuple[SegObject, ...]
    deleted: tuple[tuple[int, Mapping[str, Any]], ...]
    fields: Mapping[str, Any]


def read_polygons(path: Path, class_set: ClassSet) -> PolygonFile:
    """Read a polygons JSON; raises `UserError` naming the file, and the object where one is wrong."""
    document = read_json(path)
    try:
        size_hw = int(document["imgHeight"]), int(document["imgWidth"])
        rows = document["objects"]
        if not isinstance(rows, list):
            raise TypeError("objects is no list")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{path}: not a Cityscapes polygons file: {type(error).__name__} {error}") from None
    if not sane_size(size_hw) or size_hw[0] * size_hw[1] > MAX_PAINTED:
        raise UserError(f"{path}: an image of {size_hw[1]}×{size_hw[0]} pixels cannot be")
    objects: list[SegObject] = []
    deleted: list[tuple[int, Mapping[str, Any]]] = []
    for position, row in enumerate(rows):
        if isinstance(row, dict) and row.get("deleted"):
            deleted.append((position, row))
        else:
            objects.append(_object(row, len(objects), class_set, f"{path}: object {position}"))
    fields = {k: v for k, v in document.items() if k not in ("imgHeight", "imgWidth", "objects")}
    return PolygonFile(size_hw, tuple(objects), tuple(deleted), fields)


def _object(row: Any, index: int, class_set: ClassSet, where: str) -> SegObject:
    try:
        label = str(row["label"])
        points_xy = np.array(row["polygon"], np.float64).reshape(-1, 2)
        is_closed = len(points_xy) > 3 and points_xy[0].tolist() == points_xy[-1].tolist()
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{where}: not a polygon: {type(error).__name__} {error}") from None
    if points_xy.size and not np.abs(points_xy).max() <= LONGEST_COORDINATE:  # also refuses what is not a number
        raise UserError(f"{where}: has coordinates beyond any image")
    class_id, is_group = class_of_label(label, class_set, where)
    extra = {k: v for k, v in row.items() if k not in ("label", "polygon")}
    extra[LABEL] = label
    if is_closed:
        points_xy = points_xy[:-1]
        extra[CLOSED] = True
    shape = PolygonShape((PolygonPart(points_xy),))
    return SegObject(index, class_id, shape, is_crowd=is_group, z=index, extra=extra)


def class_of_label(label: str, class_set: ClassSet, where: str) -> tuple[int, bool]:
    """(class id, is it a group) of a label; raises `UserError` for labels that the class set does not know."""
    known = class_set.by_name.get(label)
    if known is not None:
        return known.id, False
    known = class_set.by_name.get(label.removesuffix(GROUP)) if label.endswith(GROUP) else None
    if known is None:
        raise UserError(f"{where}: class {shown(label)} is not in the class set {class_set.name!r}")
    return known.id, True


def to_document(
    size_hw: tuple[int, int],
    objects: Iterable[SegObject],
    class_set: ClassSet,
    deleted: Sequence[tuple[int, Mapping[str, Any]]] = (),
    fields: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The polygons JSON of objects in paint order; deleted polygons go back to their places."""
    rows: list[Mapping[str, Any]] = [_row(item, class_set) for item in objects]
    for position, row in sorted(deleted, key=lambda pair: pair[0]):
        rows.insert(position, row)
    return {"imgHeight": size_hw[0], "imgWidth": size_hw[1], **(fields or {}), "objects": rows}


def _row(item: SegObject, class_set: ClassSet) -> dict[str, Any]:
    assert isinstance(item.shape, PolygonShape)
    extra = {k: v for k, v in item.extra.items() if k not in (LABEL, CLOSED)}
    ring = item.shape.parts[0].exterior_xy if item.shape.parts else np.zeros((0, 2))
    points = [[_number(x), _number(y)] for x, y in ring.tolist()]
    if item.extra.get(CLOSED) and points:
        points.append(list(points[0]))
    return {"label": label_of(item, class_set), **extra, "polygon": points}


def label_of(item: SegObject, class_set: ClassSet) -> str:
    """The label of an object: as it was read where that still says the same, else class name (+ "group")."""
    name = class_set.by_id[item.class_id].name
    plain = name + GROUP if item.is_crowd else name
    old = item.extra.get(LABEL)
    return old if isinstance(old, str) and old.removesuffix(GROUP) == name and item.is_crowd == (old != name) else plain


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def paint_order(
    size_hw: tuple[int, int], rings_xy: Sequence[Points], drawn: Sequence[bool] | None = None
) -> NDArray[np.uint8] | NDArray[np.int32]:
    """`[H, W]`: 1 + the index of the last ring over each pixel, 0 where none is, by Pillow's polygon rule.

    uint8 for up to 255 rings, else int32.
    """
    # Pillow fills rows of bytes several times as fast as rows of 32-bit numbers.
    is_narrow = len(rings_xy) < 256
    if is_narrow:
        # Pillow draws into NumPy's own memory: its way from pictures into arrays copies twice.
        values: NDArray[Any] = np.zeros(size_hw, np.uint8)
        canvas = Image.frombuffer("L", (size_hw[1], size_hw[0]), values, "raw", "L", 0, 1)
        canvas.readonly = 0
    else:
        canvas = Image.new("I", (size_hw[1], size_hw[0]), 0)
    pencil = ImageDraw.Draw(canvas)
    for index, ring_xy in enumerate(rings_xy):
        if len(ring_xy) and (drawn is None or drawn[index]):
            flat = ring_xy.reshape(-1).tolist()
            pencil.polygon(flat if len(flat) > 2 else flat * 2, fill=index + 1)
    return values if is_narrow else np.frombuffer(canvas.tobytes(), np.int32).reshape(size_hw)


def painted_values(
    size_hw: tuple[int, int], objects: Sequence[SegObject], class_set: ClassSet
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """labelIds (uint8) and instanceIds (uint16) `[H, W]` that `createLabels` draws from the objects."""
    label_lut = np.zeros(len(objects) + 1, np.uint8)
    instance_lut = np.zeros(len(objects) + 1, np.uint16)
    number: dict[int, int] = {}
    for rank, item in enumerate(objects, 1):
        label_lut[rank] = max(item.class_id, 0)
        instance_lut[rank] = max(item.class_id, 0)
        if class_set.by_id[item.class_id].is_thing and not item.is_crowd:
            instance_lut[rank] = item.class_id * 1000 + number.get(item.class_id, 0)
            number[item.class_id] = number.get(item.class_id, 0) + 1
    rings = [_ring(item) for item in objects]
    order_hw = paint_order(size_hw, rings, [item.class_id >= 0 for item in objects])
    return _looked_up(label_lut, order_hw), _looked_up(instance_lut, order_hw)


def _looked_up(lut: NDArray[Any], order_hw: NDArray[Any]) -> NDArray[Any]:
    if order_hw.dtype != np.uint8:
        return np.asarray(lut[order_hw])
    padded = np.zeros(256, lut.dtype)
    padded[: len(lut)] = lut
    return np.asarray(cv2.LUT(order_hw, padded))


def _ring(item: SegObject) -> Points:
    assert isinstance(item.shape, PolygonShape)
    ring_xy = item.shape.parts[0].exterior_xy if item.shape.parts else np.zeros((0, 2))
    # Whether a ring is closed changes no pixel, but Pillow draws what the file says.
    return np.vstack((ring_xy, ring_xy[:1])) if item.extra.get(CLOSED) and len(ring_xy) else ring_xy
