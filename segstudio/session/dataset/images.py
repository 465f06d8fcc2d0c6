"""The list of images of what is open: status, scores and remarks of each, and in which order one goes through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.dataset import ImageItem
from segstudio.core.event import Event
from segstudio.session.dataset.row_item import RowItems

FLAG = "flagged"
"""The tag that shows as a flag."""


@dataclass(frozen=True, slots=True)
class Badge:
    """What the filmstrip shows on a thumbnail: status, mIoU of the labels (None = not scored) and the worst class's
    name.
    """

    status: str = "to do"
    mean_iou: float | None = None
    worst_class: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person noted of an image; the flag is one of the tags."""

    note: str = ""
    tags: tuple[str, ...] = ()

    @property
    def is_flagged(self) -> bool:
        return FLAG in self.tags


NO_BADGE, NO_REMARK = Badge(), Remark()


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The images that are shown, in order: `indices` into the list, and what they were chosen by, in words."""

    indices: NDArray[np.intp]
    text: str


class ImageList:
    """Images in order with a badge and a remark each.

    `reset` is emitted with the count when all changed, `grown` with the count before when some were added at the end,
    `changed` with an index, `walk_changed` when other images are shown or the same in another order.
    """

    def __init__(self) -> None:
        self.reset: Event[int] = Event()
        self.grown: Event[int] = Event()
        self.changed: Event[int] = Event()
        self.walk_changed: Event[Walk | None] = Event()
        self._items: Sequence[ImageItem] = ()
        self.keys: Sequence[str] = ()
        """The key of each image, without asking for the images."""
        self._badges: dict[str, Badge] = {}
        self._remarks: dict[str, Remark] = {}
        self._index_of: dict[str, int] = {}
        self._walk: Walk | None = None
        self._places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ImageItem]:
        return iter(self._items)

    def __getitem__(self, index: int) -> ImageItem:
        return self._items[index]

    @property
    def items(self) -> Sequence[ImageItem]:
        """All images, shown or not."""
        return self._items

    def replace(
        self,
        items: Iterable[ImageItem],
        badges: Mapping[str, Badge] | None = None,
        remarks: Mapping[str, Remark] | None = None,
    ) -> None:
        """Show other images, all of them."""
        self._items = items if isinstance(items, RowItems) else tuple(items)
        self.keys = self._items.keys if isinstance(self._items, RowItems) else [item.key for item in self._items]
        self._index_of = {key: index for index, key in enumerate(self.keys)}
        self._badges = dict(badges or {})
        self._remarks = dict(remarks or {})
        self._walk = self._places = None
        self.reset.emit(len(self._items))

    def grow(self, items: RowItems) -> None:
        """Go on with more images behind those that are there; `items` are all. What is asked for stays what it was."""
        before = len(self.keys)
        self._items, self.keys = items, items.keys
        self._index_of.update(zip(self.keys[before:], range(before, len(self.keys)), strict=True))
        if self._places is not None:
            self._places = np.append(self._places, np.full(len(items) - before, -1, np.int64))
        self.grown.emit(before)

    def index_of(self, key: str) -> int | None:
        """Where the image of that key stands; None where it is unknown."""
        return self._index_of.get(key)

    def badge(self, index: int) -> Badge:
        return self._badges.get(self.keys[index], NO_BADGE)

    def set_badge(self, key: str, badge: Badge) -> None:
        """Give an image another badge; nothing is told where it is the same."""
        index = self._index_of.get(key)
        if index is not None and self._badges.get(key, NO_BADGE) != badge:
            self._badges[key] = badge
            self.changed.emit(index)

    def remark(self, index: int) -> Remark:
        return self._remarks.get(self.keys[index], NO_REMARK)

    @property
    def remarks(self) -> Mapping[str, Remark]:
        """The remarks by key, of the images that have one."""
        return self._remarks

    def set_remark(self, key: str, remark: Remark) -> None:
        """Give an image another remark; nothing is told where it is the same."""
        index = self._index_of.get(key)
        if index is not None and self._remarks.get(key, NO_REMARK) != remark:
            if remark == NO_REMARK:
                del self._remarks[key]
            else:
                self._remarks[key] = remark
            self.changed.emit(index)

    # ── the way through them ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def walk(self) -> Walk | None:
        """The images that are shown; None = all, as they come."""
        return self._walk

    def show(self, walk: Walk | None) -> None:
        """Show some images only, or all in another order; None shows all as they come."""
        if walk is None and self._walk is None:
            return
        self._walk, self._places = walk, None
        if walk is not None:
            self._places = np.full(len(self._items), -1, np.int64)
            self._places[walk.indices] = np.arange(len(walk.indices))
        self.walk_changed.emit(walk)

    @property
    def num_shown(self) -> int:
        return len(self._items) if self._walk is None else len(self._walk.indices)

    def index_at(self, place: int) -> int:
        """The image that is shown at a place (from 0)."""
        return place if self._walk is None else int(self._walk.indices[place])

    def place_of(self, index: int) -> int | None:
        """Where an image is shown; None where it is not."""
        if self._places is None:
            return index
        place = int(self._places[index])
        return place if place >= 0 else None

    def step(self, index: int, by: int) -> int:
        """The image `by` places after (negative: before) image `index`, as far as there are any.

        From an image that is not shown one comes to the shown one that follows it (precedes it) in the list.
        """
        if self._walk is None:
            return min(len(self._items) - 1, max(0, index + by))
        if not self.num_shown:
            return index
        place = self.place_of(index)
        if place is None:
            beyond = np.flatnonzero((self._walk.indices - index) * (1 if by > 0 else -1) > 0)
            if not len(beyond):
                return index
            nearest = int(beyond[np.argmin(np.abs(self._walk.indices[beyond] - index))])
            place = nearest - (1 if by > 0 else -1)
        return self.index_at(min(self.num_shown - 1, max(0, place + by)))
