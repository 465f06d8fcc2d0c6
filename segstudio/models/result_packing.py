"""A prediction as bytes and back: one JSON head, then arrays and shapes, deflated, under a checksum."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject, Shape
from segstudio.models.prediction import Prediction

_MAGIC = b"SGP1"
_SUM_BYTES = 16
_LENGTH = struct.Struct("<I")


def pack(prediction: Prediction) -> bytes:
    """Bytes from which `unpack` makes the same prediction. Raises `ValueError` for attributes that JSON cannot hold."""
    blocks: list[bytes] = []

    def block(data: bytes) -> int:
        blocks.append(data)
        return len(data)

    labels, confidence = prediction.labels_hw, prediction.confidence_hw
    head: dict[str, Any] = {
        "size": list(prediction.size_hw),
        "classes": prediction.class_set.to_json(),
        "labels": None if labels is None else labels.dtype.str,
        "confidence": confidence is not None,
        "seconds": prediction.seconds,
        "device": prediction.device,
        "reason": prediction.reason,
        "notes": list(prediction.notes),
    }
    for array in (labels, confidence):
        if array is not None:
            block(np.ascontiguousarray(array).tobytes())
    try:
        head["objects"] = [_object_head(item, block) for item in prediction.objects]
        text = json.dumps(head, separators=(",", ":")).encode()
    except TypeError as error:
        raise ValueError(f"cannot be kept: {error}") from None
    body = zlib.compress(b"".join((_LENGTH.pack(len(text)), text, *blocks)), level=1)
    return _MAGIC + hashlib.blake2b(body, digest_size=_SUM_BYTES).digest() + body


def unpack(data: bytes) -> Prediction:
    """The prediction that `pack` made bytes of. Raises `ValueError` where they are damaged."""
    body = data[len(_MAGIC) + _SUM_BYTES :]
    if not data.startswith(_MAGIC + hashlib.blake2b(body, digest_size=_SUM_BYTES).digest()):
        raise ValueError("damaged, or written by another version")
    try:
        return _revived(zlib.decompress(body))
    except (zlib.error, struct.error, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"damaged: {error}") from None


def _revived(raw: bytes) -> Prediction:
    (length,) = _LENGTH.unpack_from(raw)
    head: dict[str, Any] = json.loads(raw[_LENGTH.size : _LENGTH.size + length])
    at = _LENGTH.size + length

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        return raw[at - count : at]

    height, width = head["size"]
    labels = confidence = None
    if head["labels"] is not None:
        kind = np.dtype(head["labels"])
        labels = np.frombuffer(take(height * width * kind.itemsize), kind).reshape(height, width).copy()
    if head["confidence"]:
        confidence = np.frombuffer(take(height * width), np.uint8).reshape(height, width).copy()
    objects = []
    for row in head["objects"]:
        shape = _shape(row.pop("shape"), take)
        objects.append(SegObject(shape=shape, **row))
    return Prediction(
        (height, width),
        ClassSet.from_json(head["classes"]),
        labels,
        confidence,
        tuple(objects),
        head["seconds"],
        head["device"],
        head["reason"],
        tuple(head["notes"]),
    )


def _object_head(item: SegObject, block: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": item.id,
        "class_id": item.class_id,
        "score": item.score,
        "is_crowd": item.is_crowd,
        "z": item.z,
        "attributes": dict(item.attributes),
    }
    shape = item.shape
    if isinstance(shape, MaskShape):
        box = shape.box
        row["shape"] = [shape.height, shape.width, [box.x0, box.y0, box.x1, box.y1], block(shape.counts)]
    else:
        row["shape"] = [[[len(ring) for ring in part.rings_xy] for part in shape.parts]]
        for ring in shape.rings_xy:
            block(np.ascontiguousarray(ring, "<f8").tobytes())
    return row


def _shape(head: list[Any], take: Any) -> Shape:
    if len(head) == 4:
        height, width, box, length = head
        return MaskShape(height, width, take(length), Rect(*box))
    parts = []
    for lengths in head[0]:
        rings = [np.frombuffer(take(16 * count), "<f8").reshape(count, 2).copy() for count in lengths]
        parts.append(PolygonPart(rings[0], tuple(rings[1:])))
    return PolygonShape(tuple(parts))
