"""KITTI semantics: Cityscapes' class ids, and 16-bit instances of class · 256 + number."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.files import Probe
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

PER_CLASS = 256

_TOP = r"(?P<top>(?:.*/)?)(?:(?P<split>training|testing)/)?"
_SEMANTIC = Layout(
    "kitti",
    re.compile(_TOP + r"semantic/(?P<stem>\d{6}_\d{2})\.png"),
    ("{top}{split}/image_2/{stem}",),
    "{top}{split}/instance/{stem}",
)
_INSTANCE = Layout(
    "kitti",
    re.compile(_TOP + r"instance/(?P<stem>\d{6}_\d{2})\.png"),
    ("{top}{split}/image_2/{stem}",),
)


def _detect(probe: Probe) -> Candidate | None:
    found = sample(probe, _SEMANTIC, 1) or sample(probe, _INSTANCE, 1)
    if found and found[0].picture is not None:
        return Candidate("kitti", "image_2 with semantic or instance rasters", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    has_semantic = path.is_dir() and matches(_SEMANTIC, Probe(path).names)
    return read_pairs(path, _SEMANTIC if has_semantic else _INSTANCE, ClassSet.load("kitti"), options, _annotation)


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    pixels = read_label_png(files.label)
    if pixels.ndim != 2:
        raise UserError(f"{files.label}: has {pixels.shape[2]} channels where ids need one")
    check_sizes(files, pixels)
    if files.label.parent.name == "semantic":
        if files.instance is None:
            return annotation_of_values(pixels, class_set, where=str(files.label))
        class_hw, code_hw = pixels, read_label_png(files.instance)
    else:
        class_hw, code_hw = pixels // PER_CLASS, pixels
    # Number 0 means the class as a whole to us; KITTI counts from 0 or 1 and gives stuff the number 0.
    wide = code_hw.astype(np.int64)
    of_class = wide // PER_CLASS == class_hw
    number_hw = np.where(of_class, wide % PER_CLASS + 1, 0)
    return annotation_of_pairs(class_hw, number_hw, class_set, where=str(files.label))


FORMAT = Format("kitti", "KITTI semantics", _detect, _read)
