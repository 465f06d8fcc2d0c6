"""What the bench works on: painted scenes of the demo, and objects of data sets, as pictures with their truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.ops.components import components
from segstudio.ops.image import read_image
from segstudio.ops.shapes import mask_of
from segstudio.workflows.toytown import paint_scene
from segstudio.workflows.toytown.dataset import IMAGES, SEED

Mask = NDArray[np.bool_]

WORK_SIDE = 640
"""Objects are clicked in pictures whose longer side is at most this."""
LEAST_PIXELS, MOST_PIXELS = 600, 60_000
"""Objects of other sizes, at the size they are looked at, are left out."""
NOT_COUNTED = 255


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """A painted scene: uint8 RGB `[H, W, 3]`, and uint8 `[H, W]` evaluation indices with 255 = not counted."""

    name: str
    image_hwc: NDArray[np.uint8]
    index_hw: NDArray[np.uint8]
    instance_hw: NDArray[np.uint16]

    @property
    def counted(self) -> Mask:
        return np.asarray(self.index_hw != NOT_COUNTED)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One object to click on: the picture, its pixels bool `[H, W]`, pixels that no score counts, and the other things.

    `things_hw` uint16 `[H, W]` numbers everything in the picture, for segmenters that answer from the truth.
    """

    name: str
    image_hwc: NDArray[np.uint8]
    object_hw: Mask
    void_hw: Mask
    things_hw: NDArray[np.uint16]


def streets(count: int, *, size_hw: tuple[int, int] = (512, 1024), first: int | None = None) -> Iterator[Street]:
    """Scenes of the demo's town, painted anew: by default the first ones of its validation split."""
    table = _evaluation_indices(ClassSet.load("toytown"))
    start = IMAGES * 8 // 11 if first is None else first
    for number in range(start, start + count):
        scene = paint_scene(SEED, number, width=size_hw[1], height=size_hw[0])
        yield Street(f"toytown {number}", scene.image_hwc, table[scene.class_hw], scene.instance_hw)


def _evaluation_indices(class_set: ClassSet) -> NDArray[np.uint8]:
    table = np.full(256, NOT_COUNTED, np.uint8)
    for class_id, index in class_set.index_of.items():
        table[class_id] = index
    return table


def street_objects(count: int) -> list[Subject]:
    """Things of painted scenes, the largest of each scene first, spread over as many scenes as needed."""
    found: list[Subject] = []
    for street in streets(-(-count // 2)):
        size = _work_size(street.index_hw.shape)
        image_hwc, index_hw, instance_hw = (
            _shrunk(array, size) for array in (street.image_hwc, street.index_hw, street.instance_hw)
        )
        numbers_hw = np.where(index_hw == NOT_COUNTED, 0, instance_hw.astype(np.int32) * 256 + index_hw)
        _, things = np.unique(numbers_hw, return_inverse=True)
        things_hw = np.where(instance_hw > 0, things.reshape(numbers_hw.shape), 0).astype(np.uint16)
        void_hw = np.asarray(index_hw == NOT_COUNTED)
        for number in _by_size(things_hw)[:2]:
            name = f"{street.name}, thing {number}"
            found.append(Subject(name, image_hwc, things_hw == number, void_hw, things_hw))
    return found[:count]


def dataset_objects(path: Path, count: int) -> list[Subject]:
    """Objects of a data set, one or two of each image; images without any are passed over.

    Raises `UserError` where it cannot be read.
    """
    dataset = formats.read(path)
    found: list[Subject] = []
    for item in dataset:
        if len(found) >= count:
            break
        if item.path is not None and item.read_annotation is not None:
            found += _objects_of(dataset, item)
    return found[:count]


def _objects_of(dataset: Dataset, item: ImageItem) -> list[Subject]:
    assert item.path is not None
    assert item.read_annotation is not None
    image_hwc, annotation = read_image(item.path, page=item.page).image_hwc, item.read_annotation()
    things_hw = _things(annotation, image_hwc.shape[:2])
    size = _work_size(image_hwc.shape[:2])
    image_hwc, things_hw = _shrunk(image_hwc, size), _shrunk(things_hw, size)
    void_hw = np.zeros(things_hw.shape, np.bool_)
    return [
        Subject(f"{dataset.name}/{item.name}, object {number}", image_hwc, things_hw == number, void_hw, things_hw)
        for number in _by_size(things_hw)[:2]
    ]


def _things(annotation: Annotation, size_hw: tuple[int, int]) -> NDArray[np.uint16]:
    """Every object's number, small ones above large ones; segments of the raster where there are no objects."""
    whole = Rect.of_size(*size_hw)
    masks = [mask_of(one.shape, whole, size_hw) for one in annotation.objects if not one.is_crowd]
    things_hw = np.zeros(size_hw, np.uint16)
    for number, mask_hw in enumerate(sorted(masks, key=lambda mask: -int(mask.sum())), start=1):
        things_hw[mask_hw] = number
    if masks or annotation.labels_hw is None:
        return things_hw
    return np.asarray(annotation.labels_hw, np.uint16)


def _by_size(things_hw: NDArray[np.uint16]) -> list[int]:
    """Numbers of things in one piece or nearly so, of a size that counts, the largest first."""
    sizes = np.bincount(things_hw.ravel())
    sizes[0] = 0
    fitting = [int(n) for n in np.argsort(-sizes, kind="stable") if LEAST_PIXELS <= sizes[n] <= MOST_PIXELS]
    return [n for n in fitting[:6] if max(part.area for part in components(things_hw == n)) >= 0.8 * sizes[n]]


def _work_size(size_hw: tuple[int, ...]) -> tuple[int, int]:
    share = min(1.0, WORK_SIDE / max(size_hw))
    return max(1, round(size_hw[0] * share)), max(1, round(size_hw[1] * share))


def _shrunk(array: NDArray[Any], size_hw: tuple[int, int]) -> NDArray[Any]:
    if array.shape[:2] == size_hw:
        return array
    way = cv2.INTER_AREA if array.ndim == 3 else cv2.INTER_NEAREST_EXACT
    return np.asarray(cv2.resize(array, size_hw[::-1], interpolation=way))
