"""LabelMe: one JSON beside each picture; every shape type, grouped parts, masks."""

from __future__ import annotations

import base64
import math
import posixpath
from collections.abc import Iterable, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from PIL import Image

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.geometry import Points, Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonShape, SegObject, Shape
from segstudio.formats.drawn import (
    Drawn,
    DrawnImage,
    Pictures,
    box,
    checked_with_picture,
    ellipse,
    file_by_file,
    parts_of,
    placed_mask,
    polygon,
    reading,
    stated_size,
)
from segstudio.formats.files import Probe, key_of, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.object_list import object_losses, objects_of
from segstudio.formats.report import CERTAIN, Candidate, Loss, provenance_text
from segstudio.formats.writing import Desk, WriteJob, Written
from segstudio.ops.embedded import decoded, picture_suffix
from segstudio.ops.image_file import header_of
from segstudio.ops.shapes import mask_of

_FORM = "labelme"
_KNOWN = ("label", "points", "group_id", "shape_type", "mask")


def _detect(probe: Probe) -> Candidate | None:
    for path in probe.json_files:
        content = probe.ends_of(path, 65536)
        if b'"shapes"' in content and b'"imagePath"' in content:
            return Candidate("labelme", "JSON files with shapes and imagePath", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    return file_by_file(path, "labelme", _image, options.class_set)


def _image(root: Path, name: str, document: Any, pictures: Pictures) -> DrawnImage | None:
    path = root / name
    if not isinstance(document, dict) or "shapes" not in document:
        return None
    with reading(path, "a LabelMe file"):
        labels = [str(shape["label"]) for shape in document["shapes"]]
        wanted = str(document.get("imagePath") or "")
    folder = posixpath.dirname(name)
    picture = pictures.find(posixpath.normpath(posixpath.join(folder, wanted))) if wanted else None
    picture = picture or pictures.find(posixpath.basename(key_of(name)), beside=folder)
    picture = picture or _own_picture(path, document.get("imageData"))
    head = {k: v for k, v in document.items() if k not in ("shapes", "imageData", "imageHeight", "imageWidth")}
    return DrawnImage(key_of(name), picture, labels, partial(_shapes, path, picture), extra={_FORM: head})


def _own_picture(path: Path, encoded: object) -> Path | None:
    """The label file itself, where it holds a picture that can be read."""
    content = decoded(encoded)
    if content is None:
        return None
    try:
        header_of(path, content)
    except UserError:
        return None
    return path


def _shapes(path: Path, picture: Path | None) -> tuple[tuple[int, int], list[Drawn]]:
    document = read_json(path)
    with reading(path, "a LabelMe file"):
        size_hw = stated_size(document["imageHeight"], document["imageWidth"])
        drawn = [_drawn(shape, size_hw) for shape in document["shapes"]]
    return checked_with_picture(size_hw, picture, path), drawn


def _drawn(raw: Mapping[str, Any], size_hw: tuple[int, int]) -> Drawn:
    kind = raw.get("shape_type") or "polygon"
    extra = {k: v for k, v in raw.items() if k not in _KNOWN}
    if kind != "polygon":
        extra["segmentation"] = {_FORM: {"shape_type": kind, "points": raw["points"]}}
    return Drawn(str(raw["label"]), _shape(kind, raw, size_hw), raw.get("group_id"), extra=extra)


def _shape(kind: str, raw: Mapping[str, Any], size_hw: tuple[int, int]) -> Shape:
    points = raw["points"]
    if kind == "polygon":
        return polygon(points)
    if kind == "rectangle":
        (x0, y0), (x1, y1) = points[0], points[-1]
        return box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    if kind == "circle":
        (cx, cy), (x, y) = points
        radius = math.hypot(x - cx, y - cy)
        return ellipse(cx, cy, radius, radius)
    if kind == "mask":
        (x, y), _ = points
        return placed_mask(_mask_pixels(raw["mask"]), round(x), round(y), size_hw)
    return PolygonShape(())  # a point or a line has no pixels; its own form is kept


def _mask_pixels(encoded: str) -> Any:
    with Image.open(BytesIO(base64.b64decode(encoded, validate=True))) as picture:
        stated_size(picture.height, picture.width)
        return np.array(picture)


def _write(job: WriteJob) -> None:
    for item, _, written in job.each(_write_image):
        job.wrote(item.key, written)


def _write_image(desk: Desk, item: ImageItem, annotation: Annotation | None) -> tuple[None, Written]:
    assert annotation is not None
    objects = objects_of(annotation, desk.class_set)
    shapes = list(_rows(objects, annotation.size_hw, desk.class_set))
    suffix = picture_suffix(item.path) if item.path else ".jpg"
    head = item.extra.get(_FORM)
    head = dict(head) if isinstance(head, dict) else {"version": "5.5.0", "flags": {}}
    if desk.options["images"] != "none" or not head.get("imagePath"):
        head["imagePath"] = f"{item.name}{suffix}"
    height, width = annotation.size_hw
    document = {**head, "shapes": shapes, "imageData": None, "imageHeight": height, "imageWidth": width}
    desk.place(f"{item.key}.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    desk.place_image(item, f"{item.key}{suffix}")
    # LabelMe knows names only: ids may differ when read again, so only the number is compared.
    return None, Written(count=len(objects))


def _rows(objects: Iterable[SegObject], size_hw: tuple[int, int], class_set: ClassSet) -> Iterable[dict[str, Any]]:
    for item, ring_xy, group in parts_of(objects):
        label = class_set.by_id[item.class_id].name
        extra = {k: v for k, v in item.extra.items() if k in ("description", "flags")}
        base = {"label": label, "group_id": group or None, "description": "", "flags": {}, **extra}
        if told := provenance_text(item.extra):
            base["description"] = f"{base['description'] or ''}\n{told}".strip()
        kept = item.extra.get("segmentation")
        own = kept.get(_FORM) if isinstance(kept, dict) else None
        if isinstance(own, dict) and own["shape_type"] != "mask":
            yield {**base, **own, "mask": None}
        elif ring_xy is not None:
            yield {**base, "shape_type": "polygon", "points": ring_xy.tolist(), "mask": None}
        else:
            yield {**base, **_mask_row(item, size_hw)}
    for item in objects:
        if isinstance(item.shape, PolygonShape) and not item.shape.parts:
            yield from _lines(item, class_set)


def _lines(item: SegObject, class_set: ClassSet) -> Iterable[dict[str, Any]]:
    kept = item.extra.get("segmentation")
    own = kept.get(_FORM) if isinstance(kept, dict) else None
    row = own if isinstance(own, dict) else {"shape_type": "polygon", "points": []}
    yield {"label": class_set.by_id[item.class_id].name, "group_id": None, "description": "", "flags": {}, **row}


def _mask_row(item: SegObject, size_hw: tuple[int, int]) -> dict[str, Any]:
    rect = item.bounds().grown(1).intersect(Rect.of_size(*size_hw))
    mask_hw = mask_of(item.shape, rect, size_hw)
    tight = Rect.of_mask(mask_hw)
    buffer = BytesIO()
    Image.fromarray(mask_hw[tight.slices].astype(np.uint8) * 255).convert("1").save(buffer, "PNG")
    at = tight.moved(rect.x0, rect.y0)
    corners: Points = np.array([[at.x0, at.y0], [at.x1 - 1, at.y1 - 1]], np.float64)
    return {"shape_type": "mask", "points": corners.tolist(), "mask": base64.b64encode(buffer.getvalue()).decode()}


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from object_losses(annotation, class_set)
    yield Loss("crowds", sum(o.is_crowd for o in annotation.objects))
    yield Loss("scores", sum(o.score is not None for o in annotation.objects))
    yield Loss("attributes", sum(bool(o.attributes) for o in annotation.objects))
    yield Loss("class ids (names stay)", int(bool(annotation.objects)))


FORMAT = Format("labelme", "LabelMe JSON", _detect, _read, _write, _losses, holds_provenance=True)
