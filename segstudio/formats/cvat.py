"""CVAT for images 1.1: one XML with polygons, masks, boxes and ellipses per image."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet, Color
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.geometry import Points, Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonShape, SegObject, Shape
from segstudio.formats.cvat_tracks import frames_of
from segstudio.formats.drawn import (
    Drawn,
    DrawnImage,
    Pictures,
    box,
    checked_with_picture,
    dataset_of,
    ellipse,
    parts_of,
    placed_mask,
    polygon,
    reading,
    stated_size,
)
from segstudio.formats.files import Probe, inside, key_of, list_files
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.object_list import object_losses, objects_of
from segstudio.formats.report import CERTAIN, PROVENANCE, Candidate, Loss
from segstudio.formats.safe_xml import read_xml
from segstudio.formats.writing import Desk, WriteJob, Written
from segstudio.ops.embedded import picture_suffix
from segstudio.ops.image import probe_size_hw
from segstudio.ops.shapes import mask_of

_AREAS = ("polygon", "mask", "box", "ellipse")
_CROWD = "crowd"


def _detect(probe: Probe) -> Candidate | None:
    names = [probe.path] if probe.suffix == ".xml" else [probe.path / n for n in probe.ending(".xml")[:20]]
    for path in names if probe.is_dir or probe.suffix == ".xml" else ():
        content = probe.ends_of(path, 65536)
        if b"<annotations>" in content and (b"<image " in content or b"<track " in content):
            return Candidate("cvat", "a CVAT annotations file", CERTAIN)
    return None


def _read(path: Path, options: ReadOptions) -> Dataset:
    root = path if path.is_dir() else path.parent
    listing = list_files(root)
    files = [path] if path.is_file() else [root / n for n in listing.files if n.endswith(".xml")]
    pictures = Pictures(root, listing.files)
    images: list[DrawnImage] = []
    colors: dict[str, Color | None] = {}
    skipped: list[Skipped] = []
    for file in files:
        tree = read_xml(file)
        if tree.tag != "annotations":
            continue
        colors.update(_labels(tree))
        if tree.find("track") is not None:
            try:
                found, note = _frames(tree, file, pictures)
            except UserError as error:
                skipped.append(Skipped(file.name, str(error)))
            else:
                images += found
                skipped += note
        for element in tree.findall("image"):
            try:
                images.append(_image(element, file, root, pictures))
            except UserError as error:
                skipped.append(Skipped(str(element.get("name")), str(error)))
    if not images:
        raise UserError(skipped[0].reason if skipped else f"{path}: holds no CVAT images")
    title = path.name if path.is_dir() else path.stem
    return dataset_of(title, root, "cvat", images, wanted=options.class_set, colors=colors, skipped=skipped)


def _frames(tree: ET.Element, file: Path, pictures: Pictures) -> tuple[list[DrawnImage], list[Skipped]]:
    """The frames of a video that have shapes or a picture, and what is missing between key frames."""
    with reading(file, "a CVAT file"):
        size = tree.find("meta//original_size")
        if size is None:
            raise ValueError("the video has no original_size")
        size_hw = stated_size(size.findtext("height"), size.findtext("width"))
        frames, missing = frames_of(tree, _AREAS)
        images = []
        for number, shapes in sorted(frames.items()):
            name = f"frame_{number:06d}"
            element = ET.Element("image", {"name": name, "id": str(number)})
            element.extend(shapes)
            picture = pictures.find(name, beside="images") or pictures.find(name)
            labels = [shape.attrib["label"] for shape in shapes]
            read = partial(_shapes, element, size_hw, picture, file)
            images.append(DrawnImage(name, picture, labels, read, extra={"cvat": {"id": str(number)}}))
    note = (
        f"{missing} frames lie between outlines whose numbers of points differ and are not in the file; "
        "export every frame to have them"
    )
    return images, [Skipped(file.name, note)] if missing else []


def _labels(tree: ET.Element) -> Iterator[tuple[str, Color | None]]:
    for label in tree.iterfind("meta//labels/label"):
        name = label.findtext("name")
        if name is not None:
            yield name, _color(label.findtext("color"))


def _color(text: str | None) -> Color | None:
    try:
        value = int((text or "").removeprefix("#"), 16)
    except ValueError:
        return None
    return (value >> 16 & 255, value >> 8 & 255, value & 255)


def _image(element: ET.Element, file: Path, root: Path, pictures: Pictures) -> DrawnImage:
    with reading(file, "a CVAT file"):
        name = element.attrib["name"]
        size_hw = stated_size(element.attrib["height"], element.attrib["width"])
        labels = [child.attrib["label"] for child in element if child.tag in _AREAS]
    inside(root, name)
    split = element.get("subset") or ""
    picture = pictures.find(name, beside=f"images/{split}" if split else "images") or pictures.find(name)
    key = key_of(name.replace("\\", "/"))
    if split and not key.startswith(f"{split}/"):
        key = f"{split}/{key}"
    extra = {"cvat": {k: v for k, v in element.attrib.items() if k not in ("width", "height", "subset")}}
    return DrawnImage(key, picture, labels, partial(_shapes, element, size_hw, picture, file), split, extra)


def _shapes(
    element: ET.Element, size_hw: tuple[int, int], picture: Path | None, file: Path
) -> tuple[tuple[int, int], list[Drawn]]:
    with reading(f"{file}: {element.get('name')}", "a CVAT image"):
        drawn = [_drawn(child, size_hw) for child in element if child.tag in _AREAS]
    return checked_with_picture(size_hw, picture, file), drawn


def _drawn(element: ET.Element, size_hw: tuple[int, int]) -> Drawn:
    fields = element.attrib
    attributes: dict[str, Any] = {a.attrib["name"]: a.text or "" for a in element.findall("attribute")}
    is_crowd = str(attributes.pop(_CROWD, "false")).lower() == "true"
    group = fields.get("group_id")
    extra: dict[str, Any] = {k: fields[k] for k in ("occluded", "source", "track_id") if k in fields}
    return Drawn(
        fields["label"],
        _shape(element, size_hw),
        group if group not in (None, "", "0") else None,
        is_crowd,
        int(fields.get("z_order", "0")),
        attributes=attributes,
        extra=extra,
    )


def _shape(element: ET.Element, size_hw: tuple[int, int]) -> Shape:
    fields = element.attrib
    degrees = float(fields.get("rotation", "0"))
    if element.tag == "polygon":
        return polygon([pair.split(",") for pair in fields["points"].split(";") if pair.strip()])
    if element.tag == "box":
        return box(*(float(fields[k]) for k in ("xtl", "ytl", "xbr", "ybr")), degrees=degrees)
    if element.tag == "ellipse":
        return ellipse(*(float(fields[k]) for k in ("cx", "cy", "rx", "ry")), degrees=degrees)
    height, width = stated_size(fields["height"], fields["width"])
    counts = np.array([int(count) for count in fields["rle"].split(",")], np.int64)
    if counts.min(initial=0) < 0 or counts.sum() != height * width:
        raise ValueError("the run lengths of a mask do not add up to its size")
    pixels = np.repeat(np.arange(len(counts)) % 2, counts).reshape(height, width)
    return placed_mask(pixels, int(float(fields["left"])), int(float(fields["top"])), size_hw)


def _write(job: WriteJob) -> None:
    tree = ET.Element("annotations")
    ET.SubElement(tree, "version").text = "1.1"
    _write_labels(tree, job.class_set)
    for number, (item, text, written) in enumerate(job.each(_write_image, labelled=False)):
        element = ET.fromstring(text)  # our own, from the process that wrote the image
        element.set("id", str(number))
        tree.append(element)
        key = _key(item)
        job.wrote(f"{item.split}/{key}" if item.split else key, written)
    ET.indent(tree)
    ET.ElementTree(tree).write(job.path / "annotations.xml", encoding="utf-8", xml_declaration=True)


def _key(item: ImageItem) -> str:
    return item.key.removeprefix(f"{item.split}/") if item.split else item.key


def _write_image(desk: Desk, item: ImageItem, annotation: Annotation | None) -> tuple[str, Written]:
    size_hw = annotation.size_hw if annotation else item.size_hw or _size(item)
    if size_hw is None:
        raise UserError("has neither labels nor a picture, so no size")
    name = f"{_key(item)}{picture_suffix(item.path) if item.path else '.jpg'}"
    fields = {"id": "0", "name": name, "width": str(size_hw[1]), "height": str(size_hw[0])}
    if item.split:
        fields["subset"] = item.split
    element = ET.Element("image", fields)
    objects = objects_of(annotation, desk.class_set) if annotation else []
    _write_objects(element, objects, size_hw, desk.class_set)
    desk.place_image(item, f"images/{item.split}/{name}" if item.split else f"images/{name}")
    outlined = [o for o in objects if not isinstance(o.shape, PolygonShape) or o.shape.parts]
    return ET.tostring(element, "unicode"), Written(count=len(outlined))


def _size(item: ImageItem) -> tuple[int, int] | None:
    return probe_size_hw(item.path) if item.path else None


def _write_labels(tree: ET.Element, class_set: ClassSet) -> None:
    labels = ET.SubElement(ET.SubElement(ET.SubElement(tree, "meta"), "task"), "labels")
    for c in class_set.classes:
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = c.name
        ET.SubElement(label, "color").text = "#{:02x}{:02x}{:02x}".format(*c.color)
        ET.SubElement(label, "type").text = "any"
        attribute = ET.SubElement(ET.SubElement(label, "attributes"), "attribute")
        parts = {"name": _CROWD, "mutable": "False", "input_type": "checkbox", "default_value": "false"}
        for tag, text in {**parts, "values": "false"}.items():
            ET.SubElement(attribute, tag).text = text


def _write_objects(
    element: ET.Element, objects: Iterable[SegObject], size_hw: tuple[int, int], class_set: ClassSet
) -> None:
    for item, ring_xy, group in parts_of(objects):
        fields = {"label": class_set.by_id[item.class_id].name, "source": "manual", "occluded": "0"}
        fields |= {k: str(item.extra[k]) for k in ("source", "occluded") if k in item.extra}
        if group:
            fields["group_id"] = str(group)
        fields["z_order"] = str(item.z)
        if ring_xy is not None:
            child = ET.SubElement(element, "polygon", {**fields, "points": _points_text(ring_xy)})
        else:
            child = ET.SubElement(element, "mask", {**fields, **_mask_fields(item, size_hw)})
        attributes = {_CROWD: "true", **item.attributes} if item.is_crowd else item.attributes
        told = item.extra.get(PROVENANCE)
        if isinstance(told, dict):
            attributes = {**attributes, **{f"{PROVENANCE}.{name}": text for name, text in told.items()}}
        for name, value in attributes.items():
            ET.SubElement(child, "attribute", {"name": str(name)}).text = str(value)


def _points_text(ring_xy: Points) -> str:
    return ";".join(f"{x!r},{y!r}" for x, y in ring_xy.tolist())


def _mask_fields(item: SegObject, size_hw: tuple[int, int]) -> dict[str, str]:
    rect = item.bounds().grown(1).intersect(Rect.of_size(*size_hw))
    mask_hw = mask_of(item.shape, rect, size_hw)
    tight = Rect.of_mask(mask_hw)
    flat = np.concatenate(([False], mask_hw[tight.slices].reshape(-1), [True]))
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate(([0], changes)))
    total = tight.area - int(counts.sum())
    counts = np.concatenate((counts, [total])) if total else counts
    at = tight.moved(rect.x0, rect.y0)
    size = {"left": str(at.x0), "top": str(at.y0), "width": str(at.width), "height": str(at.height)}
    return {"rle": ", ".join(map(str, counts.tolist())), **size}


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from object_losses(annotation, class_set)
    yield Loss("scores", sum(o.score is not None for o in annotation.objects))
    empty = [o for o in annotation.objects if isinstance(o.shape, PolygonShape) and not o.shape.parts]
    yield Loss("objects without an outline", len(empty))
    yield Loss("class ids (names stay)", int(bool(annotation.objects)))


FORMAT = Format("cvat", "CVAT for images 1.1", _detect, _read, _write, _losses, holds_provenance=True)
