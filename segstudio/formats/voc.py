"""Pascal VOC: palette PNGs of classes and objects with a void border, image lists, boxes in XML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet, LabelClass
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.class_id_png import raster_losses
from segstudio.formats.class_sniffing import packed_colors, values_of_colors
from segstudio.formats.files import Probe, read_bytes, shown
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mapping import ClassMapping, by_name
from segstudio.formats.paired_rasters import (
    LabelFiles,
    Layout,
    annotation_of_pairs,
    check_sizes,
    read_pairs,
    sample,
)
from segstudio.formats.rasters import annotation_of_values, present_values, rasterised, values_of
from segstudio.formats.report import CERTAIN, Candidate, Loss
from segstudio.formats.safe_xml import read_xml
from segstudio.formats.writing import JPEG, Desk, WriteJob, Written, class_pixels
from segstudio.ops.image import read_label_png

_LAYOUT = Layout(
    "voc",
    re.compile(r"(?P<top>(?:.*/)?)SegmentationClass/(?P<stem>[^/]+)\.png"),
    ("{top}JPEGImages/{stem}",),
    "{top}SegmentationObject/{stem}",
)
_LABELMAP = "labelmap.txt"


def _detect(probe: Probe) -> Candidate | None:
    labels = sample(probe, _LAYOUT, 1)
    if not labels:
        return None
    lists = any("ImageSets/" in name for name in probe.names)
    return Candidate("voc", "SegmentationClass" + (" and ImageSets" if lists else " rasters"), CERTAIN)


def _read(path: Path, options: ReadOptions) -> Dataset:
    labelmap = next(iter(sorted(path.rglob(_LABELMAP))), None) if path.is_dir() else None
    class_set = class_set_of_labelmap(labelmap) if labelmap else ClassSet.load("voc")
    return read_pairs(path, _LAYOUT, class_set, options, _annotation, split_of=_splits(path))


def class_set_of_labelmap(path: Path) -> ClassSet:
    """The classes of a `label:r,g,b:parts:actions` file, as CVAT and datumaro write them beside VOC rasters."""
    classes: list[LabelClass] = []
    for line in read_bytes(path).decode("utf-8", "replace").splitlines():
        name, _, rest = line.partition(":")
        if not name.strip() or name.startswith("#"):
            continue
        try:
            red, green, blue = (int(value) for value in rest.split(":")[0].split(","))
        except ValueError:
            raise UserError(f"{path}: {shown(line)} is no line of a label map") from None
        is_void = name in ("void", "ignored")
        class_id = IGNORED if is_void else len(classes)
        color = (red & 255, green & 255, blue & 255)
        train_id = IGNORED if is_void else class_id
        classes.append(LabelClass(class_id, name, color, train_id, name != "background", is_void))
    if not any(c.id == IGNORED for c in classes):
        classes.append(LabelClass(IGNORED, "void", (224, 224, 192), is_ignored=True))
    return ClassSet(path.parent.name or "voc", tuple(classes))


def _splits(path: Path) -> dict[str, str]:
    """Stem → split; lists that are unions of others (trainval) count only for images that no other list has."""
    split_of: dict[str, str] = {}
    lists = sorted(path.glob("**/ImageSets/Segmentation/*.txt"), key=lambda f: (f.stem == "trainval", f.stem))
    for file in lists:
        for line in read_bytes(file).decode("utf-8", "replace").split():
            split_of.setdefault(line.strip(), file.stem)
    return split_of


def _annotation(files: LabelFiles, class_set: ClassSet) -> Annotation:
    class_hw = _values(files.label, class_set)
    check_sizes(files, class_hw)
    if files.instance is None:
        annotation = annotation_of_values(class_hw, class_set, where=str(files.label))
    else:
        object_hw = _objects(files.instance)
        border = object_hw == IGNORED
        number_hw = np.where(border, 0, object_hw)
        annotation = annotation_of_pairs(class_hw, number_hw, class_set, where=str(files.label))
    boxes = _boxes(files)
    return Annotation(annotation.size_hw, annotation.labels_hw, annotation.segments, extra=boxes)


def _values(path: Path, class_set: ClassSet) -> NDArray[Any]:
    pixels = read_label_png(path)
    return pixels if pixels.ndim == 2 else values_of_colors(pixels, class_set, where=str(path))


def _objects(path: Path) -> NDArray[Any]:
    """Object numbers; a colour file numbers its colours in the order of their value."""
    pixels = read_label_png(path)
    if pixels.ndim == 2:
        return pixels
    packed = packed_colors(pixels)
    colors, inverse = np.unique(packed, return_inverse=True)
    numbers = np.arange(len(colors)) + (colors[0] != 0)
    return np.asarray(numbers[inverse].reshape(packed.shape), np.int64)


def _boxes(files: LabelFiles) -> dict[str, Any]:
    """The boxes of the image's XML, as they are; {} where there is none."""
    xml = files.label.parent.parent / "Annotations" / f"{files.label.stem}.xml"
    if not xml.is_file() or xml.is_symlink():
        return {}
    rows = []
    for element in read_xml(xml).findall("object"):
        row: dict[str, Any] = {child.tag: child.text for child in element if len(child) == 0}
        box = element.find("bndbox")
        if box is not None:
            row["bndbox"] = {child.tag: child.text for child in box}
        rows.append(row)
    return {"voc_objects": rows}


def _write(job: WriteJob) -> None:
    source = job.dataset.class_set
    is_own = all(0 <= c.id <= IGNORED for c in source.classes if not c.is_ignored)
    target = job.class_set = _with_void(source) if is_own else ClassSet.load("voc")
    mapping = None if is_own else by_name(source, target)
    palette = _palette(target)
    splits: dict[str, list[str]] = {}
    for item, stem, written in job.each(partial(_write_image, target=target, mapping=mapping, palette_rgb=palette)):
        splits.setdefault(item.split or "train", []).append(stem)
        job.wrote(stem, written)
    lists = job.path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True, exist_ok=True)
    for split, stems in splits.items():
        (lists / f"{split}.txt").write_text("".join(f"{stem}\n" for stem in stems), encoding="utf-8")
    if target.name != "voc":
        listed = [*_dense(target), *(c for c in target.classes if c.id == IGNORED)]
        rows = [f"{c.name}:{c.color[0]},{c.color[1]},{c.color[2]}::" for c in listed]
        text = "\n".join(["# label:color_rgb:parts:actions", *rows, ""])
        (job.path / _LABELMAP).write_text(text, encoding="utf-8")


def _write_image(
    desk: Desk,
    item: ImageItem,
    annotation: Annotation | None,
    *,
    target: ClassSet,
    mapping: ClassMapping | None,
    palette_rgb: NDArray[np.uint8],
) -> tuple[str, Written]:
    assert annotation is not None
    if mapping is not None:
        desk.lose(*mapping.losses(annotation))
        annotation = mapping.applied(annotation)
    painted = rasterised(annotation)
    background = 0 if 0 in target.by_id else IGNORED
    class_hw = values_of(painted, {c.id: c.id for c in target.classes if 0 <= c.id <= IGNORED}, background)
    number_hw = values_of_segments(painted, target)
    stem = item.key.replace("/", "_")
    desk.write_png(f"SegmentationClass/{stem}.png", class_hw.astype(np.uint8), palette_rgb=palette_rgb)
    # Object numbers have VOC's own colours, whatever the classes have: other tools number the objects by them.
    desk.write_png(f"SegmentationObject/{stem}.png", number_hw.astype(np.uint8), palette_rgb=_voc_palette())
    desk.place_image(item, f"JPEGImages/{stem}.jpg", suffixes=JPEG)
    pixels = {k: n for k, n in class_pixels(painted).items() if 0 <= k <= IGNORED}
    rest = class_hw.size - sum(pixels.values())
    if rest and background in target.by_id:
        pixels[background] = pixels.get(background, 0) + rest
    return stem, Written(pixels=pixels)


def _with_void(class_set: ClassSet) -> ClassSet:
    """The set as VOC can hold it: ids 0 … 254 as they are, and one void class at 255."""
    if class_set.name == "voc":
        return class_set
    rows = [c for c in class_set.classes if 0 <= c.id < IGNORED]
    return ClassSet(class_set.name, (*rows, LabelClass(IGNORED, "void", (224, 224, 192), is_ignored=True)))


def _dense(class_set: ClassSet) -> list[LabelClass]:
    """The classes by id, with unused numbers in the gaps, since a label map counts its lines."""
    known = {c.id: c for c in class_set.classes if c.id != IGNORED}
    highest = max(known, default=-1)
    return [known.get(i) or LabelClass(i, f"unused {i}", (0, 0, 0)) for i in range(highest + 1)]


def values_of_segments(annotation: Annotation, class_set: ClassSet) -> NDArray[np.int32]:
    """int32 `[H, W]`: object number from 1 of every instance, 0 elsewhere, 255 on void.

    Raises `UserError` where an image has more than 254 objects.
    """
    assert annotation.labels_hw is not None
    lut = np.zeros(65536, np.int32)
    number = 0
    present = set(present_values(annotation.labels_hw, where="labels"))
    for segment in annotation.segments:
        known = class_set.by_id.get(segment.class_id)
        if segment.id not in present or known is None:
            continue
        if known.id == IGNORED:
            lut[segment.id] = IGNORED
        elif known.is_thing and segment.instance:
            number += 1
            if number >= IGNORED:
                raise UserError("VOC holds at most 254 objects in one image")
            lut[segment.id] = number
    return lut[annotation.labels_hw]


def _palette(class_set: ClassSet) -> NDArray[np.uint8]:
    """uint8 `[256, 3]`: the colours of the classes by their ids."""
    palette = _voc_palette()
    if class_set.name != "voc":
        for c in class_set.classes:
            if 0 <= c.id <= 255:
                palette[c.id] = c.color
    return palette


def _voc_palette() -> NDArray[np.uint8]:
    """uint8 `[256, 3]`: VOC's colours, which take the bits of an index in turn for red, green and blue."""
    palette = np.zeros((256, 3), np.uint8)
    for index in range(256):
        value = index
        for bit in range(8):
            for channel in range(3):
                palette[index, channel] |= (value >> channel & 1) << (7 - bit)
            value >>= 3
    return palette


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from raster_losses(annotation, class_set)
    yield Loss("crowds become plain pixels", sum(s.is_crowd for s in annotation.segments))


FORMAT = Format("voc", "Pascal VOC", _detect, _read, _write, _losses)
