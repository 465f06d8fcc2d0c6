"""A prediction as bytes and back: one JSON head, then arrays and shapes, deflated, under a checksum.

Arrays are kept as differences to the row above, of which run lengths remain: quicker than plain deflate, and smaller.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject, Shape
from segstudio.models.prediction import Prediction

_MAGIC = b"SGP2"
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
            block(_differences(array))
    try:
        head["objects"] = [_object_head(item, block) for item in prediction.objects]
        text = json.dumps(head, separators=(",", ":")).encode()
    except TypeError as error:
        raise ValueError(f"cannot be kept: {error}") from None
    deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    body = b"".join((*(deflate.compress(part) for part in (_LENGTH.pack(len(text)), text, *blocks)), deflate.flush()))
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
        labels = _summed(take(height * width * kind.itemsize), kind, (height, width))
    if head["confidence"]:
        confidence = _summed(take(height * width), np.dtype(np.uint8), (height, width))
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


def _differences(array_hw: NDArray[Any]) -> bytes:
    differences_hw = array_hw.copy()
    differences_hw[1:] -= array_hw[:-1]  # unsigned, so that it wraps around and back
    return differences_hw.tobytes()


def _summed(data: bytes, kind: np.dtype[Any], size_hw: tuple[int, int]) -> NDArray[Any]:
    array_hw = np.frombuffer(data, kind).reshape(size_hw).copy()
    for above, row in zip(array_hw, array_hw[1:], strict=False):  # a tenth of the time of NumPy's own running sum
        row += above
    return array_hw


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
