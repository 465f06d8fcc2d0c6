"""Masks as COCO run lengths, and back.

Run lengths count down the columns, first the zeros; this file and `formats` are the only ones that know. Source of the
encoding: pycocotools (`common/maskApi.c`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Rect
from segstudio.core.objects import MaskShape

MAX_PIXELS = 2**31 - 1
"""Run lengths of larger images overflow the 32 bits that the field's readers use."""

Counts = NDArray[np.int64]
"""int64 `[N]`: lengths of runs down the columns, alternately of zeros and ones, beginning with zeros."""

_LONGEST_GROUP = 7  # characters of five bits that a 32-bit length can need


def mask_shape(mask_hw: NDArray[Any], *, size_hw: tuple[int, int], at: Rect | None = None) -> MaskShape:
    """The non-zero pixels of `mask_hw` as a shape of an image of `size_hw`.

    `at` is where `mask_hw` lies in the image (inside it, of the mask's size); without it the mask is the whole image.
    """
    height, width = size_hw
    at = Rect.of_size(height, width) if at is None else at
    if mask_hw.shape != (at.height, at.width) or not Rect.of_size(height, width).contains(at):
        raise ValueError(f"a mask of {mask_hw.shape} at {at} does not fit an image of {size_hw}")
    box = Rect.of_mask(mask_hw)
    if box.is_empty:
        return MaskShape(height, width, _compress(np.array([height * width], np.int64), size_hw), EMPTY)
    image_box = box.moved(at.x0, at.y0)
    counts = _counts(mask_hw[box.slices] != 0, image_box, size_hw)
    return MaskShape(height, width, _compress(counts, size_hw), image_box)


def _counts(mask_hw: NDArray[np.bool_], box: Rect, size_hw: tuple[int, int]) -> Counts:
    # A row of zeros below keeps the runs of neighbouring columns apart.
    columns = np.zeros((box.width, box.height + 1), np.int8)
    columns[:, :-1] = mask_hw.T
    steps = np.diff(columns.reshape(-1), prepend=np.int8(0))
    column, row = np.divmod(np.flatnonzero(steps), box.height + 1)
    edges = (box.x0 + column) * size_hw[0] + box.y0 + row
    # Where the box is as high as the image, runs that go on into the next column are one run after all.
    joined = np.flatnonzero(edges[1:-1:2] == edges[2::2])
    edges = np.delete(edges, np.concatenate((2 * joined + 1, 2 * joined + 2)))
    counts = np.diff(edges, prepend=0, append=size_hw[0] * size_hw[1])
    return counts if counts[-1] else counts[:-1]


def decode(shape: MaskShape, rect: Rect | None = None) -> NDArray[np.bool_]:
    """The pixels of `rect` (default: the whole image) as bool `[rect.height, rect.width]`; False outside the image.

    The cost follows `rect` and the number of runs, not the image. Raises `UserError` for damaged run lengths.
    """
    rect = Rect.of_size(shape.height, shape.width) if rect is None else rect
    return decode_counts(counts_of(shape), (shape.height, shape.width), rect)


def decode_counts(counts: Counts, size_hw: tuple[int, int], rect: Rect) -> NDArray[np.bool_]:
    """As `decode`, for run lengths that add up to the image's pixels."""
    height, width = size_hw
    inside = rect.intersect(Rect.of_size(height, width))
    if inside != rect:
        mask = np.zeros((rect.height, rect.width), np.bool_)
        if not inside.is_empty:
            mask[inside.moved(-rect.x0, -rect.y0).slices] = decode_counts(counts, size_hw, inside)
        return mask
    # Walking the image column by column visits the pixels of `rect` in the order of its own columns, so the place of
    # every run's end in `rect` is found by clamping, and runs outside shrink to nothing.
    column, row = np.divmod(np.cumsum(counts), height)
    place = (column - rect.x0) * rect.height + np.minimum(np.maximum(row - rect.y0, 0), rect.height)
    place = np.minimum(np.maximum(place, 0), rect.area)
    lengths = place.copy()
    lengths[1:] -= place[:-1]
    values = np.zeros(lengths.size, np.bool_)
    values[1::2] = True
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(rect.width, rect.height).T)


def counts_of(shape: MaskShape) -> Counts:
    """The run lengths of a shape, checked: none negative, together the image's pixels. `UserError` where not."""
    return _checked(_decompress(shape.counts), (shape.height, shape.width))


def area(shape: MaskShape) -> int:
    """How many pixels the shape has; remembered, for facts and orders ask for those of thousands."""
    return _area(shape.counts, (shape.height, shape.width))


@lru_cache(maxsize=2048)
def _area(packed: bytes, size_hw: tuple[int, int]) -> int:
    return int(_checked(_decompress(packed), size_hw)[1::2].sum())


def from_counts(counts: Sequence[int] | NDArray[Any], size_hw: tuple[int, int]) -> MaskShape:
    """A shape from uncompressed run lengths, as COCO writes crowds: `[zeros, ones, zeros, …]` down the columns.

    Raises `UserError` where they are no numbers, negative or do not add up to the image.
    """
    try:
        given = np.asarray(counts, np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise UserError("the run lengths of a mask are not integers") from None
    checked = _checked(given, size_hw)
    return MaskShape(*size_hw, _compress(checked, size_hw), _box(checked, size_hw))


def from_string(counts: str | bytes, size_hw: tuple[int, int]) -> MaskShape:
    """A shape from COCO's compressed run lengths. Raises `UserError` where they are damaged."""
    try:
        packed = counts.encode("ascii") if isinstance(counts, str) else bytes(counts)
    except UnicodeEncodeError:
        raise UserError("the compressed run lengths of a mask hold characters that cannot be there") from None
    return MaskShape(*size_hw, packed, _box(_checked(_decompress(packed), size_hw), size_hw))


def to_counts(shape: MaskShape) -> list[int]:
    """Uncompressed run lengths, as COCO writes crowds."""
    return [int(count) for count in counts_of(shape)]


def to_string(shape: MaskShape) -> str:
    """Compressed run lengths as JSON can hold them."""
    return shape.counts.decode("ascii")


def _box(counts: Counts, size_hw: tuple[int, int]) -> Rect:
    height = size_hw[0]
    ends = np.cumsum(counts)
    starts, stops = ends[0::2][: counts.size // 2], ends[1::2]
    filled = stops > starts
    starts, stops = starts[filled], stops[filled] - 1
    if starts.size == 0:
        return EMPTY
    left, right = int(starts[0] // height), int(stops[-1] // height) + 1
    if (starts // height != stops // height).any():
        return Rect(left, 0, right, height)  # a run that goes on into the next column holds its column's last row
    return Rect(left, int((starts % height).min()), right, int((stops % height).max()) + 1)


def _checked(counts: Counts, size_hw: tuple[int, int]) -> Counts:
    height, width = size_hw
    if height <= 0 or width <= 0 or height * width > MAX_PIXELS:
        raise UserError(f"a mask of {width}×{height} pixels cannot be held")
    if counts.size == 0 or counts.min() < 0 or counts.max() > MAX_PIXELS or int(counts.sum()) != height * width:
        raise UserError(f"the run lengths of a mask do not add up to its {width}×{height} pixels")
    return counts


def _compress(counts: Counts, size_hw: tuple[int, int]) -> bytes:
    height, width = size_hw
    packed = coco_mask.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    return bytes(packed["counts"])


def _decompress(packed: bytes) -> Counts:
    """Undo the variable-length code: five bits a character from 48 on, low bits first, 32 = more follows, sign in the
    last character's bit 4; from the fourth length on, each is the difference to the one before the last.
    """
    codes = np.frombuffer(packed, np.uint8) - np.uint8(48)
    if codes.size == 0 or codes.max() > 63 or codes[-1] & 32:
        raise UserError("the compressed run lengths of a mask are damaged")
    codes = codes.astype(np.int64)
    last = np.flatnonzero((codes & 32) == 0)
    first = np.concatenate(([0], last[:-1] + 1))
    length = last - first + 1
    if length.max() > _LONGEST_GROUP:
        raise UserError("the compressed run lengths of a mask are damaged")
    place = np.arange(codes.size) - np.repeat(first, length)
    values = np.add.reduceat((codes & 31) << (5 * place), first)
    negative = (codes[last] & 16) != 0
    values[negative] -= np.int64(1) << (5 * length[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
