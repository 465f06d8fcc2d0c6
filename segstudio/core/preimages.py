"""What an edit found before it wrote: the touched tiles of a raster, kept as pixels while a gesture is in flux, packed
as soon as a large edit is done with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.raster import LabelRaster, RasterDelta, RasterPatch, SegmentIds

if TYPE_CHECKING:
    from collections.abc import Mapping

TileKey = tuple[int, int]
"""(tile row, tile column)."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A tile that is done with: the way back (None = as it was), how many pixels differ, and what it holds now."""

    patch: RasterPatch | None
    pixels: int
    now: bytes | None


class PreImages:
    """The tiles of one raster as they were when an edit first touched them.

    `keep` comes before each write. `pack` turns what is kept into run lengths: a stroke does it once, at its end, an
    edit of a whole large image after each part, so that its way back never costs as much memory as the image itself. A
    packed tile that is written again is unpacked first.
    """

    def __init__(self, raster: LabelRaster) -> None:
        self._raster = raster
        self._loose: dict[TileKey, tuple[Rect, SegmentIds]] = {}
        self._packed: dict[TileKey, _Packed] = {}

    def keep(self, rect: Rect) -> None:
        """Keep what has not been kept yet of the tiles that `rect`, about to be written, touches."""
        for key, tile in self._raster.tiles(rect):
            if key in self._loose:
                continue
            found = self._raster.view(tile).copy()
            packed = self._packed.pop(key, None)
            if packed is not None and packed.patch is not None:
                box = packed.patch.rect.moved(-tile.x0, -tile.y0)
                found[box.slices] = packed.patch.unpack()
            self._loose[key] = tile, found

    def pack(self, *, with_now: bool = False) -> None:
        """Pack every tile that is kept as pixels; `with_now` also packs what those that changed hold now."""
        for key, (tile, saved) in self._loose.items():
            current = self._raster.view(tile)
            changed = saved != current
            pixels = int(np.count_nonzero(changed))
            if not pixels:
                self._packed[key] = _Packed(None, 0, None)
                continue
            box = Rect.of_mask(changed) if pixels < changed.size else Rect.of_size(*changed.shape)
            patch = RasterPatch.pack(box.moved(tile.x0, tile.y0), saved[box.slices])
            self._packed[key] = _Packed(patch, pixels, packed_tile(tile, current) if with_now else None)
        self._loose.clear()

    def patches(self) -> tuple[RasterPatch, ...]:
        """The way back, for what was packed and differs, in the order of the first packing."""
        return tuple(packed.patch for packed in self._packed.values() if packed.patch is not None)

    def now(self) -> Mapping[TileKey, bytes]:
        """What the tiles hold now that were packed `with_now`; see `packed_tile`."""
        return {key: packed.now for key, packed in self._packed.items() if packed.now is not None}

    @property
    def pixels(self) -> int:
        """How many pixels of the packed tiles differ from what they were."""
        return sum(packed.pixels for packed in self._packed.values())

    def restore(self) -> Iterator[RasterDelta]:
        """Put everything back, tile by tile; tells what each had and has."""
        for packed in self._packed.values():
            if packed.patch is not None:
                yield swapped(self._raster, packed.patch)
        for rect, saved in self._loose.values():
            target = self._raster.writable(rect)
            before = target.copy()
            target[...] = saved
            yield RasterDelta(rect, before, saved)


def swapped(raster: LabelRaster, patch: RasterPatch) -> RasterDelta:
    """Write the pixels of a patch into the raster; returns what was there and what is."""
    target = raster.writable(patch.rect)
    before, after = target.copy(), patch.unpack()
    target[...] = after
    return RasterDelta(patch.rect, before, after)


def packed_tile(tile: Rect, ids_hw: SegmentIds) -> bytes:
    """The pixels of a whole tile as the project file stores them; b"" where none is labelled."""
    return RasterPatch.pack(tile, ids_hw).packed if ids_hw.any() else b""
