"""The segment table: what each number in a label raster stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.errors import UserError
from segstudio.core.raster import UNLABELLED

MAX_SEGMENT = 65535


@dataclass(frozen=True, slots=True)
class Segment:
    """One entry: the class, and which instance of it (0 = the class as a whole, or a group of instances)."""

    id: int
    class_id: int
    instance: int = 0
    is_crowd: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


class SegmentTable:
    """The segments of one layer by id; `for_classes` gives every class one whole-class segment at a fixed place.

    `version` changes with every change, so that colour and index tables know when to rebuild.
    """

    __slots__ = ("_by_id", "version")

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        self._by_id: dict[int, Segment] = {}
        self.version = 0
        for segment in segments:
            self.put(segment)

    @classmethod
    def for_classes(cls, class_set: ClassSet) -> SegmentTable:
        """One segment per class: class number `i` of the set has segment id `i + 1`."""
        return cls(Segment(i + 1, c.id) for i, c in enumerate(class_set.classes))

    def put(self, segment: Segment) -> None:
        """Add or replace; for transactions and loaders only."""
        if not UNLABELLED < segment.id <= MAX_SEGMENT:
            raise UserError(f"segment id {segment.id} is outside 1…{MAX_SEGMENT}")
        self._by_id[segment.id] = segment
        self.version += 1

    def remove(self, segment_id: int) -> None:
        """Forget a segment; for transactions only. Unknown ids are ignored."""
        if self._by_id.pop(segment_id, None) is not None:
            self.version += 1

    def get(self, segment_id: int) -> Segment | None:
        return self._by_id.get(segment_id)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, segment_id: int) -> bool:
        return segment_id in self._by_id

    def of_class(self, class_id: int) -> Segment | None:
        """The segment of the class as a whole (instance 0, no crowd), if there is one."""
        for segment in self._by_id.values():
            if segment.class_id == class_id and segment.instance == 0 and not segment.is_crowd:
                return segment
        return None

    def free_id(self) -> int:
        """The smallest unused segment id; raises `UserError` when all 65,535 are taken."""
        candidate = max(self._by_id, default=0) + 1
        if candidate <= MAX_SEGMENT:
            return candidate
        for candidate in range(1, MAX_SEGMENT + 1):
            if candidate not in self._by_id:
                return candidate
        raise UserError(f"an image can hold at most {MAX_SEGMENT} segments")

    def free_instance(self, class_id: int) -> int:
        """The next instance number of the class, counting from 1."""
        return 1 + max((s.instance for s in self._by_id.values() if s.class_id == class_id), default=0)

    def class_lut(self, unknown: int = -(2**31)) -> NDArray[np.int32]:
        """int32 `[65536]`: class id of each segment id, `unknown` where there is no such segment (0 included)."""
        lut = np.full(MAX_SEGMENT + 1, unknown, np.int32)
        for segment in self._by_id.values():
            lut[segment.id] = segment.class_id
        return lut

    def index_lut(self, class_set: ClassSet) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """`[65536]`: evaluation index of each segment id; `class_set.ignored_index` where it does not count.

        uint8 for sets whose indices fit (the usual case), else uint16.
        """
        ignored = class_set.ignored_index
        lut: NDArray[np.uint8] | NDArray[np.uint16]
        if ignored == IGNORED:
            lut = np.full(MAX_SEGMENT + 1, ignored, np.uint8)
        else:
            lut = np.full(MAX_SEGMENT + 1, ignored, np.uint16)
        index = class_set.index_of
        for segment in self._by_id.values():
            lut[segment.id] = index.get(segment.class_id, ignored)
        return lut
