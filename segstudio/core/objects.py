"""Objects: instances that may overlap, each a polygon with parts and holes or a mask, with class, score and order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Points, Rect, union_all


@dataclass(frozen=True, slots=True, eq=False)
class PolygonPart:
    """One outline with its holes: float64 `[N, 2]` (x, y) each, not closed (the last point differs from the first)."""

    exterior_xy: Points
    holes_xy: tuple[Points, ...] = ()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, PolygonPart)
            and np.array_equal(self.exterior_xy, other.exterior_xy)
            and len(self.holes_xy) == len(other.holes_xy)
            and all(np.array_equal(a, b) for a, b in zip(self.holes_xy, other.holes_xy, strict=True))
        )

    @property
    def rings_xy(self) -> tuple[Points, ...]:
        """The exterior first, then the holes."""
        return self.exterior_xy, *self.holes_xy


@dataclass(frozen=True, slots=True)
class PolygonShape:
    """A shape given by outlines; several parts belong to one object."""

    parts: tuple[PolygonPart, ...]
    _box: Rect | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, *exteriors_xy: Points) -> PolygonShape:
        """A shape of parts without holes."""
        return cls(tuple(PolygonPart(np.asarray(ring, np.float64).reshape(-1, 2)) for ring in exteriors_xy))

    @property
    def rings_xy(self) -> tuple[Points, ...]:
        return tuple(ring for part in self.parts for ring in part.rings_xy)

    @property
    def num_points(self) -> int:
        return sum(len(ring) for ring in self.rings_xy)

    def bounds(self) -> Rect:
        """The rectangle that holds it; computed once, for views ask for those of thousands."""
        if self._box is None:
            object.__setattr__(self, "_box", union_all(Rect.around(part.exterior_xy) for part in self.parts))
        assert self._box is not None
        return self._box


@dataclass(frozen=True, slots=True)
class MaskShape:
    """A shape given by pixels: compressed COCO run lengths (column-major) over the whole image of `height` × `width`.

    `box` is the smallest rectangle that holds the pixels, kept so that nothing needs decoding to know where it is.
    """

    height: int
    width: int
    counts: bytes
    box: Rect = EMPTY

    def bounds(self) -> Rect:
        return self.box


Shape = PolygonShape | MaskShape


@dataclass(frozen=True, slots=True)
class SegObject:
    """One object of a layer. `z` orders overlaps (higher is in front); `extra` keeps fields of a format that we do
    not use.
    """

    id: int
    class_id: int
    shape: Shape
    score: float | None = None
    is_crowd: bool = False
    z: int = 0
    locked: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def bounds(self) -> Rect:
        return self.shape.bounds()

    def with_shape(self, shape: Shape) -> SegObject:
        """The same object with another shape; drops the fields of the old shape that a format left in `extra`."""
        extra = {key: value for key, value in self.extra.items() if key not in ("area", "bbox", "segmentation")}
        return replace(self, shape=shape, extra=extra)


class ObjectTable:
    """The objects of one layer by id. `version` changes with every change."""

    __slots__ = ("_by_id", "version")

    def __init__(self, objects: Iterable[SegObject] = ()) -> None:
        self._by_id: dict[int, SegObject] = {}
        self.version = 0
        for item in objects:
            if item.id in self._by_id:
                raise UserError(f"object id {item.id} is used twice in one layer")
            self._by_id[item.id] = item

    def put(self, item: SegObject) -> None:
        """Add or replace; for transactions and loaders only."""
        self._by_id[item.id] = item
        self.version += 1

    def remove(self, object_id: int) -> None:
        """Forget an object; for transactions only. Unknown ids are ignored."""
        if self._by_id.pop(object_id, None) is not None:
            self.version += 1

    def get(self, object_id: int) -> SegObject | None:
        return self._by_id.get(object_id)

    def __iter__(self) -> Iterator[SegObject]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, object_id: int) -> bool:
        return object_id in self._by_id

    def in_order(self) -> list[SegObject]:
        """From the back to the front: by `z`, then by id."""
        return sorted(self._by_id.values(), key=lambda item: (item.z, item.id))

    def free_id(self) -> int:
        return max(self._by_id, default=0) + 1

    def top_z(self) -> int:
        """The `z` for a new object in front of all others."""
        return max((item.z for item in self._by_id.values()), default=-1) + 1
