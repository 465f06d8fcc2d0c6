"""A folder of PNGs whose pixels are class ids (or a palette's indices, or a class set's colours), pictures by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_sniffing import looks_like_labels, sniffed_class_set, values_of_colors
from segstudio.formats.files import Probe, list_files, natural_key, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.pairing import group_by_folder, label_key, picture_of_key
from segstudio.formats.rasters import (
    annotation_of_values,
    by_id,
    by_train_id,
    checked_size,
    has_raster,
    rasterised,
    values_of,
)
from segstudio.formats.redrawing import overlap_losses
from segstudio.formats.report import CERTAIN, LIKELY, POSSIBLE, Candidate, Loss
from segstudio.formats.writing import Desk, WriteJob, Written, class_pixels
from segstudio.ops.embedded import picture_suffix
from segstudio.ops.image import probe_size_hw, read_label_png

CLASS_SET_FILE = "class_set.json"
"""Written beside the masks and read again, so that a folder of numbers says what they mean."""


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        if probe.suffix == ".png" and looks_like_labels(probe.path, probe.class_set):
            return Candidate("class-id-png", "one PNG of class ids", (LIKELY + POSSIBLE) / 2)
        return None
    folders = _label_folders(probe.path, probe.ending(".png"), probe.class_set)
    if not folders:
        return None
    count = sum(len(names) for names in folders.values())
    known = (probe.path / CLASS_SET_FILE).is_file()
    reason = f"{count} or more PNGs of class ids" + (f" and {CLASS_SET_FILE}" if known else "")
    return Candidate("class-id-png", reason, (CERTAIN + LIKELY) / 2 if known else (LIKELY + POSSIBLE) / 2)


def _label_folders(root: Path, names: list[str], class_set: ClassSet | None) -> dict[str, list[str]]:
    """The groups of PNGs (one folder, one kind of name) whose sampled pixels are class ids."""
    found: dict[str, list[str]] = {}
    for group, members in group_by_folder(names).items():
        sample = [members[0], members[len(members) // 2]]
        if all(looks_like_labels(root / name, class_set) for name in sample):
            found[group] = members
    return found


def _read(path: Path, options: ReadOptions) -> Dataset:
    root = path if path.is_dir() else path.parent
    listing = list_files(root) if path.is_dir() else None
    names = listing.files if listing else [path.name]
    pngs = [name for name in names if name.lower().endswith(".png")]
    class_set = options.class_set or _own_class_set(root)
    folders = _label_folders(root, pngs, class_set)
    labels = sorted((name for members in folders.values() for name in members), key=natural_key)
    if not labels:
        raise UserError(f"{path}: holds no PNGs of class ids", hint="colour PNGs need a class set")
    class_set = class_set or sniffed_class_set([root / name for name in labels])
    used = set(labels)
    pictures = picture_of_key([name for name in names if name not in used])
    images = [_item(root, name, pictures, class_set) for name in labels]
    skipped = tuple(Skipped(name, reason) for name, reason in listing.refused) if listing else ()
    return Dataset(path.stem if path.is_file() else path.name, root, "class-id-png", class_set, images, skipped)


def _own_class_set(root: Path) -> ClassSet | None:
    file = root / CLASS_SET_FILE
    return ClassSet.from_json(read_json(file), where=str(file)) if file.is_file() else None


def _item(root: Path, name: str, pictures: dict[str, str], class_set: ClassSet) -> ImageItem:
    key = label_key(name)
    picture = pictures.get(key) or pictures.get(key.rsplit("/", 1)[-1])
    image = root / picture if picture else None
    return ImageItem(key, image, read_annotation=partial(read_mask, root / name, image, class_set))


def read_mask(path: Path, image: Path | None, class_set: ClassSet) -> Annotation:
    """The annotation in one PNG of class ids, palette indices, train ids (by the file's name) or the set's colours.

    Raises `UserError` naming the file for damage, unknown ids, and a size that is not the image's.
    """
    values_hw: NDArray[Any] = read_label_png(path)
    if values_hw.ndim == 3:
        values_hw = values_of_colors(values_hw, class_set, where=str(path))
    checked_size((values_hw.shape[0], values_hw.shape[1]), probe_size_hw(image) if image else None, path, image)
    class_of = by_train_id(class_set) if path.stem.lower().endswith("trainids") else by_id(class_set)
    return annotation_of_values(values_hw, class_set, where=str(path), class_of=class_of)


def background_value(class_set: ClassSet) -> int:
    """The pixel value for "unlabelled": that of the first ignored class, else 255 (65535 where 255 is a class)."""
    taken = {c.id for c in class_set.classes}
    for c in class_set.classes:
        if c.is_ignored and 0 <= c.id <= 65535:
            return c.id
    return IGNORED if IGNORED not in taken else 65535


def _write(job: WriteJob) -> None:
    train_ids = job.options["values"] == "train-ids"
    value_of = (
        {c.id: c.train_id for c in job.class_set.classes if c.train_id >= 0} if train_ids else by_id(job.class_set)
    )
    background = IGNORED if train_ids else background_value(job.class_set)
    highest = max((*value_of.values(), background), default=background)
    if highest > 65535:
        raise UserError(f"class id {highest} does not fit into a 16-bit PNG")
    body = partial(_write_image, value_of=value_of, background=background, is_wide=highest > 255)
    for item, _, written in job.each(body):
        job.wrote(label_key(f"{item.key}.png"), written)
    (job.path / CLASS_SET_FILE).write_bytes(orjson.dumps(job.class_set.to_json(), option=orjson.OPT_INDENT_2))


def _write_image(
    desk: Desk,
    item: ImageItem,
    annotation: Annotation | None,
    *,
    value_of: Mapping[int, int],
    background: int,
    is_wide: bool,
) -> tuple[None, Written]:
    assert annotation is not None
    train_ids = desk.options["values"] == "train-ids"
    painted = rasterised(annotation)
    values_hw = values_of(painted, value_of, background)
    folder = "labels/" if desk.options["images"] != "none" else ""
    suffix = "_labelTrainIds" if train_ids else ""
    desk.write_png(f"{folder}{item.key}{suffix}.png", values_hw.astype(np.uint16 if is_wide else np.uint8))
    if item.path is not None:
        desk.place_image(item, f"images/{item.key}{picture_suffix(item.path)}")
    if train_ids:
        return None, Written()
    pixels = {k: n for k, n in class_pixels(painted).items() if k in value_of}
    return None, Written(pixels=_with_background(pixels, painted, background, desk.class_set))


def _with_background(
    pixels: dict[int, int], painted: Annotation, background: int, class_set: ClassSet
) -> dict[int, int]:
    """The areas as they will be read: where the background value is a class, unlabelled pixels become its own."""
    if background not in class_set.by_id:
        return pixels
    rest = painted.size_hw[0] * painted.size_hw[1] - sum(pixels.values())
    total = pixels.get(background, 0) + rest
    return {**pixels, background: total} if total else pixels


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from raster_losses(annotation, class_set)
    instances = [s for s in annotation.segments if s.instance]
    yield Loss("instances", len(instances))


def raster_losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    """What every format loses that holds one class per pixel: objects, overlaps, scores, classes without a value."""
    if has_raster(annotation):
        yield Loss("objects beside the raster", sum("polygon_label" not in item.extra for item in annotation.objects))
    else:
        yield from overlap_losses(annotation)
        yield Loss("scores", sum(item.score is not None for item in annotation.objects))
        yield Loss("attributes", sum(bool(item.attributes) for item in annotation.objects))
    yield Loss("confidence", int(annotation.confidence_hw is not None))
    known = by_id(class_set)
    pixels = [n for class_id, n in class_pixels(annotation).items() if class_id not in known]
    yield Loss("classes without a pixel value", len(pixels), sum(pixels))


FORMAT = Format(
    "class-id-png",
    "PNGs of class ids",
    _detect,
    _read,
    _write,
    _losses,
    options={"values": ("ids", "train-ids")},
)
