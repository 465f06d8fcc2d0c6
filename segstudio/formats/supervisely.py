"""Supervisely projects: meta.json, and per picture a JSON of polygons with holes and bitmaps."""

from __future__ import annotations

import base64
import posixpath
import zlib
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segstudio.core.class_set import Color
from segstudio.core.dataset import Dataset
from segstudio.core.objects import PolygonShape, Shape
from segstudio.formats.drawn import (
    Drawn,
    DrawnImage,
    Pictures,
    box,
    checked_with_picture,
    file_by_file,
    placed_mask,
    polygon,
    reading,
    stated_size,
)
from segstudio.formats.files import Probe, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.report import CERTAIN, Candidate

MAX_BITMAP = 1 << 28


def _detect(probe: Probe) -> Candidate | None:
    for path in probe.json_files:
        content = probe.ends_of(path, 65536)
        if b'"classTitle"' in content and b'"geometryType"' in content:
            return Candidate("supervisely", "annotation files with classTitle and geometryType", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    colors: dict[str, Color | None] = {}

    def one(root: Path, name: str, document: Any, pictures: Pictures) -> DrawnImage | None:
        if isinstance(document, dict) and "classes" in document and "objects" not in document:
            colors.update(_colors(document, root / name))
        is_image = isinstance(document, dict) and "objects" in document and "size" in document
        return _image(root, name, document, pictures) if is_image else None

    return file_by_file(path, "supervisely", one, options.class_set, colors=colors)


def _colors(document: dict[str, Any], path: Path) -> dict[str, Color | None]:
    with reading(path, "a Supervisely meta file"):
        colors: dict[str, Color | None] = {}
        for row in document["classes"]:
            value = int(str(row.get("color", "#808080")).removeprefix("#"), 16)
            colors[str(row["title"])] = (value >> 16 & 255, value >> 8 & 255, value & 255)
        return colors


def _image(root: Path, name: str, document: dict[str, Any], pictures: Pictures) -> DrawnImage:
    path = root / name
    with reading(path, "a Supervisely annotation"):
        labels = [str(row["classTitle"]) for row in document["objects"]]
    folder, last = posixpath.split(name)
    project = posixpath.dirname(folder)
    wanted = last.removesuffix(".json")
    picture = pictures.find(wanted, beside=posixpath.join(project, "img"))
    key = posixpath.join(project, wanted.rsplit(".", 1)[0])
    return DrawnImage(key, picture, labels, partial(_shapes, path, picture))


def _shapes(path: Path, picture: Path | None) -> tuple[tuple[int, int], list[Drawn]]:
    document = read_json(path)
    with reading(path, "a Supervisely annotation"):
        size_hw = stated_size(document["size"]["height"], document["size"]["width"])
        drawn = [
            Drawn(
                str(row["classTitle"]),
                _shape(row, size_hw),
                extra={k: row[k] for k in ("labelerLogin", "createdAt", "updatedAt", "description") if k in row},
                attributes={str(tag["name"]): tag.get("value") for tag in row.get("tags", ())},
            )
            for row in document["objects"]
        ]
    return checked_with_picture(size_hw, picture, path), drawn


def _shape(row: dict[str, Any], size_hw: tuple[int, int]) -> Shape:
    kind = row["geometryType"]
    if kind == "bitmap":
        x, y = row["bitmap"]["origin"]
        return placed_mask(_bitmap(row["bitmap"]["data"]), int(x), int(y), size_hw)
    if kind == "polygon":
        return polygon(row["points"]["exterior"], row["points"].get("interior", ()))
    if kind == "rectangle":
        (x0, y0), (x1, y1) = row["points"]["exterior"]
        return box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return PolygonShape(())


def _bitmap(encoded: str) -> Any:
    """The pixels of a deflated PNG; the inflated size is bounded before anything is decoded.

    Raises `ValueError` where the PNG is damaged; who reads the file knows its name.
    """
    unpack = zlib.decompressobj()
    data = unpack.decompress(base64.b64decode(encoded, validate=True), MAX_BITMAP)
    try:
        with Image.open(BytesIO(data)) as picture:
            stated_size(picture.height, picture.width)
            alpha = picture.getchannel("A") if "A" in picture.getbands() else None
            if alpha is None and picture.mode == "P" and "transparency" in picture.info:
                alpha = picture.convert("RGBA").getchannel("A")
            return np.array(alpha if alpha is not None else picture.convert("L"))
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f"a bitmap is a damaged image: {error}") from None


FORMAT = Format("supervisely", "Supervisely project", _detect, _read)
