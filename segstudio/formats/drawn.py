"""What annotation tools draw: labelled polygons, boxes, circles and masks per image, and data sets made of them."""

from __future__ import annotations

import binascii
import math
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet, Color, LabelClass, distinct_color
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.geometry import Points, Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject, Shape
from segstudio.formats.files import IMAGE_SUFFIXES, inside, list_files, read_json, sane_size, shown
from segstudio.ops import rle
from segstudio.ops.image import probe_size_hw

FAR = 1e7
"""Coordinates beyond this are damage."""

_ROUND = 64
"""Points on the polygon that stands for a circle or an ellipse."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One drawn shape. Shapes of one `group` (a number or a text) and label are parts of one object."""

    label: str
    shape: Shape
    group: Any = None
    is_crowd: bool = False
    z: int = 0
    score: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """An image of an annotation tool; `read` gives (height, width) and the shapes, and may raise `UserError`."""

    key: str
    path: Path | None
    labels: Sequence[str]
    read: Callable[[], tuple[tuple[int, int], list[Drawn]]]
    split: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def reading(where: object, what: str) -> Iterator[None]:
    """Turn whatever a wrong type or a missing field makes Python raise into one `UserError` that names `where`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        text = str(error).splitlines()[0][:120] if str(error) else ""
        raise UserError(f"{where}: not {what}: {type(error).__name__} {text}".rstrip()) from None
    except (zlib.error, binascii.Error, struct.error, EOFError) as error:
        raise UserError(f"{where}: damaged {what}: {error}") from None


def points_of(pairs: Any) -> Points:
    """float64 `[N, 2]` of a list of [x, y]; raises `ValueError` for what is none or lies beyond any image."""
    points_xy = np.array(pairs, np.float64)
    if points_xy.size == 0:
        return np.zeros((0, 2))
    if points_xy.ndim != 2 or points_xy.shape[1] != 2:
        raise ValueError("points are not a list of x, y")
    if not np.isfinite(points_xy).all() or np.abs(points_xy).max() > FAR:
        raise ValueError("coordinates beyond any image")
    return points_xy


def polygon(exterior: Any, holes: Iterable[Any] = ()) -> PolygonShape:
    """A polygon of one part; empty where it has fewer than three points."""
    ring = _open(points_of(exterior))
    if len(ring) < 3:
        return PolygonShape(())
    inner = tuple(hole for hole in (_open(points_of(h)) for h in holes) if len(hole) >= 3)
    return PolygonShape((PolygonPart(ring, inner),))


def _open(ring_xy: Points) -> Points:
    return ring_xy[:-1] if len(ring_xy) > 3 and (ring_xy[0] == ring_xy[-1]).all() else ring_xy


def box(x0: float, y0: float, x1: float, y1: float, *, degrees: float = 0.0) -> PolygonShape:
    """A rectangle, turned clockwise about its middle."""
    corners = points_of([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return PolygonShape.of(_turned(corners, ((x0 + x1) / 2, (y0 + y1) / 2), degrees))


def ellipse(cx: float, cy: float, rx: float, ry: float, *, degrees: float = 0.0) -> PolygonShape:
    """An ellipse as a polygon, turned clockwise about its middle."""
    angles = np.arange(_ROUND) * (2 * math.pi / _ROUND)
    ring = np.stack((cx + rx * np.cos(angles), cy + ry * np.sin(angles)), axis=1)
    return PolygonShape.of(_turned(points_of(ring), (cx, cy), degrees))


def _turned(points_xy: Points, middle: tuple[float, float], degrees: float) -> Points:
    if not degrees:
        return points_xy
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    shifted = points_xy - middle
    return np.stack((shifted[:, 0] * c - shifted[:, 1] * s, shifted[:, 0] * s + shifted[:, 1] * c), axis=1) + middle


def placed_mask(mask_hw: Any, x: int, y: int, size_hw: tuple[int, int]) -> MaskShape:
    """A mask whose upper left pixel lies at (x, y); what lies outside the image is cut off."""
    pixels = np.asarray(mask_hw) != 0
    at = Rect(x, y, x + pixels.shape[1], y + pixels.shape[0])
    visible = at.intersect(Rect.of_size(*size_hw))
    return rle.mask_shape(pixels[visible.moved(-x, -y).slices], size_hw=size_hw, at=visible)


def file_by_file(
    path: Path,
    format_name: str,
    image_of: Callable[[Path, str, Any, Pictures], DrawnImage | None],
    wanted: ClassSet | None,
    *,
    colors: Mapping[str, Color | None] | None = None,
) -> Dataset:
    """A data set of tools that write one JSON per picture: `path` is a folder of them, or one.

    `image_of(root, name, document, pictures)` makes the image, or None of a file of another kind; it may add to
    `colors` until the last file is read. Files that raise `UserError` are skipped; where none is left, it is raised.
    """
    root = path if path.is_dir() else path.parent
    listing = list_files(root)
    pictures = Pictures(root, listing.files)
    names = [n for n in listing.files if n.lower().endswith(".json")] if path.is_dir() else [path.name]
    images: list[DrawnImage] = []
    skipped = [Skipped(name, reason) for name, reason in listing.refused]
    for name in names:
        try:
            image = image_of(root, name, read_json(root / name), pictures)
        except UserError as error:
            skipped.append(Skipped(name, str(error)))
            continue
        if image is not None:
            images.append(image)
    if not images:
        raise UserError(skipped[0].reason if skipped else f"{path}: holds no {format_name} annotations")
    title = path.name if path.is_dir() else path.stem
    return dataset_of(title, root, format_name, images, wanted=wanted, colors=colors, skipped=skipped)


def dataset_of(
    name: str,
    root: Path,
    format_name: str,
    images: Iterable[DrawnImage],
    *,
    wanted: ClassSet | None = None,
    colors: Mapping[str, Color | None] | None = None,
    skipped: Iterable[Skipped] = (),
    extra: Mapping[str, Any] | None = None,
) -> Dataset:
    """A data set of drawn images; its classes are the labels in `colors`, then those met in the images, or `wanted`."""
    known = list(images)
    labels = dict(colors or {})
    for image in known:
        for label in image.labels:
            labels.setdefault(label, None)
    class_set = wanted or _class_set(labels)
    ids = _ids(class_set)
    items = [
        ImageItem(
            image.key,
            image.path,
            split=image.split,
            extra=image.extra,
            read_annotation=partial(_annotation, image, ids),
        )
        for image in _unique(known)
    ]
    return Dataset(name, root, format_name, class_set, items, tuple(skipped), dict(extra or {}))


def _unique(images: Iterable[DrawnImage]) -> Iterator[DrawnImage]:
    seen: set[str] = set()
    for image in images:
        if image.key not in seen:
            seen.add(image.key)
            yield image


def _class_set(labels: Mapping[str, Color | None]) -> ClassSet:
    rows = (
        LabelClass(number, label, color or distinct_color(number), is_thing=True)
        for number, (label, color) in enumerate(labels.items())
    )
    return ClassSet("custom", tuple(rows))


def _ids(class_set: ClassSet) -> dict[str, int]:
    plain = {"".join(letter for letter in c.name.lower() if letter.isalnum()): c.id for c in class_set.classes}
    return {**plain, **{c.name: c.id for c in class_set.classes}}


def _annotation(image: DrawnImage, ids: Mapping[str, int]) -> Annotation:
    size_hw, drawn = image.read()
    return Annotation(size_hw, objects=tuple(objects_of_drawn(drawn, ids, image.key)), extra={})


def objects_of_drawn(drawn: Iterable[Drawn], ids: Mapping[str, int], where: str) -> Iterator[SegObject]:
    """Objects with ids from 1, the parts of a group joined; raises `UserError` for labels without a class."""
    groups: dict[Any, list[Drawn]] = {}
    for number, one in enumerate(drawn):
        together = isinstance(one.group, int | str) and isinstance(one.shape, PolygonShape)
        groups.setdefault((one.label, one.group) if together else number, []).append(one)
    for object_id, members in enumerate(groups.values(), 1):
        first = members[0]
        class_id = ids.get(first.label, ids.get("".join(c for c in first.label.lower() if c.isalnum())))
        if class_id is None:
            raise UserError(f"{where}: class {shown(first.label)} is not in the class set")
        shape = first.shape
        if len(members) > 1:
            shape = PolygonShape(tuple(p for m in members if isinstance(m.shape, PolygonShape) for p in m.shape.parts))
        yield SegObject(
            object_id,
            class_id,
            shape,
            score=first.score,
            is_crowd=first.is_crowd,
            z=first.z,
            attributes=first.attributes,
            extra=first.extra,
        )


def parts_of(items: Iterable[SegObject]) -> Iterator[tuple[SegObject, Points | None, int]]:
    """(object, ring, group) of every exterior of polygons, (object, None, 0) of masks and shapes with holes.

    `group` is 0 for objects of one part, else a number of the object's own, counting from 1.
    """
    group = 0
    for item in items:
        shape = item.shape
        if isinstance(shape, MaskShape) or any(part.holes_xy for part in shape.parts):
            yield item, None, 0
            continue
        several = len(shape.parts) > 1
        group += several
        for part in shape.parts:
            yield item, part.exterior_xy, group if several else 0


def stated_size(height: Any, width: Any) -> tuple[int, int]:
    """(height, width) as a file states it; raises `ValueError` where no image has it."""
    size_hw = int(height), int(width)
    if not sane_size(size_hw):
        raise ValueError(f"an image of {width}×{height} pixels cannot be")
    return size_hw


def checked_with_picture(size_hw: tuple[int, int], picture: Path | None, where: object) -> tuple[int, int]:
    """The size, after comparing it with the picture's; raises `UserError` naming both where they differ."""
    if picture is not None:
        height, width = probe_size_hw(picture)
        if (height, width) != size_hw:
            stated = f"{size_hw[1]}×{size_hw[0]}"
            raise UserError(f"{where}: states {stated} pixels for {picture.name}, which has {width}×{height}")
    return size_hw


class Pictures:
    """The pictures of a data set by name: the exact relative path, else the only picture with that last part."""

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        self._root = root
        self._names = {name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES}
        by_last: dict[str, list[str]] = {}
        for name in sorted(self._names):
            by_last.setdefault(name.rsplit("/", 1)[-1], []).append(name)
            by_last.setdefault(Path(name).stem, []).append(name)
        self._by_last = {last: found[0] for last, found in by_last.items() if len(found) == 1}

    def find(self, name: str, *, beside: str = "") -> Path | None:
        """The picture that a file in the folder `beside` calls `name`; None where there is none inside the root."""
        plain = name.replace("\\", "/")
        near = f"{beside}/{plain}" if beside else plain
        for candidate in (near, plain):
            if candidate in self._names:
                return inside(self._root, candidate)
        last = plain.rsplit("/", 1)[-1]
        found = self._by_last.get(last) or self._by_last.get(Path(last).stem)
        return self._root / found if found else None
