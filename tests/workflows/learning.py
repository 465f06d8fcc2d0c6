"""A town small enough to learn in seconds: pictures whose colours tell the classes, in a project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.layer import LABELS, Annotation
from segstudio.core.segments import SegmentTable
from segstudio.store import Project

CLASSES = ClassSet.of_names(["sky", "road", "car"], name="three")
SIZE_HW = (64, 96)
COLORS = np.array([(90, 160, 230), (110, 110, 110), (200, 40, 40)], np.uint8)


def picture(number: int) -> tuple[np.ndarray, np.ndarray]:
    """An RGB picture and its class ids `[H, W]`: sky over road, a car somewhere on it."""
    random = np.random.default_rng(number)
    ids_hw = np.zeros(SIZE_HW, np.uint8)
    ids_hw[random.integers(24, 36) :] = 1
    x = int(random.integers(4, 60))
    ids_hw[40:56, x : x + 28] = 2
    noise = random.normal(0, 10, (*SIZE_HW, 3))
    return np.clip(COLORS[ids_hw] + noise, 0, 255).astype(np.uint8), ids_hw


def annotation(ids_hw: np.ndarray, classes: ClassSet = CLASSES) -> Annotation:
    """Class ids as labels; ids that the set does not have stay unlabelled."""
    table = SegmentTable.for_classes(classes)
    segment_of = {segment.class_id: segment.id for segment in table}
    lut = np.array([segment_of.get(i, 0) for i in range(256)], np.uint16)
    return Annotation(ids_hw.shape, lut[ids_hw], tuple(table))


def town(
    folder: Path, *, labelled: int, waiting: int = 2, classes: ClassSet = CLASSES, status: str = "labelled"
) -> Path:
    """A project of `labelled` labelled pictures and `waiting` others."""
    folder.mkdir(parents=True, exist_ok=True)
    with Project.create(folder / "town.segproj", class_set=classes) as project:
        items = []
        for number in range(labelled + waiting):
            path = folder / f"view_{number:02d}.png"
            cv2.imwrite(str(path), picture(number)[0][..., ::-1])
            items.append(ImageItem(f"view_{number:02d}", path, SIZE_HW))
        project.add_images(items)
        label(project, [item.key for item in items[:labelled]], classes, status=status)
    return folder / "town.segproj"


def label(project: Project, keys: Sequence[str], classes: ClassSet = CLASSES, *, status: str = "labelled") -> None:
    """Label pictures as they are."""
    for key in keys:
        project.save_annotation(key, LABELS, annotation(picture(int(key[-2:]))[1], classes))
        project.set_status(key, status)
