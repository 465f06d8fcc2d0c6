"""ADE20K: the SceneParsing release (index PNGs of 150 classes) and the full one (coloured PNGs with parts)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet, LabelClass, distinct_color
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.objects import SegObject
from segstudio.formats.class_id_png import raster_losses
from segstudio.formats.drawn import reading
from segstudio.formats.files import Probe, key_of, list_files, read_bytes, read_json
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mapping import ClassMapping, by_name
from segstudio.formats.paired_rasters import LabelFiles, Layout, annotation_of_pairs, check_sizes, read_pairs, sample
from segstudio.formats.rasters import annotation_of_values, checked_size, rasterised, values_of
from segstudio.formats.report import CERTAIN, Candidate, Loss
from segstudio.formats.writing import JPEG, Desk, WriteJob, Written, class_pixels
from segstudio.ops import rle
from segstudio.ops.image import probe_size_hw, read_label_png

_SCENE = Layout(
    "ade20k",
    re.compile(r"(?P<top>(?:.*/)?)annotations/(?:(?P<split>training|validation|testing)/)?(?P<stem>[^/]+)\.png"),
    ("{top}images/{split}/{stem}",),
)
_FULL = re.compile(r"(?P<base>.+)_seg\.png")
_SPLITS = ("training", "validation", "testing")
_SPLIT_OF = {"val": "validation", "test": "testing"}


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line of an image's object list; `code` is the class's number in the raster where the list says it (2020)."""

    number: int
    level: int
    name: str
    code: int | None = None


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        return None
    full = [n for n in probe.names if _FULL.fullmatch(n)]
    if full and any(n.endswith(("_atr.txt", ".json")) for n in probe.names):
        return Candidate("ade20k", "…_seg.png rasters with their object lists", CERTAIN)
    scene = sample(probe, _SCENE, 1)
    if not scene:
        return None
    named = any("objectInfo150" in n or "sceneCategories" in n for n in probe.names)
    typical = named or scene[0].label.name.startswith("ADE_")
    return Candidate("ade20k", "annotations of the SceneParsing release", CERTAIN) if typical else None


def _read(path: Path, options: ReadOptions) -> Dataset:
    listing = list_files(path) if path.is_dir() else None
    if listing is None:
        raise UserError(f"{path}: ADE20K is a folder, this is a file")
    full = [name for name in listing.files if _FULL.fullmatch(name)]
    if not full:
        return read_pairs(path, _SCENE, ClassSet.load("ade20k"), options, _annotation)
    objects = {name: _object_list(path, key_of(name).removesuffix("_seg")) for name in full}
    class_set = options.class_set or _class_set(objects.values())
    ids = {c.name: c.id for c in class_set.classes}
    known = {key_of(n): n for n in listing.files if n.lower().endswith((".jpg", ".jpeg"))}
    images = []
    for name in full:
        base = key_of(name).removesuffix("_seg")
        split = next((part for part in base.split("/") if part in _SPLITS), "")
        picture = path / known[base] if base in known else None
        parts = [n for n in listing.files if n.startswith(f"{base}_parts_")]
        read = partial(_full_annotation, path / name, [path / n for n in parts], picture, objects[name], class_set, ids)
        images.append(ImageItem(base, picture, split=split, read_annotation=read))
    skipped = tuple(Skipped(n, reason) for n, reason in listing.refused)
    return Dataset(path.name, path, "ade20k", class_set, images, skipped)


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    values_hw = read_label_png(files.label)
    check_sizes(files, values_hw)
    rest = class_set.extra.get("rest")
    if isinstance(rest, int) and values_hw.ndim == 2:
        # A set of the first classes only, such as ADE20K-32: all others are one of its own.
        values_hw = np.where(np.isin(values_hw, list(class_set.by_id)), values_hw, values_hw.dtype.type(rest))
    return annotation_of_values(values_hw, class_set, where=str(files.label))


def _object_list(root: Path, base: str) -> list[_Listed]:
    """Every object of an image: from its `_atr.txt` (2017) or its JSON (2020)."""
    text, document = root / f"{base}_atr.txt", root / f"{base}.json"
    if text.is_file():
        rows = [line.split("#") for line in read_bytes(text).decode("utf-8", "replace").splitlines() if "#" in line]
        with reading(text, "an ADE20K object list"):
            return [_Listed(int(row[0]), int(row[1]), row[3].strip()) for row in rows]
    if document.is_file():
        with reading(document, "an ADE20K object list"):
            found = read_json(document)["annotation"]["object"]
            return [
                _Listed(int(r["id"]), int(r["parts"]["part_level"]), str(r["name"]).strip(), int(r["name_ndx"]))
                for r in found
            ]
    return []


def _class_set(lists: Iterable[list[_Listed]]) -> ClassSet:
    """The classes that occur, numbered as they are met; 0 is "other". Parts are classes too."""
    names = dict.fromkeys(row.name for rows in lists for row in rows)
    rows = [LabelClass(0, "other", (0, 0, 0), is_ignored=True)]
    rows += [LabelClass(i, name, distinct_color(i), is_thing=True) for i, name in enumerate(names, 1)]
    return ClassSet("ade20k-full", tuple(rows))


def _full_annotation(
    path: Path,
    parts: list[Path],
    picture: Path | None,
    listed: list[_Listed],
    class_set: ClassSet,
    ids: Mapping[str, int],
) -> Annotation:
    """The whole objects as raster, the parts as objects over them."""
    codes_hw, number_hw = _decoded(path)
    height, width = codes_hw.shape
    checked_size((height, width), probe_size_hw(picture) if picture else None, path, picture)
    class_hw = _class_of_numbers(codes_hw, number_hw, [row for row in listed if row.level == 0], ids, path)
    annotation = annotation_of_pairs(class_hw, number_hw, class_set, where=str(path))
    objects: list[SegObject] = []
    for level, part in enumerate(parts, 1):
        objects += _parts(
            part, level, [row for row in listed if row.level == level], ids, (height, width), len(objects)
        )
    return Annotation(annotation.size_hw, annotation.labels_hw, annotation.segments, tuple(objects))


def _decoded(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(class code, instance number) `[H, W]`: red // 10 · 256 + green, and the rank of blue among its values."""
    pixels = read_label_png(path)
    if pixels.ndim != 3:
        raise UserError(f"{path}: one channel where the full release has three")
    codes = pixels[:, :, 0].astype(np.int64) // 10 * 256 + pixels[:, :, 1]
    _, rank = np.unique(pixels[:, :, 2], return_inverse=True)
    blank = not pixels[:, :, 2].all()
    return codes, rank.reshape(codes.shape).astype(np.int64) + (0 if blank else 1)


def _class_of_numbers(
    codes_hw: NDArray[np.int64],
    number_hw: NDArray[np.int64],
    listed: list[_Listed],
    ids: Mapping[str, int],
    path: Path,
) -> NDArray[np.int64]:
    """Class ids `[H, W]` through the list: by its codes (2020), or as the n-th object is the n-th instance (2017)."""
    by_code = {row.code: ids.get(row.name, 0) for row in listed if row.code is not None}
    if by_code:
        class_of, key_hw = by_code, codes_hw
    else:
        ordered = sorted(listed, key=lambda row: row.number)
        class_of, key_hw = {n: ids.get(row.name, 0) for n, row in enumerate(ordered, 1)}, number_hw
    present = set(np.unique(key_hw).tolist())
    missing = sorted(present - class_of.keys() - {0})
    if missing:
        raise UserError(f"{path}: the object list does not describe {missing[:5]}")
    lut = np.zeros(max(present, default=0) + 1, np.int64)
    for key in present & class_of.keys():
        lut[key] = class_of[key]
    return lut[key_hw]


def _parts(
    path: Path,
    level: int,
    listed: list[_Listed],
    ids: Mapping[str, int],
    size_hw: tuple[int, int],
    before: int,
) -> list[SegObject]:
    codes_hw, _ = _decoded(path)
    checked_size((codes_hw.shape[0], codes_hw.shape[1]), size_hw, path, None)
    objects = []
    names = list(dict.fromkeys(row.name for row in sorted(listed, key=lambda row: row.number)))
    by_code = {row.code: row.name for row in listed if row.code is not None}
    for rank, code in enumerate(v for v in np.unique(codes_hw).tolist() if v):
        name = by_code.get(code) or (names[rank] if rank < len(names) else "")
        if name:
            shape = rle.mask_shape(codes_hw == code, size_hw=size_hw)
            attributes = {"part_level": level}
            objects.append(SegObject(before + rank + 1, ids.get(name, 0), shape, z=level, attributes=attributes))
    return objects


def _write(job: WriteJob) -> None:
    source = job.dataset.class_set
    target = job.class_set = source if source.name == "ade20k" else ClassSet.load("ade20k")
    mapping = None if target is source else by_name(source, target)
    owner: dict[str, str] = {}
    for item in job.dataset.images:
        owner.setdefault("/".join(_place(item)), item.key)
    body = partial(_write_image, target=target, mapping=mapping, owners=frozenset(owner.values()))
    for item, _, written in job.each(body):
        job.wrote("/".join(_place(item)), written)
    info = ["Idx\tName", *(f"{c.id}\t{c.name}" for c in target.classes if c.id > 0)]
    (job.path / "objectInfo150.txt").write_text("\n".join(info) + "\n", encoding="utf-8")


def _place(item: ImageItem) -> tuple[str, str]:
    """(split, name) of an image in the release's folders."""
    return item.split if item.split in _SPLITS else _SPLIT_OF.get(item.split, "training"), item.name


def _write_image(
    desk: Desk,
    item: ImageItem,
    annotation: Annotation | None,
    *,
    target: ClassSet,
    mapping: ClassMapping | None,
    owners: frozenset[str],
) -> tuple[None, Written]:
    assert annotation is not None
    split, stem = _place(item)
    if item.key not in owners:
        raise UserError(f"another image is called {stem}")
    if mapping is not None:
        desk.lose(*mapping.losses(annotation))
        annotation = mapping.applied(annotation)
    painted = rasterised(annotation)
    values_hw = values_of(painted, {c.id: c.id for c in target.classes}, 0)
    desk.write_png(f"annotations/{split}/{stem}.png", values_hw.astype(np.uint8))
    desk.place_image(item, f"images/{split}/{stem}.jpg", suffixes=JPEG)
    pixels = {k: n for k, n in class_pixels(painted).items() if k}
    other = values_hw.size - sum(pixels.values())
    return None, Written(pixels={**pixels, 0: other} if other else pixels)


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from raster_losses(annotation, class_set)
    yield Loss("instances", sum(bool(s.instance) for s in annotation.segments))


FORMAT = Format("ade20k", "ADE20K", _detect, _read, _write, _losses)
