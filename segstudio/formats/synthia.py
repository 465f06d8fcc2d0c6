"""SYNTHIA: 16-bit PNGs of class and instance (RAND-CITYSCAPES), or colours with a label map (RAND, SF, AL)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_sniffing import colors_fit, values_of_colors
from segstudio.formats.drawn import reading
from segstudio.formats.files import Probe, read_bytes, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.paired_rasters import (
    LabelFiles,
    Layout,
    annotation_of_pairs,
    check_sizes,
    matches,
    read_pairs,
    sample,
)
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import read_label_png

_LAYOUT = Layout(
    "synthia",
    re.compile(r"(?P<top>(?:.*/)?)(?:GT/LABELS|GT|GTLeft|GTRight|SemSeg)/(?P<stem>[^/]+)\.png"),
    ("{top}RGB/{stem}", "{top}RGBLeft/{stem}", "{top}RGBRight/{stem}"),
)

_FIRST_RELEASE = {
    "void": (0, 0, 0),
    "sky": (128, 128, 128),
    "building": (128, 0, 0),
    "road": (128, 64, 128),
    "sidewalk": (0, 0, 192),
    "fence": (64, 64, 128),
    "vegetation": (128, 128, 0),
    "pole": (192, 192, 128),
    "car": (64, 0, 128),
    "sign": (192, 128, 128),
    "pedestrian": (64, 64, 0),
    "cyclist": (0, 128, 192),
    "lane marking": (0, 175, 0),
    "traffic light": (0, 128, 128),
}
"""The colours of the releases before RAND-CITYSCAPES (RAND, sequences, AL)."""


def _detect(probe: Probe) -> Candidate | None:
    found = sample(probe, _LAYOUT, 1)
    if found and found[0].picture is not None:
        return Candidate("synthia", "RGB and GT folders", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    return read_pairs(path, _LAYOUT, _class_set(path), options, _annotation)


def _class_set(path: Path) -> ClassSet:
    """The classes of a label map beside the pictures; else those of RAND-CITYSCAPES, or of the colour releases."""
    text, document = path / "label_colors.txt", path / "dataset_meta.json"
    if text.is_file():
        with reading(text, "a label map"):
            rows = [line.split(maxsplit=3) for line in read_bytes(text).decode("utf-8", "replace").splitlines() if line]
            return _of_rows([(row[3].strip(), [int(v) for v in row[:3]]) for row in rows])
    if document.is_file():
        with reading(document, "a label map"):
            meta = read_json(document)
            names = [str(meta["label_map"][key]) for key in sorted(meta["label_map"], key=int)]
            return _of_rows(list(zip(names, meta["segmentation_colors"], strict=True)))
    first = matches(_LAYOUT, Probe(path).names)[:1] if path.is_dir() else []
    if first:
        pixels = read_label_png(path / first[0][0])
        if pixels.ndim == 3 and pixels.dtype == np.uint8:
            later = ClassSet.load("synthia")
            return later if colors_fit(pixels, later) else _of_rows(list(_FIRST_RELEASE.items()))
    return ClassSet.load("synthia")


def _of_rows(rows: list[tuple[str, Any]]) -> ClassSet:
    classes = []
    for number, (name, color) in enumerate(rows):
        red, green, blue = (int(v) & 255 for v in color)
        classes.append(LabelClass(number, name, (red, green, blue), is_ignored=name in ("void", "background")))
    return ClassSet("synthia-colors", tuple(classes))


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    pixels = read_label_png(files.label)
    check_sizes(files, pixels)
    where = str(files.label)
    if pixels.ndim == 3 and pixels.dtype == np.uint16:
        return annotation_of_pairs(pixels[:, :, 0], pixels[:, :, 1], class_set, where=where)
    if pixels.ndim == 3:
        return annotation_of_values(values_of_colors(pixels, class_set, where=where), class_set, where=where)
    if pixels.ndim != 2:
        raise UserError(f"{where}: not a label raster")
    return annotation_of_values(pixels, class_set, where=where)


FORMAT = Format("synthia", "SYNTHIA", _detect, _read)
