"""Stanford Background: one text file of numbers per picture, −1 for unknown."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.layer import Annotation
from segstudio.formats.drawn import reading, stated_size
from segstudio.formats.files import Probe, read_bytes
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.paired_rasters import LabelFiles, Layout, check_sizes, read_pairs, sample
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate

_LAYOUT = Layout(
    "stanford-background",
    re.compile(r"(?P<top>(?:.*/)?)labels/(?P<stem>[^/]+)\.regions\.txt"),
    ("{top}images/{stem}",),
)


def _detect(probe: Probe) -> Candidate | None:
    found = sample(probe, _LAYOUT, 1)
    if found and re.fullmatch(rb"[-\d\s]*", probe.ends_of(found[0].label, 65536)):
        return Candidate("stanford-background", "labels in .regions.txt files", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    return read_pairs(path, _LAYOUT, ClassSet.load("stanford-background"), options, _annotation)


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    with reading(files.label, "a regions file"):
        lines = read_bytes(files.label).decode("ascii").splitlines()
        rows = [np.array(line.split(), np.int64) for line in lines if line.strip()]
        stated_size(len(rows), len(rows[0]))
        values_hw = np.stack(rows)
    check_sizes(files, values_hw)
    known = np.where(values_hw < 0, IGNORED, values_hw)
    return annotation_of_values(known, class_set, where=str(files.label), class_of={**_CLASS_OF, IGNORED: -1})


_CLASS_OF = {number: number for number in range(8)}

FORMAT = Format("stanford-background", "Stanford Background", _detect, _read)
