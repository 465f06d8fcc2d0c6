"""CamVid: colour PNGs of 32 classes (`…_L.png`), or the 11-class split of SegNet (`train`/`trainannot`)."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_sniffing import colors_fit, values_of_colors
from segstudio.formats.files import Probe, read_bytes
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.paired_rasters import LabelFiles, Layout, check_sizes, matches, read_pairs, sample
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import read_label_png

_SEGNET = Layout(
    "camvid",
    re.compile(r"(?P<top>(?:.*/)?)(?P<split>train|val|test)annot/(?P<stem>[^/]+)\.png"),
    ("{top}{split}/{stem}",),
)
_ORIGINAL = Layout(
    "camvid",
    re.compile(r"(?P<top>(?:.*/)?)(?P<folder>[^/]*[Ll]abel[^/]*)/(?P<stem>[^/]+)_L\.png"),
    ("{top}701_StillsRaw_full/{stem}", "{top}images/{stem}", "{top}{stem}"),
)


def _detect(probe: Probe) -> Candidate | None:
    segnet = sample(probe, _SEGNET, 1)
    if segnet and segnet[0].picture is not None:
        return Candidate("camvid", "train and trainannot folders", CERTAIN)
    original = sample(probe, _ORIGINAL, 1)
    if original and _has_camvid_colors(original[0].label):
        return Candidate("camvid", "…_L.png rasters in CamVid's colours", CERTAIN)
    return None


def _has_camvid_colors(path: Path) -> bool:
    try:
        pixels = read_label_png(path)
    except UserError:
        return False
    return pixels.ndim == 3 and colors_fit(pixels, ClassSet.load("camvid-32"))


def _read(path: Path, options: ReadOptions) -> Dataset:
    names = Probe(path).names if path.is_dir() else []
    layout = _SEGNET if matches(_SEGNET, names) else _ORIGINAL
    first = matches(layout, names)[:1]
    is_colored = not first or read_label_png(path / first[0][0]).ndim == 3
    class_set = ClassSet.load("camvid-32" if is_colored else "camvid")
    return read_pairs(path, layout, class_set, options, _annotation, split_of=_splits(path))


def _splits(path: Path) -> dict[str, str]:
    """Stem → split from train.txt, val.txt and test.txt, whose lines name a picture first."""
    split_of: dict[str, str] = {}
    for split in ("train", "val", "test"):
        file = path / f"{split}.txt"
        if file.is_file():
            for line in read_bytes(file).decode("utf-8", "replace").splitlines():
                if line.strip():
                    split_of[posixpath.splitext(posixpath.basename(line.split()[0]))[0]] = split
    return split_of


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    pixels = read_label_png(files.label)
    check_sizes(files, pixels)
    values_hw = pixels if pixels.ndim == 2 else values_of_colors(pixels, class_set, where=str(files.label))
    return annotation_of_values(values_hw, class_set, where=str(files.label))


FORMAT = Format("camvid", "CamVid", _detect, _read)
