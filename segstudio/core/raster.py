"""The label raster: which segment every pixel of a layer belongs to, and packed copies of parts of it."""

from __future__ import annotations

import mmap
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect

TILE = 256
"""Side of the squares in which undo and the project file think, in pixels."""

_PAGE = 2048
"""Pixels of one row that share a page of memory."""

_LARGE_BYTES = 1 << 27
"""Rasters of more bytes than these are held in small pages (see `_zeros`)."""

UNLABELLED = 0
"""The segment id of a pixel that nobody has labelled."""

SegmentIds = NDArray[np.uint16]


class LabelRaster:
    """uint16 segment ids `[H, W]`; 0 is unlabelled.

    One zero-filled allocation: the operating system maps pages on their first write, so untouched areas cost
    nothing, and
    everything that samples, compares or draws works on plain views. `TILE` is the grain of undo and storage, not of
    memory.
    Only `Transaction` and loaders write, through `writable`.
    """

    __slots__ = ("_drawn", "_ids_hw", "_is_own")

    def __init__(self, height: int, width: int) -> None:
        if height <= 0 or width <= 0:
            raise UserError(f"an image of {width}×{height} pixels cannot be labelled")
        self._ids_hw: SegmentIds = _zeros(height, width)
        self._drawn = np.zeros((-(-height // TILE), -(-width // TILE)), np.bool_)
        self._is_own = True

    @classmethod
    def from_array(cls, ids_hw: NDArray[np.integer[Any]]) -> LabelRaster:
        """A raster with a copy of `ids_hw` (any integer dtype, 0…65535)."""
        if ids_hw.ndim != 2:
            raise UserError(f"a label raster has two axes, this array has {ids_hw.ndim}")
        if ids_hw.dtype != np.uint16 and ids_hw.size and not (int(ids_hw.min()) >= 0 and int(ids_hw.max()) <= 65535):
            raise UserError("segment ids outside 0…65535 cannot be held")
        raster = cls(*ids_hw.shape)
        _copy_drawn(ids_hw, raster._ids_hw, raster._drawn)
        return raster

    @classmethod
    def over(cls, ids_hw: SegmentIds) -> LabelRaster:
        """A raster to look at: in one byte a pixel where the ids allow it, else over `ids_hw` itself, not a copy.

        Do not write to `ids_hw` afterwards. `own` makes it one like the others.
        """
        raster = cls(*ids_hw.shape)
        is_narrow = ids_hw.size and int(ids_hw.max()) <= 255
        # Whoever reads takes either kind; what is written has two bytes (see `own`).
        raster._ids_hw = cast("SegmentIds", ids_hw.astype(np.uint8, copy=False)) if is_narrow else ids_hw
        raster._drawn[...] = True
        raster._is_own = False
        return raster

    def own(self) -> None:
        """Hold uint16 that nobody else has, so that it can be written; views taken before follow no longer."""
        if not self._is_own:
            self._ids_hw = self._ids_hw.astype(np.uint16)
            self._is_own = True

    def snapshot(self) -> SegmentIds:
        """A copy of the pixels, uint16 `[H, W]`, that later edits do not touch; untouched areas cost nothing in it."""
        copy = _zeros(*self.size_hw)
        for _, tile in self.drawn_tiles():
            source = self.view(tile)
            if source.any():
                copy[tile.slices] = source
        return copy

    @property
    def size_hw(self) -> tuple[int, int]:
        height, width = self._ids_hw.shape
        return height, width

    @property
    def bounds(self) -> Rect:
        return Rect.of_size(*self._ids_hw.shape)

    @property
    def ids_hw(self) -> SegmentIds:
        """The whole raster as a read-only view that follows later edits; copy it before it crosses a thread."""
        return self.view(self.bounds)

    def view(self, rect: Rect) -> SegmentIds:
        """The pixels of `rect` (inside the image) as a read-only view."""
        view = self._ids_hw[rect.slices]
        view.flags.writeable = False
        return view

    def writable(self, rect: Rect) -> SegmentIds:
        """The pixels of `rect` as a view that writes through; for transactions and loaders only."""
        self.own()
        self._drawn[rect.y0 // TILE : -(-rect.y1 // TILE), rect.x0 // TILE : -(-rect.x1 // TILE)] = True
        return self._ids_hw[rect.slices]

    @property
    def drawn(self) -> NDArray[np.bool_]:
        """bool `[tile rows, tile columns]`: which tiles may hold labels; a read-only view that follows later edits."""
        view = self._drawn.view()
        view.flags.writeable = False
        return view

    def drawn_tiles(self) -> Iterator[tuple[tuple[int, int], Rect]]:
        """`tiles` of those that may hold labels: the others were never written, and looking at them would cost."""
        bounds = self.bounds
        for row, column in np.argwhere(self._drawn).tolist():
            tile = Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)
            yield (row, column), tile.intersect(bounds)

    def tiles(self, rect: Rect) -> Iterator[tuple[tuple[int, int], Rect]]:
        """((tile row, tile column), its rectangle inside the image) of every tile that `rect` touches."""
        bounds = self.bounds
        for row, column in rect.intersect(bounds).grid(TILE):
            tile = Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)
            yield (row, column), tile.intersect(bounds)


def _zeros(height: int, width: int) -> SegmentIds:
    """uint16 zeros `[height, width]` of which only the pages that are written take memory.

    NumPy asks Linux for pages of 2 MB, which of a wide raster are some fifty whole rows: a square of a tenth of the
    width would take as much as a band across the image.
    """
    nbytes = 2 * height * width
    if sys.platform != "linux" or nbytes <= _LARGE_BYTES:
        return np.zeros((height, width), np.uint16)
    pages = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without large pages
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, np.uint16).reshape(height, width)


def _copy_drawn(source_hw: NDArray[np.integer[Any]], target_hw: SegmentIds, drawn: NDArray[np.bool_]) -> None:
    """Copy into zeros what is not zero, so that pages of the target that stay empty are never mapped.

    `drawn` gets the tiles that hold anything.
    """
    height, width = source_hw.shape
    for row in range(0, height, TILE):
        strip = source_hw[row : row + TILE]
        used = np.asarray(strip.any(axis=0))
        drawn[row // TILE] = np.logical_or.reduceat(used, np.arange(0, width, TILE))
        for column in range(0, width, _PAGE):
            if used[column : column + _PAGE].any():
                target_hw[row : row + TILE, column : column + _PAGE] = strip[:, column : column + _PAGE]


_RUNS, _DEFLATED = b"R", b"Z"


@dataclass(frozen=True, slots=True)
class RasterPatch:
    """The pixels of one rectangle, packed: run lengths where there are few runs (labels mostly are), else deflate."""

    rect: Rect
    packed: bytes

    @classmethod
    def pack(cls, rect: Rect, ids_hw: SegmentIds) -> RasterPatch:
        """Pack uint16 `ids_hw`, which has the size of `rect`."""
        flat = np.ascontiguousarray(ids_hw).reshape(-1)
        starts = np.flatnonzero(flat[1:] != flat[:-1]).astype(np.uint32) + np.uint32(1)
        if starts.size * 3 < flat.size:
            starts = np.concatenate((np.zeros(1, np.uint32), starts))
            return cls(rect, _RUNS + starts.astype("<u4").tobytes() + flat[starts].astype("<u2").tobytes())
        return cls(rect, _DEFLATED + zlib.compress(flat.astype("<u2").tobytes(), 1))

    def unpack(self) -> SegmentIds:
        """The pixels as uint16 `[rect.height, rect.width]`.

        Raises `ValueError` where the bytes are not what `pack` wrote.
        """
        kind, body = self.packed[:1], self.packed[1:]
        shape = self.rect.height, self.rect.width
        if kind == _RUNS and len(body) % 6 == 0:
            count = len(body) // 6
            starts = np.frombuffer(body, "<u4", count).astype(np.int64)
            values = np.frombuffer(body, "<u2", count, offset=4 * count)
            lengths = np.diff(starts, append=self.rect.area)
            if starts.size and starts[0] == 0 and (lengths > 0).all():
                return np.repeat(values, lengths).astype(np.uint16, copy=False).reshape(shape)
        elif kind == _DEFLATED:
            try:
                raw = zlib.decompressobj().decompress(body, self.rect.area * 2 + 1)
            except zlib.error as error:
                raise ValueError(f"damaged label pixels: {error}") from None
            if len(raw) == self.rect.area * 2:
                return np.frombuffer(raw, "<u2").astype(np.uint16).reshape(shape)
        raise ValueError("damaged label pixels")


@dataclass(frozen=True, slots=True)
class RasterDelta:
    """What one write did: the pixels of `rect` before and after it, uint16 `[rect.height, rect.width]` each."""

    rect: Rect
    before_hw: SegmentIds
    after_hw: SegmentIds
