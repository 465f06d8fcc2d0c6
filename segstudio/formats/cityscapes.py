"""Cityscapes: `leftImg8bit`/`gtFine`/`gtCoarse` trees and loose folders, all five label files in step."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.formats.cityscapes_outlines import outlines_of
from segstudio.formats.cityscapes_polygons import LABEL, painted_values, read_polygons, to_document
from segstudio.formats.cityscapes_rasters import segments_of, values_of_segments
from segstudio.formats.class_id_png import CLASS_SET_FILE
from segstudio.formats.class_sniffing import one_channel_header, values_of_colors
from segstudio.formats.files import Probe, list_files, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mapping import ClassMapping, by_name
from segstudio.formats.rasters import (
    annotation_of_values,
    by_train_id,
    checked_size,
    has_raster,
    rasterised,
)
from segstudio.formats.redrawing import overlap_losses
from segstudio.formats.report import CERTAIN, DIFFER, LIKELY, Candidate, Loss
from segstudio.formats.writing import Desk, WriteJob, Written, class_pixels
from segstudio.ops.image import probe_size_hw, read_label_png

_LABEL_FILE = re.compile(
    r"(?P<core>.+)_(?P<gt>gtFine|gtCoarse)_"
    r"(?P<kind>polygons\.json|labelIds\.png|instanceIds\.png|labelTrainIds\.png|color\.png)$"
)
_PICTURE = re.compile(r"(?P<core>.+)_leftImg8bit\.(png|jpe?g|webp|tiff?)$", re.IGNORECASE)
_PROPER_NAME = re.compile(r"[^_]+_\d+_\d+$")
_TOPS = ("gtFine", "gtCoarse", "leftImg8bit")

DELETED = "deleted_polygons"


@dataclass
class _Files:
    """The files of one image by kind ("polygons", "labelIds" …), relative to the root."""

    picture: str = ""
    labels: dict[str, str] = field(default_factory=dict)


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        name = probe.path.name
        return _candidate_of(probe.path) if _LABEL_FILE.fullmatch(name) else None
    labels = [name for name in probe.names if _LABEL_FILE.search(posixpath.basename(name))]
    for name in sorted(labels, key=lambda n: (not n.endswith(".json"), not n.endswith("labelIds.png")))[:3]:
        found = _candidate_of(probe.path / name)
        if found:
            return found
    pictures = [name for name in probe.names if _PICTURE.search(posixpath.basename(name))]
    return Candidate("cityscapes", "leftImg8bit pictures without labels", LIKELY) if pictures else None


def _candidate_of(path: Path) -> Candidate | None:
    if path.suffix == ".json":
        fits = b'"imgHeight"' in Probe(path).ends_of(path)
        return Candidate("cityscapes", "gtFine polygons files", CERTAIN) if fits else None
    fits = one_channel_header(path) or path.stem.endswith("color")
    return Candidate("cityscapes", "gtFine label images", CERTAIN) if fits else None


def _read(path: Path, options: ReadOptions) -> Dataset:
    root = path if path.is_dir() else path.parent
    listing = list_files(root)
    names = listing.files
    if path.is_file():
        core = _core_of(path.name)
        names = [name for name in names if "/" not in name and _core_of(name) == core]
    images = _by_image(names)
    if not images:
        raise UserError(f"{path}: holds no Cityscapes files (…_gtFine_polygons.json, …_leftImg8bit.png)")
    class_set = options.class_set or _class_set_of(root)
    items = [_item(root, key, files, class_set) for key, files in images.items()]
    skipped = tuple(Skipped(name, reason) for name, reason in listing.refused)
    return Dataset(path.stem if path.is_file() else path.name, root, "cityscapes", class_set, items, skipped)


def _core_of(name: str) -> str:
    match = _LABEL_FILE.fullmatch(name) or _PICTURE.fullmatch(name)
    return match["core"] if match else ""


def _class_set_of(root: Path) -> ClassSet:
    own = root / CLASS_SET_FILE
    return ClassSet.from_json(read_json(own), where=str(own)) if own.is_file() else ClassSet.load("cityscapes")


def _by_image(names: list[str]) -> dict[str, _Files]:
    """Key (split/city/core in a tree) → files; gtFine goes before gtCoarse."""
    images: dict[str, _Files] = {}
    for name in sorted(names, key=lambda n: "_gtCoarse_" in n):
        folder, base = posixpath.split(name)
        label, picture = _LABEL_FILE.fullmatch(base), _PICTURE.fullmatch(base)
        match = label or picture
        if match is None:
            continue
        parts = [part for part in folder.split("/") if part and part not in _TOPS]
        files = images.setdefault("/".join((*parts, match["core"])), _Files())
        if picture:
            files.picture = name
        elif label and not any("_gtFine_" in known for known in files.labels.values() if "_gtCoarse_" in name):
            files.labels[label["kind"].split(".")[0]] = name
    order = {name: position for position, name in enumerate(names)}
    first = {key: min(order[n] for n in (f.picture, *f.labels.values()) if n) for key, f in images.items()}
    return {key: images[key] for key in sorted(images, key=lambda k: first[k])}


def _item(root: Path, key: str, files: _Files, class_set: ClassSet) -> ImageItem:
    parts = key.split("/")
    picture = root / files.picture if files.picture else None
    paths = {kind: root / name for kind, name in files.labels.items()}
    return ImageItem(
        key,
        picture,
        split=parts[-3] if len(parts) >= 3 else "",
        sequence=parts[-2] if len(parts) >= 2 else "",
        read_annotation=partial(_read_annotation, paths, picture, class_set) if paths else None,
    )


def _read_annotation(paths: dict[str, Path], picture: Path | None, class_set: ClassSet) -> Annotation:
    size_hw = probe_size_hw(picture) if picture else None
    raster = _read_raster(paths, size_hw, picture, class_set)
    if "polygons" not in paths:
        assert raster is not None
        return raster
    file = read_polygons(paths["polygons"], class_set)
    wanted = raster.size_hw if raster else size_hw
    checked_size(file.size_hw, wanted, paths["polygons"], picture)
    labels_hw, instances_hw = painted_values(file.size_hw, file.objects, class_set)
    extra = {**file.fields, DELETED: [list(pair) for pair in file.deleted]} if file.deleted else dict(file.fields)
    if raster is None:
        raster = segments_of(labels_hw, instances_hw, class_set, where=str(paths["polygons"]))
    else:
        extra.update(_difference(raster, file.objects, class_set))
    return Annotation(raster.size_hw, raster.labels_hw, raster.segments, file.objects, extra=extra)


def _read_raster(
    paths: dict[str, Path], size_hw: tuple[int, int] | None, picture: Path | None, class_set: ClassSet
) -> Annotation | None:
    """The labels from the best rasters that are there; None where there are only polygons."""

    def pixels(kind: str) -> NDArray[np.int64] | None:
        if kind not in paths:
            return None
        values = read_label_png(paths[kind])
        checked_size((values.shape[0], values.shape[1]), size_hw, paths[kind], picture)
        if values.ndim != 2 and kind != "color":
            raise UserError(f"{paths[kind]}: has {values.shape[2]} channels where ids need one")
        return values

    label_hw, instance_hw = pixels("labelIds"), pixels("instanceIds")
    if label_hw is not None or instance_hw is not None:
        if label_hw is not None and instance_hw is not None:
            height, width = instance_hw.shape[:2]
            checked_size(
                (height, width), (label_hw.shape[0], label_hw.shape[1]), paths["instanceIds"], paths["labelIds"]
            )
        where = paths.get("labelIds") or paths["instanceIds"]
        return segments_of(label_hw, instance_hw, class_set, where=str(where))
    train_hw = pixels("labelTrainIds")
    if train_hw is not None:
        where = paths["labelTrainIds"]
        return annotation_of_values(train_hw, class_set, where=str(where), class_of=by_train_id(class_set))
    color_hwc = None if "polygons" in paths else pixels("color")
    if color_hwc is None:
        return None
    values_hw = values_of_colors(color_hwc, class_set, where=str(paths["color"]))
    return annotation_of_values(values_hw, class_set, where=str(paths["color"]))


def _difference(raster: Annotation, objects: tuple[SegObject, ...], class_set: ClassSet) -> dict[str, list[int]]:
    """How far the polygons, painted as Cityscapes does, are from the rasters; {} where they agree."""
    label_hw, instance_hw = values_of_segments(raster, class_set)
    painted_label_hw, painted_instance_hw = painted_values(raster.size_hw, objects, class_set)
    differ = [
        int(np.count_nonzero(label_hw != painted_label_hw)),
        int(np.count_nonzero(instance_hw != painted_instance_hw)),
    ]
    return {DIFFER: differ} if any(differ) else {}


def _write(job: WriteJob) -> None:
    source = job.dataset.class_set
    target = job.class_set = _target_class_set(source)
    mapping = None if target is source else by_name(source, target)
    for item, _, written in job.each(partial(_write_image, target=target, mapping=mapping)):
        job.wrote("/".join(_place(item)), written)
    if target.name != "cityscapes" or target != ClassSet.load("cityscapes"):
        (job.path / CLASS_SET_FILE).write_bytes(orjson.dumps(target.to_json(), option=orjson.OPT_INDENT_2))


def _write_image(
    desk: Desk, item: ImageItem, annotation: Annotation | None, *, target: ClassSet, mapping: ClassMapping | None
) -> tuple[None, Written]:
    assert annotation is not None
    if mapping is not None:
        annotation = mapping.applied(annotation)
    split, city, core = _place(item)
    label_hw, instance_hw = values_of_segments(rasterised(annotation), target)
    objects, instance_hw, split_up = _polygons(annotation, label_hw, instance_hw, target)
    desk.lose(Loss("instances of several parts become several polygons", split_up))
    document = _document(annotation, objects, target)
    stem = f"gtFine/{split}/{city}/{core}_gtFine"
    desk.place(f"{stem}_polygons.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    desk.write_png(f"{stem}_labelIds.png", label_hw)
    desk.write_png(f"{stem}_instanceIds.png", instance_hw)
    colors = _colors(target).view(np.uint32).reshape(-1)
    desk.write_png(f"{stem}_color.png", colors[label_hw].view(np.uint8).reshape(*label_hw.shape, 4))
    if desk.options["train_ids"]:
        desk.write_png(f"{stem}_labelTrainIds.png", np.asarray(cv2.LUT(label_hw, _train_ids(target)), np.uint8))
    desk.place_image(item, f"leftImg8bit/{split}/{city}/{core}_leftImg8bit.png", suffixes=frozenset([".png"]))
    pixels = class_pixels(segments_of(label_hw, instance_hw, target, where=item.key))
    return None, Written(_classes(objects), pixels)


def _classes(objects: Iterable[SegObject]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for item in objects:
        counts[item.class_id] = counts.get(item.class_id, 0) + 1
    return counts


def _document(annotation: Annotation, objects: Iterable[SegObject], class_set: ClassSet) -> dict[str, object]:
    deleted = [(int(position), row) for position, row in annotation.extra.get(DELETED, ())]
    fields = {k: v for k, v in annotation.extra.items() if k not in (DELETED, DIFFER)}
    return to_document(annotation.size_hw, objects, class_set, deleted, fields)


def _polygons(
    annotation: Annotation,
    label_hw: NDArray[np.uint8],
    instance_hw: NDArray[np.uint16],
    class_set: ClassSet,
) -> tuple[list[SegObject], NDArray[np.uint16], int]:
    """(polygons, the instanceIds that go with them, instances that had to be split): kept ones, else drawn anew."""
    kept = _kept_polygons(annotation, label_hw, instance_hw, class_set)
    if kept is not None:
        return kept, instance_hw, 0
    objects, renumbered_hw, split_up = outlines_of(label_hw, instance_hw, class_set)
    # Rasters that came without polygons keep their numbers: whoever made them may refer to these.
    is_edited = any(LABEL in item.extra for item in annotation.objects) or not has_raster(annotation)
    return objects, renumbered_hw if is_edited else instance_hw, split_up


def _kept_polygons(
    annotation: Annotation,
    label_hw: NDArray[np.uint8],
    instance_hw: NDArray[np.uint16],
    class_set: ClassSet,
) -> list[SegObject] | None:
    """The polygons that were read, while painting them gives the rasters, or differs from them just as it did then."""
    own = sorted((o for o in annotation.objects if LABEL in o.extra), key=lambda o: (o.z, o.id))
    if not own or not all(isinstance(o.shape, PolygonShape) and o.class_id in class_set.by_id for o in own):
        return None
    own_label_hw, own_instance_hw = painted_values(annotation.size_hw, own, class_set)
    differ = [int(np.count_nonzero(own_label_hw != label_hw)), int(np.count_nonzero(own_instance_hw != instance_hw))]
    return own if differ == list(annotation.extra.get(DIFFER, (0, 0))) else None


def _place(item: ImageItem) -> tuple[str, str, str]:
    """(split, city, name) under which Cityscapes' tools find an image; they insist on `city_000000_000000` names."""
    name = item.name.removesuffix("_leftImg8bit")
    if _PROPER_NAME.fullmatch(name):
        city = item.sequence if name.startswith(f"{item.sequence}_") and item.sequence else name.split("_")[0]
        return item.split or "train", city, name
    plain = re.sub(r"[^0-9A-Za-z.-]+", "-", item.key.removesuffix("_leftImg8bit")).strip("-") or "image"
    return item.split or "train", plain, f"{plain}_000000_000000"


def _target_class_set(class_set: ClassSet) -> ClassSet:
    """The set's own classes where their ids fit the layout, else Cityscapes' by name."""
    try:
        for c in class_set.classes:
            if c.id > 255 or (c.is_thing and c.id >= 65):
                return ClassSet.load("cityscapes")
    except ValueError:
        return ClassSet.load("cityscapes")
    return class_set


def _colors(class_set: ClassSet) -> NDArray[np.uint8]:
    """uint8 `[256, 4]`: RGBA of every labelIds value, as `createLabels` colours them."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    for c in class_set.classes:
        if 0 <= c.id <= 255:
            table[c.id, :3] = c.color
    return table


def _train_ids(class_set: ClassSet) -> NDArray[np.uint8]:
    table = np.full(256, IGNORED, np.uint8)
    for c in class_set.classes:
        if 0 <= c.id <= 255 and 0 <= c.train_id <= IGNORED:
            table[c.id] = c.train_id
    return table


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    drawn = [item for item in annotation.objects if LABEL not in item.extra]
    if has_raster(annotation):
        yield Loss("objects beside the raster", len(drawn))
        counts = np.bincount(annotation.labels_hw.reshape(-1)) if annotation.labels_hw is not None else np.zeros(1)
        lost = [s for s in annotation.segments if s.class_id < 0 and s.id < len(counts) and counts[s.id]]
        yield Loss("classes without a pixel value", len(lost), int(sum(counts[s.id] for s in lost)))
    else:
        yield from overlap_losses(annotation)
    yield Loss("scores", sum(item.score is not None for item in drawn))
    yield Loss("attributes", sum(bool(item.attributes) for item in drawn))
    yield Loss("confidence", int(annotation.confidence_hw is not None))
    target = _target_class_set(class_set)
    mapping = by_name(class_set, target)
    if target is not class_set:
        yield from mapping.losses(annotation)
        annotation = mapping.applied(annotation)
    with contextlib.suppress(UserError):  # what cannot be written at all is reported as skipped
        label_hw, instance_hw = values_of_segments(rasterised(annotation), target)
        redrawn = _kept_polygons(annotation, label_hw, instance_hw, target) is None
        yield Loss("polygons drawn anew from the pixels", int(redrawn))


FORMAT = Format(
    "cityscapes",
    "Cityscapes gtFine",
    _detect,
    _read,
    _write,
    _losses,
    options={"train_ids": (False, True)},
)
