"""COCO results: a list of scored detections, as models deliver them for evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from segstudio.core.class_set import ClassSet, LabelClass, distinct_color
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_sniffing import MANY_CLASSES
from segstudio.formats.coco_files import RAW
from segstudio.formats.coco_shapes import object_of, row_of
from segstudio.formats.files import Probe, read_json, sane_size
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.object_list import object_losses, objects_of
from segstudio.formats.report import CERTAIN, Candidate, Loss
from segstudio.formats.writing import Desk, WriteJob, Written


def _detect(probe: Probe) -> Candidate | None:
    paths = [path for path in probe.json_files if probe.is_dir is False or path.parent == probe.path]
    for path in paths:
        content = probe.ends_of(path)
        if content.lstrip()[:1] == b"[" and b'"image_id"' in content and b'"score"' in content:
            return Candidate("coco-results", "a list of scored detections", CERTAIN)
    return None


def _file_in(path: Path) -> Path:
    if path.is_file():
        return path
    found = [file for file in sorted(path.glob("*.json")) if _detect(Probe(file))]
    if len(found) != 1:
        listed = ", ".join(file.name for file in found[:5]) or "none"
        raise UserError(f"{path}: needs one COCO results file, has {listed}", hint="name one of them")
    return found[0]


def _read(path: Path, options: ReadOptions) -> Dataset:
    file = _file_in(path)
    rows = read_json(file)
    if not isinstance(rows, list):
        raise UserError(f"{file}: not COCO results: a list of detections is needed")
    by_image: dict[int, list[Mapping[str, Any]]] = {}
    skipped: list[Skipped] = []
    category_ids: set[int] = set()
    for number, row in enumerate(rows):
        try:
            if not all(isinstance(row[name], int) for name in ("image_id", "category_id")):
                raise TypeError("image_id and category_id must be whole numbers")
            by_image.setdefault(row["image_id"], []).append(row)
            category_ids.add(row["category_id"])
        except (KeyError, TypeError) as error:
            skipped.append(Skipped(f"detection {number}", f"not a detection: {error}"))
    if rows and not by_image:
        raise UserError(f"{file}: not COCO results: {skipped[0].reason}")
    class_set = options.class_set or _class_set_of(category_ids)
    images = [
        ImageItem(
            f"{image_id:012d}",
            None,
            extra={RAW: {"id": image_id}},
            read_annotation=partial(_annotation, image_id, found, class_set, file),
        )
        for image_id, found in by_image.items()
    ]
    return Dataset(file.stem, file.parent, "coco-results", class_set, images, tuple(skipped))


def _class_set_of(category_ids: set[int]) -> ClassSet:
    for name in ("coco", "coco-panoptic"):
        known = ClassSet.load(name)
        if category_ids <= known.by_id.keys():
            return known
    if len(category_ids) > MANY_CLASSES:
        raise UserError(f"{len(category_ids)} different categories are too many for results", hint="give a class set")
    rows = (LabelClass(i, f"class {i}", distinct_color(n), is_thing=True) for n, i in enumerate(sorted(category_ids)))
    return ClassSet("custom", tuple(rows))


def _annotation(image_id: int, rows: Sequence[Mapping[str, Any]], class_set: ClassSet, file: Path) -> Annotation:
    size_hw = _size_of(rows)
    if not sane_size(size_hw):
        raise UserError(f"{file}: image {image_id}: an image of {size_hw[1]}×{size_hw[0]} pixels cannot be")
    unknown = sorted({row["category_id"] for row in rows} - class_set.by_id.keys())
    if unknown:
        raise UserError(f"{file}: image {image_id}: categories {unknown} are not in the class set {class_set.name!r}")
    try:
        objects = tuple(object_of(row, rank, row["category_id"], size_hw) for rank, row in enumerate(rows, 1))
    except UserError as error:
        raise UserError(f"{file}: image {image_id}: {error}") from None
    return Annotation(size_hw, objects=objects)


def _size_of(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """(height, width) of the image: that of its masks; of polygons and boxes alone, what holds them all."""
    reach = np.ones(2)
    for row in rows:
        segmentation = row.get("segmentation")
        if isinstance(segmentation, dict):
            size = segmentation.get("size")
            if isinstance(size, list) and len(size) == 2 and all(isinstance(v, int) for v in size):
                return size[0], size[1]
        box = row.get("bbox")
        if isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box):
            reach = np.maximum(reach, (box[1] + box[3], box[0] + box[2]))
    height, width = np.ceil(np.clip(reach, 1, 1e9)).astype(int)
    return int(height), int(width)


def _write(job: WriteJob) -> None:
    rows: list[dict[str, Any]] = []
    used: set[int] = set()
    for item, found, written in job.each(_write_image):
        image_id = _image_id(item, used)
        used.add(image_id)
        rows += [{**row, "image_id": image_id} for row in found]
        job.wrote(f"{image_id:012d}", written)
    target = job.path if job.path.suffix.lower() == ".json" else job.path / "results.json"
    target.write_bytes(orjson.dumps(rows))


def _write_image(
    desk: Desk, item: ImageItem, annotation: Annotation | None
) -> tuple[list[dict[str, Any]], Written | None]:
    assert annotation is not None
    rows: list[dict[str, Any]] = []
    counts: dict[int, int] = {}
    for o in objects_of(annotation, desk.class_set):
        if o.is_crowd:
            continue
        row = row_of(o, 0, None, annotation.size_hw, str(desk.options["segmentation"]))
        kept = {k: v for k, v in row.items() if k not in ("id", "iscrowd", "area")}
        rows.append({**kept, "score": 1.0 if o.score is None else o.score})
        counts[o.class_id] = counts.get(o.class_id, 0) + 1
    # Results name no image without a detection.
    return rows, Written(counts) if counts else None


def _image_id(item: ImageItem, used: set[int]) -> int:
    """The COCO id of an image: its own, the number that is its name, or the next free one."""
    raw = item.extra.get(RAW)
    own = raw.get("id") if isinstance(raw, dict) else None
    if not isinstance(own, int) and item.name.isdecimal():
        own = int(item.name)
    return own if isinstance(own, int) and own not in used else 1 + max(used, default=0)


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from object_losses(annotation, class_set)
    objects = objects_of(annotation, class_set)
    yield Loss("crowds", sum(o.is_crowd for o in objects))
    yield Loss("objects without a score get 1", sum(o.score is None for o in objects if not o.is_crowd))
    yield Loss("attributes", sum(bool(o.attributes) for o in annotation.objects))


FORMAT = Format(
    "coco-results",
    "COCO results",
    _detect,
    _read,
    _write,
    _losses,
    file_suffix=".json",
    options={"segmentation": ("rle", "auto", "polygons")},
)
