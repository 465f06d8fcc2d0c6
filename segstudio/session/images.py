"""The list of images of what is open: order, status, scores; the filmstrip and the navigator read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from segstudio.core.dataset import ImageItem
from segstudio.core.event import Event


@dataclass(frozen=True, slots=True)
class Badge:
    """What the filmstrip shows on a thumbnail: status, mIoU of the labels (None = not scored) and the worst class's
    name.
    """

    status: str = "to do"
    mean_iou: float | None = None
    worst_class: str = ""


class ImageList:
    """Images in order with a badge each. `reset` is emitted with the count when all changed, `changed` with an
    index.
    """

    def __init__(self) -> None:
        self.reset: Event[int] = Event()
        self.changed: Event[int] = Event()
        self._items: Sequence[ImageItem] = ()
        self._badges: dict[str, Badge] = {}
        self._index_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ImageItem]:
        return iter(self._items)

    def __getitem__(self, index: int) -> ImageItem:
        return self._items[index]

    def replace(self, items: Iterable[ImageItem], badges: Mapping[str, Badge] | None = None) -> None:
        """Show other images."""
        self._items = tuple(items)
        self._index_of = {item.key: index for index, item in enumerate(self._items)}
        self._badges = dict(badges or {})
        self.reset.emit(len(self._items))

    def index_of(self, key: str) -> int | None:
        """Where the image of that key stands; None where it is unknown."""
        return self._index_of.get(key)

    def badge(self, index: int) -> Badge:
        return self._badges.get(self._items[index].key, Badge())

    def set_badge(self, key: str, badge: Badge) -> None:
        """Give an image another badge; nothing is told where it is the same."""
        index = self._index_of.get(key)
        if index is not None and self._badges.get(key, Badge()) != badge:
            self._badges[key] = badge
            self.changed.emit(index)
