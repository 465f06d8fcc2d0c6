"""Which object is in front at each pixel: drawn once into a raster of small numbers, mended where objects change."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import ObjectTable, SegObject
from segstudio.ops.shapes import ObjectIndex, mask_of

_MAX_SLOT = 65535
_TILE = 512
_AT_ONCE = 2_000_000
"""Pixels of a change up to which it is painted before the next event."""


class ObjectRaster:
    """Slots 1 … 65535 of the objects of a layer, in a uint16 raster `[H, W]` that shows the front one of each pixel.

    Drawing 10,000 objects then costs what drawing labels costs. The raster is filled tile by tile as `paint_tiles` is
    asked for what is in view; objects can be found by place (`index`) at once. `version` changes when slots or classes
    change, so that colour tables know when to rebuild.
    """

    def __init__(self, size_hw: tuple[int, int], objects: Iterable[SegObject] = ()) -> None:
        self.slots_hw: NDArray[np.uint16] = np.zeros(size_hw, np.uint16)
        self.version = 0
        self.index = ObjectIndex()
        self._size_hw = size_hw
        self._bounds = Rect.of_size(*size_hw)
        self._slot_of: dict[int, int] = {}
        self._class_of: dict[int, int] = {}
        self._free: list[int] = []
        self._blank: set[tuple[int, int]] = set()
        self._left_out: frozenset[int] = frozenset()
        for item in objects:
            self._put(item)
            self._blank.update(item.bounds().grown(1).intersect(self._bounds).grid(_TILE))

    def paint_tiles(self, area: Rect, seconds: float = inf) -> list[Rect]:
        """Paint tiles that touch `area` and are still blank, at least one and until `seconds` are over.

        Returns the rectangles that were painted; none where all of `area` was there.
        """
        ends = monotonic() + seconds
        painted: list[Rect] = []
        if not self._blank:
            return painted
        for key in [key for key in area.intersect(self._bounds).grid(_TILE) if key in self._blank]:
            row, column = key
            tile = Rect(column * _TILE, row * _TILE, (column + 1) * _TILE, (row + 1) * _TILE).intersect(self._bounds)
            self._paint(tile)
            self._blank.discard(key)
            painted.append(tile)
            if monotonic() >= ends:
                break
        return painted

    def is_painted(self, area: Rect) -> bool:
        """Whether no tile that touches `area` is blank."""
        return not self._blank or self._blank.isdisjoint(area.intersect(self._bounds).grid(_TILE))

    def update(self, table: ObjectTable, changed: Iterable[int], area: Rect) -> None:
        """Take over the state of the `changed` objects, all of which lie, before and after, in `area`.

        A large area is only blank again: `paint_tiles` draws what is in view.
        """
        for object_id in changed:
            item = table.get(object_id)
            if item is not None:
                self._put(item)
            elif object_id in self._slot_of:
                self.index.remove(object_id)
                self._free.append(self._slot_of.pop(object_id))
                del self._class_of[object_id]
                self.version += 1
        rect = area.grown(1).intersect(self._bounds)
        if rect.area > _AT_ONCE:
            self._blank.update(rect.grid(_TILE))
        else:
            self._paint(rect)

    def leave_out(self, ids: frozenset[int]) -> None:
        """Do not paint these objects, so that those behind them are seen whole; tiles they lie on are blank again."""
        for object_id in ids ^ self._left_out:
            item = self.index.get(object_id)
            if item is not None:
                self._blank.update(item.bounds().grown(1).intersect(self._bounds).grid(_TILE))
        self._left_out = ids

    def slot_of(self, object_id: int) -> int | None:
        """The number that stands for an object in the raster."""
        return self._slot_of.get(object_id)

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        """(slot, class id, instance) of every object, as `lut.NumberColors` takes them."""
        return [(slot, self._class_of[object_id], object_id) for object_id, slot in self._slot_of.items()]

    def _put(self, item: SegObject) -> None:
        self.index.put(item)
        if item.id not in self._slot_of:
            if not self._free and len(self._slot_of) >= _MAX_SLOT:
                raise UserError(f"an image can show at most {_MAX_SLOT} objects")
            self._slot_of[item.id] = self._free.pop() if self._free else len(self._slot_of) + 1
            self.version += 1
        if self._class_of.get(item.id) != item.class_id:
            self._class_of[item.id] = item.class_id
            self.version += 1

    def _paint(self, area: Rect) -> None:
        rect = area.intersect(self._bounds)
        if rect.is_empty:
            return
        self.slots_hw[rect.slices] = 0
        for item in reversed(self.index.touching(rect.grown(1))):
            box = item.bounds().grown(1).intersect(rect)
            if not box.is_empty and item.id not in self._left_out:
                mask_hw = mask_of(item.shape, box, self._size_hw)
                np.copyto(self.slots_hw[box.slices], np.uint16(self._slot_of[item.id]), where=mask_hw)
