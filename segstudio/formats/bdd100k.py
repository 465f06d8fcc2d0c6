"""BDD100K semantic segmentation: PNGs of Cityscapes' train ids, 255 for what does not count."""

from __future__ import annotations

import re
from pathlib import Path

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_sniffing import one_channel_header
from segstudio.formats.files import Probe
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.paired_rasters import LabelFiles, Layout, check_sizes, matches, read_pairs, sample
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import read_label_png

_SPLIT = r"(?P<split>train|val|test)/"
_NEW = Layout(
    "bdd100k",
    re.compile(r"(?P<top>(?:.*/)?)labels/sem_seg/masks/" + _SPLIT + r"(?P<stem>[^/]+)\.png"),
    ("{top}images/10k/{split}/{stem}", "{top}images/{split}/{stem}"),
)
_OLD = Layout(
    "bdd100k",
    re.compile(r"(?P<top>(?:.*/)?)labels/" + _SPLIT + r"(?P<stem>[^/]+)_train_id\.png"),
    ("{top}images/{split}/{stem}",),
)


def _detect(probe: Probe) -> Candidate | None:
    for layout in (_NEW, _OLD):
        found = sample(probe, layout, 1)
        if found and one_channel_header(found[0].label):
            return Candidate("bdd100k", "BDD100K's folders of train ids", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    is_new = path.is_dir() and matches(_NEW, Probe(path).names)
    return read_pairs(path, _NEW if is_new else _OLD, ClassSet.load("bdd100k"), options, _annotation)


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    values_hw = read_label_png(files.label)
    if values_hw.ndim != 2:
        raise UserError(f"{files.label}: has {values_hw.shape[2]} channels where ids need one")
    check_sizes(files, values_hw)
    return annotation_of_values(values_hw, class_set, where=str(files.label))


FORMAT = Format("bdd100k", "BDD100K semantics", _detect, _read)
