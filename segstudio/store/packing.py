"""How shapes, free-form fields and pre-images become bytes and back."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject, Shape
from segstudio.core.raster import TILE, RasterPatch
from segstudio.core.segments import Segment
from segstudio.core.transaction import Edit

_POLYGON, _MASK = b"P", b"M"
_MASK_HEAD = struct.Struct("<6i")
_BYTES_KEY = "__bytes__"


def to_text(value: Any) -> str:
    """JSON of free-form fields, "" for an empty mapping; numpy values become plain numbers, bytes survive."""
    if isinstance(value, Mapping) and not value:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def from_text(text: str) -> dict[str, Any]:
    """The mapping that `to_text` wrote. Raises `ValueError` where the text is damaged."""
    if not text:
        return {}
    value: dict[str, Any] = json.loads(text, object_hook=_revive)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, bytes):
        return {_BYTES_KEY: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    raise TypeError(f"a {type(value).__name__} cannot be kept in a project")


def _revive(value: dict[str, Any]) -> Any:
    if value.keys() == {_BYTES_KEY}:
        return base64.b64decode(value[_BYTES_KEY])
    return value


def pack_shape(shape: Shape) -> bytes:
    """A shape as bytes: coordinates as float64 exactly, run lengths as they are."""
    if isinstance(shape, MaskShape):
        box = shape.box
        return _MASK + _MASK_HEAD.pack(shape.height, shape.width, box.x0, box.y0, box.x1, box.y1) + shape.counts
    lengths: list[int] = [len(shape.parts)]
    for part in shape.parts:
        lengths += [len(part.rings_xy), *(len(ring) for ring in part.rings_xy)]
    rings = [np.ascontiguousarray(ring, "<f8").reshape(-1, 2) for ring in shape.rings_xy]
    points = b"".join(ring.tobytes() for ring in rings)
    return _POLYGON + struct.pack(f"<{len(lengths) + 1}I", len(lengths), *lengths) + points


def unpack_shape(packed: bytes) -> Shape:
    """The shape that `pack_shape` wrote. Raises `ValueError` where the bytes are damaged."""
    try:
        if packed[:1] == _MASK:
            height, width, *box = _MASK_HEAD.unpack_from(packed, 1)
            return MaskShape(height, width, packed[1 + _MASK_HEAD.size :], Rect(*box))
        if packed[:1] == _POLYGON:
            return _unpack_polygon(packed)
    except (struct.error, IndexError) as error:
        raise ValueError(f"damaged shape: {error}") from None
    raise ValueError("damaged shape")


def _unpack_polygon(packed: bytes) -> PolygonShape:
    (count,) = struct.unpack_from("<I", packed, 1)
    lengths = struct.unpack_from(f"<{count}I", packed, 5)
    points = np.frombuffer(packed, "<f8", offset=5 + 4 * count).astype(np.float64).reshape(-1, 2)
    parts, at, start = [], 1, 0
    for _ in range(lengths[0]):
        rings = []
        for length in lengths[at + 1 : at + 1 + lengths[at]]:
            rings.append(points[start : start + length])
            start += length
        parts.append(PolygonPart(rings[0], tuple(rings[1:])))
        at += 1 + lengths[at]
    if start != len(points):
        raise ValueError("damaged shape: points are missing")
    return PolygonShape(tuple(parts))


def pack_preimage(edit: Edit) -> bytes:
    """The state to which `edit` goes back, as bytes: patches, objects and segments."""
    blobs: list[bytes] = []

    def keep(blob: bytes) -> int:
        blobs.append(blob)
        return len(blob)

    patches = [[p.rect.x0, p.rect.y0, p.rect.x1, p.rect.y1, keep(p.packed)] for p in edit.patches]
    objects = [[p.id, _object_head(p.state, keep)] for p in edit.objects]
    segments = [[p.id, None if p.state is None else _segment_head(p.state)] for p in edit.segments]
    head = to_text({"patches": patches, "objects": objects, "segments": segments}).encode()
    return struct.pack("<I", len(head)) + head + b"".join(blobs)


def unpack_preimage(
    packed: bytes,
) -> tuple[list[RasterPatch], dict[int, SegObject | None], dict[int, Segment | None]]:
    """What `pack_preimage` wrote: patches, objects by id and segments by id (None = was not there)."""
    (size,) = struct.unpack_from("<I", packed)
    head = from_text(packed[4 : 4 + size].decode())
    at = 4 + size

    def take(length: int) -> bytes:
        nonlocal at
        at += length
        return packed[at - length : at]

    patches = [RasterPatch(Rect(*row[:4]), take(row[4])) for row in head["patches"]]
    objects: dict[int, SegObject | None] = {}
    for object_id, row in head["objects"]:
        objects[object_id] = None if row is None else SegObject(object_id, row[0], unpack_shape(take(row[1])), *row[2:])
    segments = {segment_id: None if row is None else Segment(segment_id, *row) for segment_id, row in head["segments"]}
    return patches, objects, segments


def tile_rect(key: tuple[int, int], size_hw: tuple[int, int]) -> Rect:
    """The pixels of tile (row, column) of a raster of that size."""
    row, column = key
    whole = Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)
    return whole.intersect(Rect.of_size(*size_hw))


def unpack_touched(packed: bytes) -> tuple[list[RasterPatch], list[int]]:
    """The patches of what `pack_preimage` wrote and the ids of its objects, whose shapes are passed over."""
    (size,) = struct.unpack_from("<I", packed)
    head = from_text(packed[4 : 4 + size].decode())
    at = 4 + size
    patches = []
    for row in head["patches"]:
        patches.append(RasterPatch(Rect(*row[:4]), packed[at : at + row[4]]))
        at += row[4]
    return patches, [object_id for object_id, _ in head["objects"]]


def _object_head(item: SegObject | None, keep: Any) -> list[Any] | None:
    if item is None:
        return None
    length = keep(pack_shape(item.shape))
    flags = [item.score, item.is_crowd, item.z, item.locked]
    return [item.class_id, length, *flags, dict(item.attributes), dict(item.extra)]


def _segment_head(segment: Segment) -> list[Any]:
    return [segment.class_id, segment.instance, segment.is_crowd, dict(segment.attributes)]
