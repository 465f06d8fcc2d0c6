"""Who made each pixel and object of a layer: found by walking its edits back from the newest, tile by tile.

A pixel's origin is the edit that gave it the value it has. An undo gives pixels the origin that they had before what
it takes back; restoring an earlier state gives them the origin that they had then. What an edit left as it was, though
it painted there, keeps its origin.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken
from segstudio.core.raster import TILE, RasterPatch, SegmentIds
from segstudio.store.packing import tile_rect

TileKey = tuple[int, int]
Origin = Mapping[str, str]
"""`kind` (see `records.ORIGIN_KINDS`), and what is known of `person`, `tool`, `when` (UTC, ISO 8601), of the `run`,
`model` and `weights` (SHA-256) that it was taken from, and `from`: the data set or the image that it came from.
"""

UNKNOWN: Origin = {"kind": "unknown"}
BROUGHT: Origin = {"kind": "imported"}
"""Of labels that were there before the first edit."""
OriginIndices = NDArray[np.uint16]
_MOST = 65535
_WHOSE = ("kind", "person", "tool", "run", "model", "weights", "from")


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """What is known of a layer after edit `edit_id`, where the history that is kept begins.

    `tiles` are packed places in `origins` (1 is the first, 0 nobody); in tiles that are not there every labelled pixel
    has origin number `rest`, 0 for `BROUGHT`. `objects` are places by object id; those of all others is `rest` too.
    """

    edit_id: int = 0
    origins: tuple[Origin, ...] = ()
    rest: int = 0
    tiles: Mapping[TileKey, bytes] = field(default_factory=dict)
    objects: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, origin: Origin, edit_id: int) -> Base:
        """Everything that is there after an edit has one origin."""
        return cls(edit_id, (origin,), 1)

    @property
    def remainder(self) -> Origin:
        """The origin of what no edit since touched."""
        return self.origins[self.rest - 1] if self.rest else BROUGHT

    def pack(self) -> bytes:
        """The base as bytes, without `edit_id`."""
        places = [[ty, tx, len(packed)] for (ty, tx), packed in self.tiles.items()]
        objects = list(self.objects.items())
        head = {"origins": [dict(o) for o in self.origins], "rest": self.rest, "tiles": places, "objects": objects}
        text = zlib.compress(json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode(), 6)
        return struct.pack("<I", len(text)) + text + b"".join(self.tiles.values())

    @classmethod
    def unpack(cls, packed: bytes, edit_id: int) -> Base:
        """The base that `pack` wrote."""
        (size,) = struct.unpack_from("<I", packed)
        head = json.loads(zlib.decompress(packed[4 : 4 + size]))
        at = 4 + size
        tiles = {}
        for ty, tx, length in head["tiles"]:
            tiles[ty, tx] = packed[at : at + length]
            at += length
        objects = {int(object_id): int(place) for object_id, place in head["objects"]}
        return cls(edit_id, tuple(head["origins"]), head["rest"], tiles, objects)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One edit of a layer: what it says of itself, and what it replaced.

    `restores` is the edit whose state it brought back (0 = before the first), None for all others.
    """

    id: int
    origin: Origin
    is_undo: bool = False
    restores: int | None = None
    patches: Sequence[RasterPatch] = ()
    objects: Sequence[int] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OriginRaster:
    """Who made each pixel of a layer: `index_hw` is uint16 `[H, W]`, the place in `origins` (0 is nobody).

    A pixel that somebody made unlabelled has an origin too. `edit_id` is the newest edit that is counted in.
    """

    index_hw: OriginIndices
    origins: tuple[Origin, ...]
    edit_id: int = 0

    def at(self, x: int, y: int) -> Origin | None:
        """The origin of a pixel; None where nobody touched it or it lies outside."""
        height, width = self.index_hw.shape
        if not (0 <= x < width and 0 <= y < height):
            return None
        return self.origins[int(self.index_hw[y, x])]

    def of_kinds(self, kinds: Iterable[str]) -> NDArray[np.bool_]:
        """bool `[H, W]`: the pixels whose origin is of one of these kinds."""
        wanted = frozenset(kinds)
        return np.asarray(np.array([origin.get("kind") in wanted for origin in self.origins])[self.index_hw])

    def counts(self, ids_hw: SegmentIds) -> list[tuple[Origin, int]]:
        """How many labelled pixels of `ids_hw`, `[H, W]`, each author made, most first: origins but for `when`."""
        found = np.zeros(len(self.origins), np.int64)
        for top in range(0, len(ids_hw), TILE):
            strip = slice(top, top + TILE)
            found += np.bincount(self.index_hw[strip][ids_hw[strip] != 0], minlength=len(self.origins))
        return summed((self.origins[place], int(found[place])) for place in np.flatnonzero(found).tolist())


def author(origin: Origin) -> Origin:
    """An origin without its time."""
    return {name: origin[name] for name in _WHOSE if name in origin}


def summed(counts: Iterable[tuple[Origin, int]]) -> list[tuple[Origin, int]]:
    """Pixels by author, most first."""
    total: dict[tuple[tuple[str, str], ...], int] = {}
    for origin, pixels in counts:
        key = tuple(author(origin).items())
        total[key] = total.get(key, 0) + pixels
    return [(dict(key), pixels) for key, pixels in sorted(total.items(), key=lambda item: (-item[1], item[0]))]


class OriginTable:
    """Origins in the order of their numbers; number 0 is nobody."""

    def __init__(self) -> None:
        self.origins: list[Origin] = [{}]
        self._numbers: dict[object, int] = {}
        self._authors: dict[tuple[tuple[str, str], ...], int] = {}

    def number(self, origin: Origin, key: object) -> int:
        """The number of the origin that `key` stands for. Where numbers run out, that of another with its author."""
        found = self._numbers.get(key)
        if found is None:
            by = tuple(author(origin).items())
            if len(self.origins) <= _MOST:
                found = len(self.origins)
                self.origins.append(origin)
                self._authors.setdefault(by, found)
            else:
                found = self._authors.get(by, 0)
            self._numbers[key] = found
        return found


class Replay:
    """The edits of one layer over a base, and the tiles of its raster as they are now.

    `tiles` are packed (see `RasterPatch`); those without a labelled pixel are missing. `steps` come after the base.
    """

    def __init__(
        self, size_hw: tuple[int, int], tiles: Mapping[TileKey, bytes], base: Base, steps: Sequence[Step]
    ) -> None:
        self._size_hw = size_hw
        self._tiles = tiles
        self._base = base
        self._steps = steps
        self._standing: dict[int, frozenset[int]] = {}
        self._by_tile: dict[TileKey, list[tuple[int, RasterPatch]]] = {}
        for place, step in enumerate(steps):
            for patch in step.patches:
                for key in patch.rect.grid(TILE):
                    self._by_tile.setdefault(key, []).append((place, patch))

    @property
    def base(self) -> Base:
        """What the edits stand on."""
        return self._base

    @property
    def newest(self) -> int:
        """The newest edit, or that of the base."""
        return self._steps[-1].id if self._steps else self._base.edit_id

    def raster(self, *, cancel: CancelToken | None = None) -> OriginRaster:
        """Who made each pixel as it is now."""
        index_hw = np.zeros(self._size_hw, np.uint16)
        table = OriginTable()
        for key in {*self._tiles, *self._by_tile, *self._base.tiles}:
            if cancel is not None:
                cancel.raise_if_cancelled()
            found = self._tile(key, self._current(key), self.newest, table)
            if found.any():
                index_hw[tile_rect(key, self._size_hw).slices] = found
        return OriginRaster(index_hw, tuple(table.origins), self.newest)

    def tally(self, *, cancel: CancelToken | None = None) -> list[tuple[Origin, int]]:
        """How many labelled pixels each origin has, without a raster of the whole; in the order of their times."""
        table = OriginTable()
        found: Counter[int] = Counter()
        for key in self._tiles:
            if cancel is not None:
                cancel.raise_if_cancelled()
            now_hw = self._current(key)
            if key not in self._by_tile and key not in self._base.tiles:
                found[self._rest(table)] += int(np.count_nonzero(now_hw))
                continue
            labelled = now_hw != 0
            counted = np.bincount(self._tile(key, now_hw, self.newest, table)[labelled])
            for number in np.flatnonzero(counted).tolist():
                found[number] += int(counted[number])
        told = [(table.origins[number], pixels) for number, pixels in sorted(found.items()) if pixels]
        return sorted(told, key=lambda one: one[0].get("when", ""))

    def objects(self) -> dict[int, Origin]:
        """Who made each object that was ever there."""
        return self._objects(self.newest)

    def place_to_fold(self, edit_id: int, *, limit: int | None = None) -> int:
        """The edit near `edit_id` after which no edit goes back to a state before it: a later one, up to `limit`, or
        else an earlier one.
        """
        spans = self._ways_back()
        later = edit_id
        for back_to, by in spans:
            if back_to < later < by:
                later = by
        if limit is None or later <= limit:
            return later
        for back_to, by in reversed(spans):
            if back_to < edit_id < by:
                edit_id = back_to
        return max(edit_id, self._base.edit_id)

    def _ways_back(self) -> list[tuple[int, int]]:
        """(the edit after which the state was, the edit that went back to it), in the order of the second."""
        stack: list[int] = []
        spans = []
        for step in self._steps:
            back_to = step.restores
            if not step.is_undo:
                stack.append(step.id)
            elif stack:
                back_to = stack.pop() - 1
            if back_to is not None:
                spans.append((back_to, step.id))
        return spans

    def fold(self, upto: int, present: Collection[int]) -> Base:
        """The base after edit `upto`, which must be a place to fold; `present` are the objects that there are now."""
        table = OriginTable()
        tiles = {}
        touched = {key for key, patches in self._by_tile.items() if self._steps[patches[0][0]].id <= upto}
        for key in sorted({*touched, *self._base.tiles}):
            rect = tile_rect(key, self._size_hw)
            now_hw = self._current(key)
            for place, patch in reversed(self._by_tile.get(key, ())):
                if self._steps[place].id > upto:
                    _put_back(now_hw, rect, patch)
            tiles[key] = RasterPatch.pack(rect, self._tile(key, now_hw, upto, table)).packed
        rest = self._rest(table)
        # No other object can come back.
        kept = {*present, *(object_id for step in self._steps if step.id > upto for object_id in step.objects)}
        objects = {}
        for object_id, origin in self._objects(upto).items():
            if object_id in kept:
                objects[object_id] = table.number(origin, ("object", tuple(origin.items())))
        return Base(upto, tuple(table.origins[1:]), rest, tiles, objects)

    def _stands(self, state: int) -> frozenset[int]:
        """The steps (by place) that lead to the state after an edit, without those that were taken back by then."""
        if state not in self._standing:
            stack: list[int] = []
            for place, step in enumerate(self._steps):
                if step.id > state:
                    break
                if step.is_undo and stack and not self._steps[stack[-1]].is_undo:
                    stack.pop()  # what it took back and itself come to nothing
                else:
                    stack.append(place)
            self._standing[state] = frozenset(stack)
        return self._standing[state]

    def _current(self, key: TileKey) -> SegmentIds:
        rect = tile_rect(key, self._size_hw)
        packed = self._tiles.get(key)
        if packed is None:
            return np.zeros((rect.height, rect.width), np.uint16)
        return RasterPatch(rect, packed).unpack().copy()

    def _tile(self, key: TileKey, now_hw: SegmentIds, state: int, table: OriginTable) -> OriginIndices:
        """Numbers of the origins of a tile that looks like `now_hw`, which is lost, after edit `state`."""
        tile = tile_rect(key, self._size_hw)
        found_hw = np.zeros(now_hw.shape, np.uint16)
        patches = self._by_tile.get(key, ())
        # Pixels whose maker is looked for, and the state from which one looks.
        searches = [(state, np.ones(now_hw.shape, np.bool_), now_hw)]
        while searches:
            state, sought_hw, now_hw = searches.pop()
            stands = self._stands(state)
            for place, patch in reversed(patches):
                if place not in stands:
                    continue
                area = patch.rect.intersect(tile).moved(-tile.x0, -tile.y0).slices
                sought = sought_hw[area]
                if not sought.any():
                    continue
                here_hw = now_hw[area].copy()
                _put_back(now_hw, tile, patch)
                changed = (now_hw[area] != here_hw) & sought
                if not changed.any():
                    continue
                sought &= ~changed
                step = self._steps[place]
                if step.restores is not None and step.restores >= self._base.edit_id:
                    wanted_hw, then_hw = np.zeros_like(sought_hw), now_hw.copy()
                    wanted_hw[area], then_hw[area] = changed, here_hw
                    searches.append((step.restores, wanted_hw, then_hw))
                else:
                    found_hw[area][changed] = self._number(step, table)
            self._look_up(key, sought_hw, now_hw, found_hw, table)
        return found_hw

    def _look_up(
        self,
        key: TileKey,
        sought_hw: NDArray[np.bool_],
        then_hw: SegmentIds,
        found_hw: OriginIndices,
        table: OriginTable,
    ) -> None:
        """Pixels that no edit made: as the base has them."""
        base = self._base
        packed = base.tiles.get(key)
        if packed is None:
            sought_hw = sought_hw & (then_hw != 0)
            if sought_hw.any():
                found_hw[sought_hw] = self._rest(table)
            return
        kept_hw = RasterPatch(tile_rect(key, self._size_hw), packed).unpack()
        numbers = np.zeros(len(base.origins) + 1, np.uint16)
        for place in np.unique(kept_hw[sought_hw]).tolist():
            if place:
                numbers[place] = self._kept(place, table)
        found_hw[sought_hw] = numbers[kept_hw[sought_hw]]

    def _rest(self, table: OriginTable) -> int:
        return self._kept(self._base.rest, table) if self._base.rest else table.number(BROUGHT, "brought")

    def _kept(self, place: int, table: OriginTable) -> int:
        return table.number(self._base.origins[place - 1], ("base", place))

    @staticmethod
    def _number(step: Step, table: OriginTable) -> int:
        if step.is_undo or step.restores is not None:  # back to what is no longer kept
            return table.number(UNKNOWN, "unknown")
        return table.number(step.origin, step.id)

    def _objects(self, state: int) -> dict[int, Origin]:
        base = self._base
        known: dict[int, dict[int, Origin]] = {}
        restored = {step.restores for step in self._steps if step.restores is not None and step.id <= state}
        for then in sorted({state, *(one for one in restored if one >= base.edit_id)}):
            found = {object_id: base.origins[place - 1] for object_id, place in base.objects.items() if place}
            for place in sorted(self._stands(then)):
                step = self._steps[place]
                if step.restores is not None:
                    before = known.get(step.restores, {})
                    found.update((object_id, before.get(object_id, UNKNOWN)) for object_id in step.objects)
                else:
                    found.update(dict.fromkeys(step.objects, UNKNOWN if step.is_undo else step.origin))
            known[then] = found
        return known[state]


def _put_back(now_hw: SegmentIds, tile: Rect, patch: RasterPatch) -> None:
    """Take an edit back as far as it lies in a tile."""
    inside = patch.rect.intersect(tile)
    part = inside.moved(-patch.rect.x0, -patch.rect.y0)
    now_hw[inside.moved(-tile.x0, -tile.y0).slices] = patch.unpack()[part.slices]
