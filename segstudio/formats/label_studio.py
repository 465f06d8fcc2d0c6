"""Label Studio exports: polygons, boxes and ellipses in percent, brush strokes as its own run lengths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from segstudio.core.dataset import Dataset, Skipped
from segstudio.core.errors import UserError
from segstudio.core.objects import PolygonShape, Shape
from segstudio.formats.drawn import (
    Drawn,
    DrawnImage,
    Pictures,
    box,
    checked_with_picture,
    dataset_of,
    ellipse,
    placed_mask,
    polygon,
    reading,
    stated_size,
)
from segstudio.formats.files import Probe, list_files, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.report import CERTAIN, Candidate

_UPLOAD = re.compile(r"^[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the name of an uploaded file."""

_KINDS = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels")


def _detect(probe: Probe) -> Candidate | None:
    for path in probe.json_files:
        content = probe.ends_of(path, 65536)
        if b'"from_name"' in content and b'"to_name"' in content and b'"result"' in content:
            return Candidate("label-studio", f"{path.name} has tasks with results", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    root = path if path.is_dir() else path.parent
    listing = list_files(root)
    files = [path] if path.is_file() else [root / n for n in listing.files if n.endswith(".json")]
    files = [file for file in files if _detect(Probe(file))]
    if len(files) != 1:
        listed = ", ".join(file.name for file in files[:5]) or "none"
        raise UserError(f"{path}: needs one Label Studio export, has {listed}", hint="name one of them")
    tasks = read_json(files[0])
    if not isinstance(tasks, list):
        raise UserError(f"{files[0]}: not a Label Studio export: a list of tasks is needed")
    pictures = Pictures(root, listing.files)
    images: list[DrawnImage] = []
    skipped: list[Skipped] = []
    for position, task in enumerate(tasks):
        try:
            images.append(_image(task, files[0], pictures))
        except UserError as error:
            skipped.append(Skipped(f"task {position}", str(error)))
    title = path.name if path.is_dir() else path.stem
    return dataset_of(title, root, "label-studio", images, wanted=options.class_set, skipped=skipped)


def _image(task: Any, file: Path, pictures: Pictures) -> DrawnImage:
    with reading(file, "a Label Studio task"):
        results = [r for r in _results(task) if r.get("type") in _KINDS]
        labels = [_label(result) for result in results]
        shown = next((str(v) for k, v in task["data"].items() if k in ("image", "img", "photo")), "")
        name = unquote(shown.split("?d=")[-1]).rsplit("/", 1)[-1] or f"task-{task.get('id')}"
        if not results:
            raise ValueError("no polygons, brush strokes, boxes or ellipses")
    without_prefix = _UPLOAD.sub("", name)
    picture = pictures.find(name) or pictures.find(without_prefix)
    key = picture.stem if picture else without_prefix.rsplit(".", 1)[0]
    return DrawnImage(key, picture, labels, partial(_shapes, results, picture, file, name))


def _results(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of the first annotation that was not cancelled."""
    for annotation in task.get("annotations") or task.get("completions") or ():
        if not annotation.get("was_cancelled"):
            return [result for result in annotation["result"] if isinstance(result, dict)]
    return []


def _label(result: Mapping[str, Any]) -> str:
    return str((result["value"].get(result["type"]) or ["object"])[0])


def _shapes(
    results: list[dict[str, Any]], picture: Path | None, file: Path, name: str
) -> tuple[tuple[int, int], list[Drawn]]:
    with reading(f"{file}: {name}", "Label Studio results"):
        size_hw = stated_size(results[0]["original_height"], results[0]["original_width"])
        drawn = [Drawn(_label(r), _shape(r["type"], r["value"], size_hw), score=r.get("score")) for r in results]
    return checked_with_picture(size_hw, picture, file), drawn


def _shape(kind: str, value: Mapping[str, Any], size_hw: tuple[int, int]) -> Shape:
    height, width = size_hw
    if kind == "brushlabels":
        return placed_mask(brush_mask(value["rle"], size_hw), 0, 0, size_hw)
    if kind == "polygonlabels":
        return polygon(np.array(value["points"], np.float64) * (width / 100, height / 100))
    x, y = value["x"] * width / 100, value["y"] * height / 100
    degrees = float(value.get("rotation") or 0.0)
    if kind == "ellipselabels":
        return ellipse(x, y, value["radiusX"] * width / 100, value["radiusY"] * height / 100, degrees=degrees)
    w, h = value["width"] * width / 100, value["height"] * height / 100
    if degrees:
        # Label Studio turns a box about its upper left corner.
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]])
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return polygon(corners @ np.array([[c, s], [-s, c]]) + (x, y))
    return box(x, y, x + w, y + h) if w and h else PolygonShape(())


def brush_mask(encoded: Any, size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """bool `[H, W]` of Label Studio's brush run lengths: a bit stream of RGBA bytes, of which alpha counts.

    32 bits: how many bytes there are; 5 bits: bits of a byte − 1; four times 4 bits: bits of a length − 1. Then blocks:
    1 bit (1 = one byte repeated, 0 = bytes in a row), 2 bits (which of the four lengths), the length − 1, the byte(s).
    Raises `ValueError` where the stream does not give the image.
    """
    stream = _Bits(np.asarray(encoded, np.uint8))
    total = stream.take(32)
    if total != size_hw[0] * size_hw[1] * 4:
        raise ValueError(f"the brush strokes hold {total} bytes, the image needs {size_hw[0] * size_hw[1] * 4}")
    word = stream.take(5) + 1
    lengths = [stream.take(4) + 1 for _ in range(4)]
    pieces: list[NDArray[np.uint8]] = []
    done = 0
    while done < total:
        is_run = stream.take(1)
        count = stream.take(lengths[stream.take(2)]) + 1
        if done + count > total:
            raise ValueError("the brush strokes hold more than the image")
        if is_run:
            pieces.append(np.full(count, stream.take(word), np.uint8))
        else:
            pieces.append(stream.take_many(word, count))
        done += count
    return np.asarray(np.concatenate(pieces).reshape(*size_hw, 4)[:, :, 3] > 0)


class _Bits:
    """Numbers of any width from a stream of bytes, the highest bit first."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._bits = np.unpackbits(data)
        self._at = 0

    def take(self, width: int) -> int:
        bits = self._bits[self._at : self._at + width]
        if len(bits) < width:
            raise ValueError("the brush strokes end too early")
        self._at += width
        return int("".join(map(str, bits.tolist())), 2)

    def take_many(self, width: int, count: int) -> NDArray[np.uint8]:
        bits = self._bits[self._at : self._at + width * count]
        if len(bits) < width * count:
            raise ValueError("the brush strokes end too early")
        self._at += width * count
        weights = 1 << np.arange(width - 1, -1, -1)
        return np.asarray(bits.reshape(count, width) @ weights, np.int64).astype(np.uint8)


FORMAT = Format("label-studio", "Label Studio", _detect, _read)
