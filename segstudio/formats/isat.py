"""ISAT: one JSON per picture with grouped polygons in layers, and isat.yaml with the colours."""

from __future__ import annotations

import posixpath
import re
from functools import partial
from pathlib import Path
from typing import Any

from segstudio.core.class_set import Color
from segstudio.core.dataset import Dataset
from segstudio.formats.drawn import (
    Drawn,
    DrawnImage,
    Pictures,
    checked_with_picture,
    file_by_file,
    polygon,
    reading,
    stated_size,
)
from segstudio.formats.files import Probe, key_of, read_bytes, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.report import CERTAIN, Candidate


def _detect(probe: Probe) -> Candidate | None:
    for path in probe.json_files:
        content = probe.ends_of(path, 65536)
        if b'"objects"' in content and b'"category"' in content and b'"ISAT"' in content:
            return Candidate("isat", "JSON files that ISAT wrote", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    colors = _colors((path if path.is_dir() else path.parent) / "isat.yaml")
    return file_by_file(path, "isat", _image, options.class_set, colors=colors)


def _colors(path: Path) -> dict[str, Color | None]:
    """The labels of isat.yaml with their colours, without the background; {} where there is none."""
    if not path.is_file():
        return {}
    text = read_bytes(path).decode("utf-8", "replace")
    colors: dict[str, Color | None] = {}
    for color, name in re.findall(r"color:\s*'?#([0-9a-fA-F]{6})'?\s*\n\s*name:\s*(.+)", text):
        plain = name.strip().strip("'\"")
        if plain != "__background__":
            value = int(color, 16)
            colors[plain] = (value >> 16, value >> 8 & 255, value & 255)
    return colors


def _image(root: Path, name: str, document: Any, pictures: Pictures) -> DrawnImage | None:
    path = root / name
    if not isinstance(document, dict) or "objects" not in document or "info" not in document:
        return None
    with reading(path, "an ISAT file"):
        labels = [str(row["category"]) for row in document["objects"]]
        wanted = str(document["info"]["name"])
    picture = pictures.find(wanted, beside=posixpath.dirname(name))
    return DrawnImage(key_of(name), picture, labels, partial(_shapes, path, picture))


def _shapes(path: Path, picture: Path | None) -> tuple[tuple[int, int], list[Drawn]]:
    document = read_json(path)
    with reading(path, "an ISAT file"):
        size_hw = stated_size(document["info"]["height"], document["info"]["width"])
        drawn = [_drawn(row) for row in document["objects"]]
    return checked_with_picture(size_hw, picture, path), drawn


def _drawn(row: dict[str, Any]) -> Drawn:
    extra = {k: v for k, v in row.items() if k == "note"}
    return Drawn(
        str(row["category"]),
        polygon(row["segmentation"]),
        row.get("group") or None,
        bool(row.get("iscrowd")),
        int(float(row.get("layer") or 0)),
        extra=extra,
    )


FORMAT = Format("isat", "ISAT JSON", _detect, _read)
