"""What a round learns from: the labelled images of a project, which of them are held out, and their pixels."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.ops.image import read_image
from segstudio.workflows.id_maps import IndexRaster
from segstudio.workflows.learning.versions import Split
from segstudio.workflows.reading import dataset_of
from segstudio.workflows.sides import Entry

if TYPE_CHECKING:
    from segstudio.store import Project

Which = Literal["labelled", "reviewed"]
Photo = NDArray[np.uint8]
Pair = tuple[Photo, IndexRaster]
_KEPT_BYTES = 1 << 30
"""Decoded images beyond that are read again when their turn comes."""


@dataclass(frozen=True, slots=True)
class Material:
    """The images of a round: what is trained on, what is held out, and what waits for a person."""

    train: tuple[ImageItem, ...]
    held_out: tuple[ImageItem, ...]
    waiting: tuple[ImageItem, ...]
    labelled: int
    reviewed: int


def material_of(
    project: Project, *, which: Which = "labelled", holdout: float = 0.2, earlier: Split | None = None
) -> Material:
    """Part the images of a project that have pixels of a class that counts, as `held_out_of` says.

    "labelled" takes the images that are labelled or reviewed, "reviewed" the latter only; rejected ones never. Raises
    `UserError` where fewer than two have labels: one to train on and one to measure.
    """
    if not 0 < holdout < 1:
        raise UserError(f"{holdout:g} of the images cannot be held out", hint="a fraction between 0 and 1, such as 0.2")
    status = {row.key: row.status for row in project.images()}
    wanted = ("reviewed",) if which == "reviewed" else ("labelled", "reviewed")
    items = [item for item in dataset_of(project).images if item.path is not None]
    taken = [item for item in items if item.read_annotation is not None and status[item.key] in wanted]
    if not taken:
        raise UserError(f"{project.path}: no image is {which}: there is nothing to learn from")
    if len(taken) == 1:
        raise UserError(f"{project.path}: one image is {which}: learning takes a second one, to measure by")
    taken = list(with_counted_pixels(taken, project.class_set))
    if len(taken) < 2:
        raise UserError(f"{project.path}: too few images have pixels of a class that counts", hint="label some more")
    held = held_out_of([item.key for item in taken], holdout, earlier or Split())
    if len(held) == len(taken):
        raise UserError(f"{project.path}: every {which} image was held out before", hint="label some more")
    counts = [sum(value == word for value in status.values()) for word in ("labelled", "reviewed")]
    return Material(
        tuple(item for item in taken if item.key not in held),
        tuple(item for item in taken if item.key in held),
        tuple(item for item in items if status[item.key] == "to do"),
        *counts,
    )


def held_out_of(keys: Iterable[str], holdout: float, earlier: Split) -> frozenset[str]:
    """The keys that are held out: `holdout` of them, rounded up, at most all but one, in the order of their hashes.

    What was held out before stays so, even where that is more; where more are needed, those come first that nothing
    was trained on yet: a network that knows an image is not measured by it.
    """
    present = sorted(set(keys), key=_place)
    held = [key for key in present if key in earlier.held_out]
    free = sorted((key for key in present if key not in earlier.held_out), key=lambda key: key in earlier.trained)
    wanted = math.ceil(round(holdout * len(present), 9))  # 0.1 of 30 are 3, not a 3.0000000000000004
    wanted = min(wanted, len(present) - 1)
    return frozenset([*held, *free[: max(0, wanted - len(held))]])


def _place(key: str) -> bytes:
    """An order of keys that depends on nothing but the key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


class LabelledImages:
    """The photos uint8 RGB `[H, W, 3]` and evaluation indices `[H, W]` of some images, decoded when asked for.

    `size_of` gives the size at which an image of a size is wanted. Raises `UserError` where one cannot be read, or
    its labels have another size.
    """

    def __init__(
        self,
        items: Sequence[ImageItem],
        class_set: ClassSet,
        *,
        size_of: Callable[[tuple[int, int]], tuple[int, int]] = lambda size_hw: size_hw,
        most_bytes: int = _KEPT_BYTES,
    ) -> None:
        self.items = items
        self._class_set = class_set
        self._size_of = size_of
        self._left = most_bytes
        self._kept: OrderedDict[int, Pair] = OrderedDict()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Pair:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        pair = self._read(self.items[number])
        self._left -= pair[0].nbytes + pair[1].nbytes
        self._kept[number] = pair
        while self._left < 0 and len(self._kept) > 1:
            _, (photo, labels) = self._kept.popitem(last=False)
            self._left += photo.nbytes + labels.nbytes
        return pair

    def _read(self, item: ImageItem) -> Pair:
        assert item.path is not None
        photo = read_image(item.path, page=item.page).image_hwc
        labels = Entry(item, self._class_set).index_map()
        if labels.shape != photo.shape[:2]:
            raise UserError(
                f"{item.path}: its labels have {labels.shape[1]}×{labels.shape[0]} pixels,"
                f" the picture {photo.shape[1]}×{photo.shape[0]}"
            )
        height, width = self._size_of((photo.shape[0], photo.shape[1]))
        if (height, width) == labels.shape:
            return photo, labels
        smaller = np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        nearest = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        return smaller, nearest.astype(labels.dtype, copy=False)  # type: ignore[return-value]  # stays what it is


def with_counted_pixels(items: Sequence[ImageItem], class_set: ClassSet) -> tuple[ImageItem, ...]:
    """Those of which some pixel has a class that counts; raises `UserError` where one cannot be read."""
    found = []
    for item in items:
        indices = Entry(item, class_set).index_map()
        if (indices < class_set.num_classes).any():
            found.append(item)
    return tuple(found)
