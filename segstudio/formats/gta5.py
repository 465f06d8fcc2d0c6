"""GTA5 (Playing for Data): numbered pictures, label PNGs of Cityscapes ids in Cityscapes' colours."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_sniffing import colors_fit, palette_of, values_of_colors
from segstudio.formats.drawn import reading
from segstudio.formats.files import Probe
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mat_files import read_mat
from segstudio.formats.paired_rasters import LabelFiles, Layout, check_sizes, read_pairs, sample
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import read_label_png

_LAYOUT = Layout(
    "gta5",
    re.compile(r"(?P<top>(?:.*/)?)labels/(?P<stem>\d{5})\.png"),
    ("{top}images/{stem}",),
)


def _detect(probe: Probe) -> Candidate | None:
    found = sample(probe, _LAYOUT, 1)
    if found and found[0].picture is not None and _has_city_colors(found[0].label):
        return Candidate("gta5", "numbered pictures with labels in Cityscapes' colours", CERTAIN)
    return None


def _has_city_colors(path: Path) -> bool:
    class_set = ClassSet.load("gta5")
    palette = palette_of(path)
    if palette is not None:
        known = [(c.id, c.color) for c in class_set.classes if c.id in (7, 8, 11, 21, 23, 26)]
        return all(tuple(palette[3 * i : 3 * i + 3]) == color for i, color in known)
    try:
        pixels = read_label_png(path)
    except UserError:
        return False
    return pixels.ndim == 3 and colors_fit(pixels, class_set)


def _read(path: Path, options: ReadOptions) -> Dataset:
    return read_pairs(path, _LAYOUT, ClassSet.load("gta5"), options, _annotation, split_of=_splits(path / "split.mat"))


def _splits(path: Path) -> dict[str, str]:
    """Stem → split of the release's split.mat; {} where it is not there."""
    if not path.is_file():
        return {}
    lists = read_mat(path)
    with reading(path, "a list of splits"):
        return {
            f"{int(number):05d}": split
            for split in ("train", "val", "test")
            for number in np.asarray(lists[f"{split}Ids"]).reshape(-1).tolist()
        }


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    pixels = read_label_png(files.label)
    check_sizes(files, pixels)
    values_hw = pixels if pixels.ndim == 2 else values_of_colors(pixels, class_set, where=str(files.label))
    return annotation_of_values(values_hw, class_set, where=str(files.label))


FORMAT = Format("gta5", "GTA5", _detect, _read)
