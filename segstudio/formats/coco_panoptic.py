"""COCO panoptic: a JSON with one list of segments per image, and PNGs whose colours are segment ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.segments import MAX_SEGMENT, Segment
from segstudio.formats.class_sniffing import packed_colors
from segstudio.formats.coco_files import (
    RAW,
    CocoFile,
    CocoImage,
    categories_json,
    chosen_files,
    class_set_of,
    file_name_of,
    images_of,
)
from segstudio.formats.coco_instances import unique_ids
from segstudio.formats.files import Probe, inside, key_of, shown
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mapping import by_name
from segstudio.formats.object_list import object_losses, visible_pieces
from segstudio.formats.rasters import checked_size, has_raster, rasterised
from segstudio.formats.redrawing import overlap_losses
from segstudio.formats.report import CERTAIN, LIKELY, Candidate, Loss
from segstudio.formats.writing import Desk, WriteJob, Written
from segstudio.ops.image import read_label_png

ID = "panoptic_id"
"""Key in a segment's attributes: its id in the PNG (red + 256 · green + 65536 · blue)."""

_DERIVED = ("id", "category_id", "iscrowd", "area", "bbox")


def _detect(probe: Probe) -> Candidate | None:
    if probe.is_dir and any(name.startswith("config") and name.endswith(".json") for name in probe.names):
        certainty = LIKELY  # Mapillary ships panoptic files beside its own
    else:
        certainty = CERTAIN
    for path in probe.json_files:
        content = probe.ends_of(path)
        if b'"segments_info"' in content and b'"images"' in content:
            where = path.name if probe.is_dir else "its content"
            return Candidate("coco-panoptic", f"{where} has images and segments_info", certainty)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    files = chosen_files(path, b'"segments_info"', "panoptic")
    if not files:
        raise UserError(f"{path}: holds no COCO panoptic file")
    documents = [file.load() for file in files]
    own_set, skipped = class_set_of(documents, files[0].path)
    class_set, class_of = own_set, {c.id: c.id for c in own_set.classes}
    if options.class_set is not None:
        class_set = options.class_set
        class_of = {k: v for k, v in by_name(own_set, class_set).target_of.items() if v is not None}
    images: list[ImageItem] = []
    taken: set[str] = set()
    for file, document in zip(files, documents, strict=True):
        usable, missed = images_of(file, document["images"], taken)
        rows, odd = _by_image(document["annotations"], usable)
        skipped += [*missed, *odd]
        for image in usable.values():
            row = rows.get(image.id)
            read = partial(_annotation, image, row, file, class_set, class_of) if row else None
            images.append(image.item(read_annotation=read))
    extra = {RAW: {k: v for d in documents for k, v in d.items() if k not in ("images", "annotations")}}
    name = path.stem if path.is_file() else path.name
    return Dataset(name, files[0].root, "coco-panoptic", class_set, images, tuple(skipped), extra)


def _by_image(
    rows: Iterable[Any], images: Mapping[int, CocoImage]
) -> tuple[dict[int, Mapping[str, Any]], list[Skipped]]:
    by_image: dict[int, Mapping[str, Any]] = {}
    skipped: list[Skipped] = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("segments_info"), list):
            skipped.append(Skipped("annotation", "has no segments_info"))
            continue
        image_id = row.get("image_id")
        if not isinstance(image_id, int) or image_id not in images:
            skipped.append(Skipped(str(row.get("file_name")), f"there is no image {shown(image_id)}"))
        elif by_image.setdefault(image_id, row) is not row:
            skipped.append(Skipped(str(row.get("file_name")), f"image {image_id} has two annotations"))
    return by_image, skipped


def _png_of(file: CocoFile, row: Mapping[str, Any]) -> Path:
    name = row.get("file_name")
    if not isinstance(name, str):
        raise UserError(f"{file.path}: the annotation of image {row.get('image_id')} has no file name")
    beside = file.path.parent.relative_to(file.root).as_posix()
    folders = (file.path.stem, "panoptic", f"panoptic_{file.split}", "", "annotations")
    for base in (f"{beside}/" if beside != "." else "", ""):
        for folder in folders:
            found = inside(file.root, f"{base}{folder}/{name}".lstrip("/"))
            if found.is_file():
                return found
    raise UserError(f"{file.path.parent / file.path.stem / name}: no such file")


def _annotation(
    image: CocoImage,
    row: Mapping[str, Any],
    file: CocoFile,
    class_set: ClassSet,
    class_of: Mapping[int, int],
) -> Annotation:
    path = _png_of(file, row)
    pixels = read_label_png(path)
    if pixels.ndim != 3:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    checked_size((pixels.shape[0], pixels.shape[1]), image.size_hw, path, image.path)
    packed = packed_colors(pixels[:, :, ::-1])
    segments: list[Segment] = []
    id_of: dict[int, int] = {}
    number: dict[int, int] = {}
    for info in row["segments_info"]:
        segment = _segment(info, len(segments) + 1, number, class_set, class_of, path)
        if segment.attributes[ID] in id_of:
            raise UserError(f"{path}: segment {segment.attributes[ID]} is described twice")
        id_of[segment.attributes[ID]] = segment.id
        segments.append(segment)
    fields = {k: v for k, v in row.items() if k not in ("segments_info", "image_id")}
    ids_hw = _segment_ids(packed, id_of, path)
    return Annotation((pixels.shape[0], pixels.shape[1]), ids_hw, tuple(segments), extra={RAW: fields})


def _segment(
    info: Any,
    segment_id: int,
    number: dict[int, int],
    class_set: ClassSet,
    class_of: Mapping[int, int],
    path: Path,
) -> Segment:
    if not isinstance(info, dict) or not isinstance(info.get("id"), int) or segment_id > MAX_SEGMENT:
        raise UserError(f"{path}: {str(info)[:60]} describes no segment")
    category_id = info.get("category_id")
    class_id = class_of.get(category_id) if isinstance(category_id, int) else None
    if class_id is None:
        raise UserError(f"{path}: category {shown(category_id)} of segment {info['id']} is not among the categories")
    is_crowd = info.get("iscrowd") in (1, True)
    instance = 0
    if class_set.by_id[class_id].is_thing and not is_crowd:
        instance = number[class_id] = number.get(class_id, 0) + 1
    kept = {k: v for k, v in info.items() if k not in _DERIVED}
    return Segment(segment_id, class_id, instance, is_crowd, {ID: info["id"], **kept})


def _segment_ids(packed: NDArray[np.uint32], id_of: Mapping[int, int], path: Path) -> NDArray[np.uint16]:
    """uint16 `[H, W]` segment ids of a raster of PNG ids; 0 is void. Raises `UserError` for ids without a segment."""
    known = np.array(sorted({0, *id_of}), np.int64)
    place = np.searchsorted(known, packed.reshape(-1).astype(np.int64))
    place[place == len(known)] = 0
    fits = known[place] == packed.reshape(-1)
    if not fits.all():
        odd = np.unique(packed.reshape(-1)[~fits])[:5]
        raise UserError(f"{path}: segments {', '.join(map(str, odd))} are in the PNG but not in the JSON")
    lut = np.array([id_of.get(int(k), 0) for k in known], np.uint16)
    return lut[place].reshape(packed.shape)


def _write(job: WriteJob) -> None:
    raw = job.dataset.extra.get(RAW)
    raw = raw if isinstance(raw, dict) else {}
    head = {k: v for k, v in raw.items() if k != "categories"}
    batches: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    owner: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for item in job.dataset.images:
        owner.setdefault((item.split, file_name_of(item)), item.key)
    for item, (image, row), written in job.each(partial(_write_image, owners=frozenset(owner.values()))):
        name = file_name_of(item)
        images, rows = batches.setdefault(item.split, ([], []))
        images.append(image)
        rows.append(row)
        key = f"{item.split}/{key_of(name)}" if key_of(name) in taken and item.split else key_of(name)
        taken.add(key)
        job.wrote(key, written)
    for split, (images, rows) in batches.items():
        ids = unique_ids([image.get("id") for image in images], [True] * len(images))
        document = {
            **head,
            "images": [{**image, "id": image_id} for image, image_id in zip(images, ids, strict=True)],
            "annotations": [{**row, "image_id": image_id} for row, image_id in zip(rows, ids, strict=True)],
            "categories": categories_json(job.class_set, raw.get("categories", ()), with_isthing=True),
        }
        (job.path / f"{_stem(split)}.json").write_bytes(orjson.dumps(document))


def _stem(split: str) -> str:
    return f"annotations/panoptic_{split}" if split else "annotations/panoptic"


def _write_image(
    desk: Desk, item: ImageItem, annotation: Annotation | None, *, owners: frozenset[str]
) -> tuple[tuple[dict[str, Any], dict[str, Any]], Written]:
    """The image's own row and that of its segments."""
    assert annotation is not None
    image_name = file_name_of(item)
    if item.key not in owners:
        raise UserError(f"another image is called {image_name}")
    painted = rasterised(annotation)
    pieces = list(visible_pieces(painted, desk.class_set))
    ids = unique_ids([s.attributes.get(ID) or None for s, _, _ in pieces], [True] * len(pieces))
    ids_hw = np.zeros(painted.size_hw, np.uint32)
    infos: list[dict[str, Any]] = []
    pixels: dict[int, int] = {}
    for (segment, rect, mask_hw), own in zip(pieces, ids, strict=True):
        ids_hw[rect.slices][mask_hw] = own
        area = int(np.count_nonzero(mask_hw))
        pixels[segment.class_id] = pixels.get(segment.class_id, 0) + area
        kept = {k: v for k, v in segment.attributes.items() if k not in (ID, "cityscapes")}
        infos.append({"id": own, "category_id": segment.class_id, **_measures(segment, rect, area), **kept})
    fields = annotation.extra.get(RAW)
    fields = dict(fields) if isinstance(fields, dict) else {}
    name = str(fields.get("file_name") or f"{key_of(image_name)}.png")
    channels = [(ids_hw >> shift & 255).astype(np.uint8) for shift in (0, 8, 16)]
    desk.write_png(f"{_stem(item.split)}/{name}", np.stack(channels, axis=2))
    desk.place_image(item, f"images/{image_name}")
    own = item.extra.get(RAW)
    height, width = annotation.size_hw
    image = {**(own if isinstance(own, dict) else {}), "file_name": image_name, "height": height, "width": width}
    return (image, {**fields, "segments_info": infos, "file_name": name}), Written(None, pixels)


def _measures(segment: Segment, rect: Rect, area: int) -> dict[str, Any]:
    return {"iscrowd": int(segment.is_crowd), "bbox": [rect.x0, rect.y0, rect.width, rect.height], "area": area}


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from object_losses(annotation, class_set)
    if not has_raster(annotation):
        yield from overlap_losses(annotation)
    else:
        yield Loss("objects beside the raster", sum("polygon_label" not in o.extra for o in annotation.objects))
    yield Loss("scores", sum(o.score is not None for o in annotation.objects))
    yield Loss("attributes", sum(bool(o.attributes) for o in annotation.objects))


FORMAT = Format("coco-panoptic", "COCO panoptic", _detect, _read, _write, _losses)
