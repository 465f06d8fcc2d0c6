"""Pascal Context: `.mat` files of 459 class numbers, or PNGs of the 59 classes of the benchmark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet, LabelClass, distinct_color
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.files import Probe, read_bytes
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mat_files import read_mat
from segstudio.formats.paired_rasters import LabelFiles, Layout, check_sizes, matches, read_pairs
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import read_label_png

_PNG = Layout(
    "pascal-context",
    re.compile(r"(?P<top>(?:.*/)?)(?:SegmentationClassContext|59_context_labels)/(?P<stem>[^/]+)\.png"),
    ("{top}JPEGImages/{stem}",),
)
_MAT = Layout(
    "pascal-context",
    re.compile(r"(?P<top>(?:.*/)?)(?:trainval|test|context|459_labels)/(?P<stem>\d{4}_\d{6})\.mat"),
    ("{top}JPEGImages/{stem}", "{top}../JPEGImages/{stem}"),
)
_NAMES = ("labels.txt", "459_labels.txt")


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        return None
    if matches(_PNG, probe.names):
        return Candidate("pascal-context", "PNGs of the 59 classes", CERTAIN)
    found = matches(_MAT, probe.names)
    if found and any(name.endswith("labels.txt") for name in probe.names):
        return Candidate("pascal-context", ".mat files and labels.txt", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    if path.is_dir() and matches(_PNG, Probe(path).names):
        return read_pairs(path, _PNG, ClassSet.load("pascal-context"), options, _annotation)
    return read_pairs(path, _MAT, _full_class_set(path), options, _annotation)


def _full_class_set(path: Path) -> ClassSet:
    """The 459 classes of labels.txt (`1: accordion` …); numbers stand for themselves where it is missing."""
    names: dict[int, str] = {}
    for file in (path / name for name in _NAMES):
        if file.is_file():
            for line in read_bytes(file).decode("utf-8", "replace").splitlines():
                number, _, name = line.partition(":")
                if number.strip().isdecimal() and name.strip():
                    names.setdefault(int(number), name.strip())
    known = names or {number: f"class {number}" for number in range(1, 460)}
    rows = [LabelClass(0, "background", (0, 0, 0), is_ignored=True)]
    rows += [LabelClass(number, name, distinct_color(number)) for number, name in sorted(known.items()) if number]
    return ClassSet("pascal-context-full", tuple(rows))


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    values_hw: NDArray[Any]
    if files.label.suffix == ".mat":
        values_hw = np.asarray(read_mat(files.label).get("LabelMap"))
        if values_hw.ndim != 2 or values_hw.dtype.kind not in "ui":
            raise UserError(f"{files.label}: has no LabelMap")
    else:
        values_hw = read_label_png(files.label)
    check_sizes(files, values_hw)
    return annotation_of_values(values_hw, class_set, where=str(files.label))


FORMAT = Format("pascal-context", "Pascal Context", _detect, _read)
