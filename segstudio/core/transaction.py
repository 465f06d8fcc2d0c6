"""The only way to change a layer: pre-images on the first write, then commit to an `Edit` or revert to what was."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_patch import ClassSetPatch
from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Rect, union_all
from segstudio.core.layer import Layer
from segstudio.core.objects import SegObject
from segstudio.core.preimages import PreImages, TileKey, packed_tile, swapped
from segstudio.core.raster import RasterDelta, RasterPatch, SegmentIds
from segstudio.core.segments import Segment


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edit touched; views decide from it what to redraw.

    `pixels` holds every changed raster pixel (image frame); `objects` the ids of changed objects and `object_area` the
    rectangle that holds them before and after; `segments` and `classes` say that tables changed.
    """

    layer: str
    pixels: Rect = EMPTY
    objects: frozenset[int] = frozenset()
    object_area: Rect = EMPTY
    segments: bool = False
    classes: bool = False

    @property
    def area(self) -> Rect:
        """Everything that may look different."""
        return self.pixels.union(self.object_area)


@dataclass(frozen=True, slots=True)
class ObjectPatch:
    """An object's state to go back to; None means that it was not there."""

    id: int
    state: SegObject | None


@dataclass(frozen=True, slots=True)
class SegmentPatch:
    """A segment's state to go back to; None means that it was not there."""

    id: int
    state: Segment | None


@dataclass(frozen=True, slots=True)
class Edit:
    """A named change as it can be taken back: the state *before* it. `swap` applies that state and gives the way
    forward.

    `provenance` says where the change came from (tool, person, model run); `seconds` how long the person took; `pixels`
    how many raster pixels changed. `class_set` leads back to the classes before, where the edit changed some.
    `tiles_now` holds touched tiles as they are *after* it, packed for the store (see `preimages.packed_tile`), where a
    large edit has them at hand; a history keeps edits without (`to_keep`).
    """

    name: str
    changes: Changes
    patches: tuple[RasterPatch, ...] = ()
    objects: tuple[ObjectPatch, ...] = ()
    segments: tuple[SegmentPatch, ...] = ()
    class_set: ClassSetPatch | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    pixels: int = 0
    tiles_now: Mapping[TileKey, bytes] = field(default_factory=dict)

    @property
    def layer(self) -> str:
        return self.changes.layer

    @property
    def nbytes(self) -> int:
        """Memory that keeping this edit costs, in bytes (objects estimated by their points)."""
        shapes = sum(_shape_bytes(patch.state) for patch in self.objects)
        return 512 + sum(len(patch.packed) + 64 for patch in self.patches) + shapes + 128 * len(self.segments)

    @property
    def area_of_patches(self) -> int:
        """Raster pixels that taking it back writes: the measure of how long that takes."""
        return sum(patch.rect.area for patch in self.patches)

    def to_keep(self) -> Edit:
        """The edit as a history keeps it: only the way back."""
        return replace(self, tiles_now={}) if self.tiles_now else self

    def swap(self, layer: Layer) -> tuple[Edit, list[RasterDelta]]:
        """Put the kept state into `layer`; returns the edit that takes *this* back and what happened to the raster.

        The class set is not the layer's: who owns it swaps it (see `Document`).
        """
        steps, deltas = self.swapping(layer), []
        while True:
            try:
                deltas.append(next(steps))
            except StopIteration as end:
                return end.value, deltas

    def swapping(self, layer: Layer, *, with_tiles: bool = False) -> Generator[RasterDelta, None, Edit]:
        """`swap` patch by patch, for edits so large that other work goes on between; the raster is as it was only when
        it has ended. `with_tiles` gives the inverse `tiles_now`.

        A segment is there as long as pixels may still be told to have it: those that come back come first, those that
        go go last.
        """
        back_first = [patch for patch in self.segments if patch.state is not None]
        segments = [_swap_segment(layer, patch) for patch in back_first]
        back: list[RasterPatch] = []
        tiles: dict[TileKey, bytes] = {}
        for patch in self.patches:
            delta = swapped(layer.raster, patch)
            back.append(RasterPatch.pack(patch.rect, delta.before_hw))
            if with_tiles:
                for key, tile in layer.raster.tiles(patch.rect):
                    tiles[key] = packed_tile(tile, layer.raster.view(tile))
            yield delta
        objects = tuple(_swap_object(layer, patch) for patch in self.objects)
        segments += [_swap_segment(layer, patch) for patch in self.segments if patch.state is None]
        return replace(
            self, patches=tuple(back), objects=objects, segments=tuple(segments), class_set=None, tiles_now=tiles
        )


def _swap_object(layer: Layer, patch: ObjectPatch) -> ObjectPatch:
    back = ObjectPatch(patch.id, layer.objects.get(patch.id))
    if patch.state is None:
        layer.objects.remove(patch.id)
    else:
        layer.objects.put(patch.state)
    return back


def _swap_segment(layer: Layer, patch: SegmentPatch) -> SegmentPatch:
    back = SegmentPatch(patch.id, layer.segments.get(patch.id))
    if patch.state is None:
        layer.segments.remove(patch.id)
    else:
        layer.segments.put(patch.state)
    return back


def _shape_bytes(item: SegObject | None) -> int:
    if item is None:
        return 0
    shape = item.shape
    return 400 + (len(shape.counts) if hasattr(shape, "counts") else 16 * shape.num_points)


class Transaction:
    """One edit being made: a stroke, a fill, a moved vertex, an accepted prediction.

    Ends exactly once, by `commit` or `revert`; a second end or a later write is a bug and raises `RuntimeError`.
    """

    def __init__(self, layer: Layer, name: str, *, provenance: Mapping[str, Any] | None = None) -> None:
        if layer.locked:
            raise UserError(f"the layer “{layer.name}” is locked", hint="accept it into the labels to edit it")
        self.layer = layer
        self.name = name
        self.provenance = dict(provenance or {})
        self._before = PreImages(layer.raster)
        self._objects: dict[int, SegObject | None] = {}
        self._segments: dict[int, Segment | None] = {}
        self._object_area = EMPTY
        self._open = True
        self._began = time.monotonic()

    @property
    def is_open(self) -> bool:
        return self._open

    def paint(
        self, rect: Rect, segment_id: int, *, mask_hw: NDArray[np.bool_] | NDArray[np.uint8] | None = None
    ) -> RasterDelta:
        """Give the pixels of `rect`, where `mask_hw` is not zero, to `segment_id`.

        `rect` must lie inside the image and `mask_hw`, `[rect.height, rect.width]`, have its size.
        """
        target, before = self._prepare(rect)
        if mask_hw is None:
            target[...] = segment_id
        else:
            np.copyto(target, np.uint16(segment_id), where=mask_hw.astype(np.bool_, copy=False))
        return RasterDelta(rect, before, target.copy())

    def write(self, rect: Rect, ids_hw: SegmentIds) -> RasterDelta:
        """Replace the pixels of `rect` (inside the image) by `ids_hw` of the same size."""
        target, before = self._prepare(rect)
        target[...] = ids_hw
        return RasterDelta(rect, before, target.copy())

    def put_object(self, item: SegObject) -> None:
        """Add an object or replace the one with its id."""
        self._touch_object(item.id)
        self._object_area = self._object_area.union(item.bounds())
        self.layer.objects.put(item)

    def remove_object(self, object_id: int) -> None:
        """Take an object away; unknown ids are ignored."""
        self._touch_object(object_id)
        self.layer.objects.remove(object_id)

    def put_segment(self, segment: Segment) -> None:
        """Add a segment or replace the one with its id."""
        self._touch_segment(segment.id)
        self.layer.segments.put(segment)

    def remove_segment(self, segment_id: int) -> None:
        """Take a segment away; its pixels must have been given to others."""
        self._touch_segment(segment_id)
        self.layer.segments.remove(segment_id)

    def segment_for_class(self, class_id: int) -> int:
        """The id of the segment of the class as a whole; makes one where there is none."""
        found = self.layer.segments.of_class(class_id)
        if found is None:
            found = Segment(self.layer.segments.free_id(), class_id)
            self.put_segment(found)
        return found.id

    def pack(self) -> None:
        """A part of a large edit has been written for good: pack its way back, and what the project will store of it.

        Nothing is lost where it is written once more, only time.
        """
        self._before.pack(with_now=True)

    def commit(self) -> Edit | None:
        """Seal the edit; None where nothing differs from the state before."""
        self._end()
        self._before.pack()
        patches = self._before.patches()
        objects = tuple(
            ObjectPatch(key, state) for key, state in self._objects.items() if self.layer.objects.get(key) != state
        )
        segments = tuple(
            SegmentPatch(key, state) for key, state in self._segments.items() if self.layer.segments.get(key) != state
        )
        if not (patches or objects or segments):
            return None
        changes = Changes(
            self.layer.name,
            pixels=union_all(patch.rect for patch in patches),
            objects=frozenset(patch.id for patch in objects),
            object_area=self._object_area if objects else EMPTY,
            segments=bool(segments),
        )
        seconds = time.monotonic() - self._began
        origin, before = self.provenance, self._before
        return Edit(
            self.name, changes, patches, objects, segments, None, origin, seconds, before.pixels, tiles_now=before.now()
        )

    def revert(self) -> tuple[Changes, list[RasterDelta]]:
        """Put everything back as it was and end; returns what views and metrics must take back."""
        steps, deltas = self.reverting(), []
        while True:
            try:
                deltas.append(next(steps))
            except StopIteration as end:
                return end.value, deltas

    def reverting(self) -> Generator[RasterDelta, None, Changes]:
        """`revert` tile by tile; segments that go are there until all pixels are told of."""
        self._end()
        pixels: list[Rect] = []
        for delta in self._before.restore():
            pixels.append(delta.rect)
            yield delta
        for key, state in self._objects.items():
            _swap_object(self.layer, ObjectPatch(key, state))
        for key, segment in self._segments.items():
            _swap_segment(self.layer, SegmentPatch(key, segment))
        touched, area, has_segments = frozenset(self._objects), self._object_area, bool(self._segments)
        return Changes(self.layer.name, union_all(pixels), touched, area, segments=has_segments)

    def _prepare(self, rect: Rect) -> tuple[SegmentIds, SegmentIds]:
        if not self._open:
            raise RuntimeError("this transaction has ended")
        if not self.layer.raster.bounds.contains(rect):
            raise ValueError(f"{rect} is not inside the raster")
        self._before.keep(rect)
        target = self.layer.raster.writable(rect)
        return target, target.copy()

    def _touch_object(self, object_id: int) -> None:
        if not self._open:
            raise RuntimeError("this transaction has ended")
        current = self.layer.objects.get(object_id)
        self._objects.setdefault(object_id, current)
        if current is not None:
            self._object_area = self._object_area.union(current.bounds())

    def _touch_segment(self, segment_id: int) -> None:
        if not self._open:
            raise RuntimeError("this transaction has ended")
        self._segments.setdefault(segment_id, self.layer.segments.get(segment_id))

    def _end(self) -> None:
        if not self._open:
            raise RuntimeError("this transaction has already ended")
        self._open = False
