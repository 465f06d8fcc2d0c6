"""Makes a folder of very many pictures and a COCO file with very many annotations, written piece by piece.

python -m tests.benchmarks.many_images FOLDER [--images 100000] [--annotations 1000000]
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

IMAGES, ANNOTATIONS = 100_000, 1_000_000
SIZE_HW = (120, 160)
CLASSES = 80
_LINKS = 1000
"""Names that one file gets: some file systems allow 65,000."""
_VERTICES = 12


def write_pictures(folder: Path, count: int = IMAGES) -> None:
    """So many small JPEGs in one folder, most of them further names of the same few files."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(1)
    small = chance.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / picture_name(0)), cv2.resize(small, SIZE_HW[::-1], interpolation=cv2.INTER_CUBIC))
    first = folder / picture_name(0)
    for number in range(1, count):
        path = folder / picture_name(number)
        if number % _LINKS == 0:
            first = Path(shutil.copyfile(first, path))
        else:
            os.link(first, path)


def picture_name(number: int) -> str:
    return f"{number:06}.jpg"


def write_coco(path: Path, images: int = IMAGES, annotations: int = ANNOTATIONS) -> None:
    """A file that describes `write_pictures` of `images` in `CLASSES` classes, its annotations in no order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii") as file:
        file.write('{"info": {}, "images": [')
        file.writelines(_joined(_image(number) for number in range(images)))
        file.write('], "annotations": [')
        file.writelines(_joined(_annotations(images, annotations)))
        file.write('], "categories": [')
        file.writelines(_joined(f'{{"id": {number}, "name": "class {number}"}}' for number in range(1, CLASSES + 1)))
        file.write("]}")


def _joined(rows: Iterator[str]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f",{row}" if number else row


def _image(number: int) -> str:
    height, width = SIZE_HW
    return f'{{"id": {number + 1}, "file_name": "{picture_name(number)}", "height": {height}, "width": {width}}}'


def _annotations(images: int, count: int) -> Iterator[str]:
    chance = np.random.default_rng(2)
    angles = np.linspace(0, 2 * np.pi, _VERTICES, endpoint=False)
    circle_xy = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for start in range(0, count, 1000):
        many = min(1000, count - start)
        owners = chance.integers(1, images + 1, many)
        classes = chance.integers(1, CLASSES + 1, many)
        radii = chance.uniform(4, 25, (many, 1, 1)) * chance.uniform(0.8, 1, (many, _VERTICES, 1))
        middles = chance.uniform((30, 30), (SIZE_HW[1] - 30, SIZE_HW[0] - 30), (many, 1, 2))
        outlines_xy = np.round(middles + radii * circle_xy, 1)
        lows, highs = outlines_xy.min(axis=1), outlines_xy.max(axis=1)
        boxes = np.round(np.concatenate([lows, highs - lows], axis=1), 1).tolist()
        areas = np.round(np.pi * radii.mean(axis=(1, 2)) ** 2, 1).tolist()
        rows = zip(owners.tolist(), classes.tolist(), outlines_xy.reshape(many, -1).tolist(), boxes, areas, strict=True)
        for number, (owner, class_id, points, box, area) in enumerate(rows, start + 1):
            yield (
                f'{{"id": {number}, "image_id": {owner}, "category_id": {class_id}, "segmentation": [{points}], '
                f'"bbox": {box}, "area": {area}, "iscrowd": 0}}'
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.many_images")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--annotations", type=int, default=ANNOTATIONS)
    options = parser.parse_args()
    write_pictures(options.folder / "images", options.images)
    write_coco(options.folder / "annotations" / "instances_train.json", options.images, options.annotations)


if __name__ == "__main__":
    main()
