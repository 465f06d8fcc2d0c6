"""Mapillary Vistas: config.json with the classes, label PNGs, 16-bit instances of class · 256 + number."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.drawn import reading
from segstudio.formats.files import Probe, list_files, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.paired_rasters import LabelFiles, Layout, annotation_of_pairs, check_sizes, matches, read_pairs
from segstudio.formats.rasters import annotation_of_values
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import read_label_png

PER_CLASS = 256


def _layout(version: str) -> Layout:
    """The files of one version of the labels ("v1.2/", "v2.0/", or "" where there is one only)."""
    inner = re.escape(version)
    return Layout(
        "mapillary",
        re.compile(
            rf"(?P<top>(?:.*/)?)(?:(?P<split>training|validation|testing|train|val|test)/){inner}labels/(?P<stem>[^/]+)\.png"
        ),
        ("{top}{split}/images/{stem}",),
        f"{{top}}{{split}}/{version}instances/{{stem}}",
    )


def _configs(names: list[str]) -> list[str]:
    return sorted(n for n in names if re.fullmatch(r"config(_v[\d.]+)?\.json", n))


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        return None
    for name in _configs(probe.names):
        content = probe.ends_of(probe.path / name)
        if b'"labels"' in content and b'"readable"' in content and b'"evaluate"' in content:
            return Candidate("mapillary", f"{name} with labels and label rasters", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    names = list_files(path).files if path.is_dir() else []
    configs = _configs(names)
    if not configs:
        raise UserError(f"{path}: holds no Mapillary config.json")
    # The newest version that has rasters.
    for name in reversed(configs):
        found = re.search(r"_(v[\d.]+)\.json", name)
        for version in ([f"{found[1]}/"] if found else []) + [""]:
            if matches(_layout(version), names):
                return read_pairs(path, _layout(version), _class_set(path / name), options, _annotation)
    raise UserError(f"{path}: holds no Mapillary label rasters")


def _class_set(path: Path) -> ClassSet:
    document = read_json(path)
    with reading(path, "a Mapillary config"):
        rows = document["labels"]
        classes = []
        for number, row in enumerate(rows):
            red, green, blue = (int(v) & 255 for v in row["color"])
            classes.append(
                LabelClass(
                    number,
                    str(row["name"]),
                    (red, green, blue),
                    is_thing=bool(row.get("instances")),
                    is_ignored=not row.get("evaluate", True),
                    category=str(row["name"]).split("--")[0],
                )
            )
    return ClassSet("mapillary", tuple(classes))


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    class_hw = read_label_png(files.label)
    if class_hw.ndim != 2:
        raise UserError(f"{files.label}: has {class_hw.shape[2]} channels where ids need one")
    check_sizes(files, class_hw)
    if files.instance is None:
        return annotation_of_values(class_hw, class_set, where=str(files.label))
    code_hw = read_label_png(files.instance).astype(np.int64)
    if code_hw.shape != class_hw.shape:
        raise UserError(f"{files.instance}: is not of the size of {files.label.name}")
    number_hw = np.where(code_hw // PER_CLASS == class_hw, code_hw % PER_CLASS + 1, 0)
    return annotation_of_pairs(class_hw, number_hw, class_set, where=str(files.label))


FORMAT = Format("mapillary", "Mapillary Vistas", _detect, _read)
