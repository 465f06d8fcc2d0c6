"""VGG Image Annotator 1 and 2: one JSON or CSV of regions for many pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from segstudio.core.dataset import Dataset, Skipped
from segstudio.core.errors import UserError
from segstudio.core.geometry import union_all
from segstudio.core.objects import PolygonShape
from segstudio.formats.drawn import Drawn, DrawnImage, Pictures, box, dataset_of, ellipse, polygon, reading, stated_size
from segstudio.formats.files import Probe, inside, key_of, list_files, read_bytes, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.report import CERTAIN, Candidate
from segstudio.ops.image import probe_size_hw

_CLASS_FIELDS = ("class", "label", "category", "name", "type", "object")
_PLAIN = "object"
"""The class of regions that name none."""


def _detect(probe: Probe) -> Candidate | None:
    paths = [*probe.json_files, *_csv_files(probe)]
    for path in paths:
        content = probe.ends_of(path, 65536)
        if b"shape_attributes" in content and b"region_attributes" in content:
            return Candidate("via", f"{path.name} has regions with shape_attributes", CERTAIN)
    return None


def _csv_files(probe: Probe) -> list[Path]:
    if not probe.is_dir:
        return [probe.path] if probe.suffix == ".csv" else []
    return [probe.path / name for name in probe.ending(".csv")[:20]]


def _read(path: Path, options: ReadOptions) -> Dataset:
    root = path if path.is_dir() else path.parent
    listing = list_files(root)
    files = [path] if path.is_file() else [root / n for n in listing.files if n.endswith((".json", ".csv"))]
    files = [file for file in files if _detect(Probe(file))]
    if len(files) != 1:
        listed = ", ".join(file.name for file in files[:5]) or "none"
        raise UserError(f"{path}: needs one VIA file, has {listed}", hint="name one of them")
    pictures = Pictures(root, listing.files)
    images: list[DrawnImage] = []
    skipped: list[Skipped] = []
    for name, regions in _rows(files[0]):
        try:
            inside(root, name)
            picture = pictures.find(name)
            with reading(f"{files[0]}: {name}", "VIA regions"):
                labels = [_label(region) for region in regions]
            read = partial(_shapes, files[0], name, regions, picture)
            images.append(DrawnImage(key_of(name), picture, labels, read))
        except UserError as error:
            skipped.append(Skipped(name, str(error)))
    if not images and not skipped:
        raise UserError(f"{files[0]}: holds no VIA images")
    title = path.name if path.is_dir() else path.stem
    return dataset_of(title, root, "via", images, wanted=options.class_set, skipped=skipped)


def _rows(path: Path) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """(file name, regions) of every picture in a project, a region file of version 1 or 2, or a CSV."""
    if path.suffix.lower() == ".csv":
        yield from _csv_rows(path)
        return
    document = read_json(path)
    with reading(path, "a VIA file"):
        for row in document.get("_via_img_metadata", document).values():
            regions = row["regions"]
            listed = list(regions.values()) if isinstance(regions, dict) else list(regions)
            yield str(row["filename"]), listed


def _csv_rows(path: Path) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    with reading(path, "a VIA file"):
        text = io.StringIO(read_bytes(path).decode("utf-8"))
        for row in csv.DictReader(text):
            name = row.get("#filename") or row["filename"]
            regions = found.setdefault(name, [])
            shape = orjson.loads(row["region_shape_attributes"])
            if shape:
                regions.append({"shape_attributes": shape, "region_attributes": orjson.loads(row["region_attributes"])})
    yield from found.items()


def _label(region: Mapping[str, Any]) -> str:
    attributes = region.get("region_attributes") or {}
    for field in (*_CLASS_FIELDS, *attributes):
        value = attributes.get(field)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, dict) and any(value.values()):
            return str(next(k for k, chosen in value.items() if chosen))
    return _PLAIN


def _shapes(
    file: Path, name: str, regions: Iterable[Mapping[str, Any]], picture: Path | None
) -> tuple[tuple[int, int], list[Drawn]]:
    with reading(f"{file}: {name}", "VIA regions"):
        drawn = [
            Drawn(_label(region), _shape(region["shape_attributes"]), attributes=dict(region["region_attributes"]))
            for region in regions
        ]
    return probe_size_hw(picture) if picture else _reach(drawn), drawn


def _reach(drawn: Iterable[Drawn]) -> tuple[int, int]:
    """(height, width) that holds every shape: VIA does not say how large a picture is."""
    whole = union_all(one.shape.bounds() for one in drawn)
    return stated_size(max(1, whole.y1), max(1, whole.x1))


def _shape(shape: Mapping[str, Any]) -> PolygonShape:
    kind = shape["name"]
    if kind == "polygon":
        return polygon(list(zip(shape["all_points_x"], shape["all_points_y"], strict=True)))
    if kind == "rect":
        x, y = shape["x"], shape["y"]
        return box(x, y, x + shape["width"], y + shape["height"])
    if kind == "circle":
        return ellipse(shape["cx"], shape["cy"], shape["r"], shape["r"])
    if kind == "ellipse":
        return ellipse(shape["cx"], shape["cy"], shape["rx"], shape["ry"], degrees=_degrees(shape))
    return PolygonShape(())


def _degrees(shape: Mapping[str, Any]) -> float:
    return float(shape.get("theta") or 0.0) * 57.29577951308232


FORMAT = Format("via", "VGG Image Annotator", _detect, _read)
