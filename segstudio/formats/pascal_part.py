"""Pascal-Part: one `.mat` per picture with the masks of objects and of their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.objects import MaskShape
from segstudio.formats.drawn import (
    Drawn,
    DrawnImage,
    checked_with_picture,
    dataset_of,
    placed_mask,
    reading,
    stated_size,
)
from segstudio.formats.files import Probe, list_files
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mat_files import read_mat
from segstudio.formats.report import CERTAIN, Candidate

_MAT = re.compile(r"(?P<top>(?:.*/)?)(?:Annotations_Part|annotations_part)/(?P<stem>[^/]+)\.mat")


def _detect(probe: Probe) -> Candidate | None:
    if probe.is_dir and any(_MAT.fullmatch(name) for name in probe.names):
        return Candidate("pascal-part", "Annotations_Part with .mat files", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    if not path.is_dir():
        raise UserError(f"{path}: pascal-part is a folder, this is a file")
    listing = list_files(path)
    known = set(listing.files)
    images = []
    for name in listing.files:
        match = _MAT.fullmatch(name)
        if match:
            wanted = f"{match['top']}JPEGImages/{match['stem']}.jpg"
            picture = path / wanted if wanted in known else None
            labels = sorted({drawn.label for drawn in _drawn(path / name)})
            images.append(DrawnImage(match["stem"], picture, labels, partial(_shapes, path / name, picture)))
    if not images:
        raise UserError(f"{path}: holds no Pascal-Part files")
    wanted_set: ClassSet | None = options.class_set
    return dataset_of(path.name, path, "pascal-part", images, wanted=wanted_set)


def _shapes(path: Path, picture: Path | None) -> tuple[tuple[int, int], list[Drawn]]:
    drawn = list(_drawn(path))
    if not drawn:
        raise UserError(f"{path}: holds no objects")
    shape = drawn[0].shape
    assert isinstance(shape, MaskShape)
    return checked_with_picture((shape.height, shape.width), picture, path), drawn


def _drawn(path: Path) -> Iterator[Drawn]:
    """Every object, and over it its parts, named "class part" and grouped by nothing: each mask is an object."""
    content = read_mat(path)
    with reading(path, "a Pascal-Part file"):
        for number, item in enumerate(_listed(content["anno"]["objects"]), 1):
            name = str(item["class"])
            yield _mask(name, item["mask"], 0, {"object": number})
            for part in _listed(item.get("parts", [])):
                yield _mask(f"{name} {part['part_name']}", part["mask"], 1, {"part_of": number})


def _listed(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return []
    return value if isinstance(value, list) else [value]


def _mask(label: str, mask: Any, z: int, attributes: dict[str, Any]) -> Drawn:
    pixels = np.asarray(mask)
    size_hw = stated_size(*pixels.shape)
    return Drawn(label, placed_mask(pixels, 0, 0, size_hw), z=z, attributes=attributes)


FORMAT = Format("pascal-part", "Pascal-Part", _detect, _read)
