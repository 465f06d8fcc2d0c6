"""What all COCO formats share: which JSON files belong together, their images and their categories."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from segstudio.core.class_set import IGNORED, ClassSet, LabelClass, distinct_color
from segstudio.core.dataset import ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.formats import coco_stream
from segstudio.formats.coco_stream import Rows
from segstudio.formats.files import Probe, inside, key_of, read_json, sane_size, shown
from segstudio.ops.embedded import picture_suffix
from segstudio.ops.image import probe_size_hw

RAW = "coco"
"""Key in the `extra` of data sets and images: the JSON's own fields."""

_NAMED_SPLIT = re.compile(r"(?:instances|panoptic|stuff|person_keypoints|annotations|labels|image_info)_(?P<split>.+)$")
_PLAIN_NAMES = ("instances", "annotations", "_annotations.coco", "panoptic", "coco", "result", "results")


@dataclass(frozen=True)
class CocoFile:
    """One COCO JSON file and the split that its name or folder says."""

    path: Path

    @cached_property
    def split(self) -> str:
        match = _NAMED_SPLIT.match(self.path.stem)
        if match:
            return match["split"]
        folder = self.path.parent.name.lower()
        return self.path.parent.name if folder in ("train", "val", "valid", "test") else ""

    @cached_property
    def kind(self) -> str:
        return self.path.stem.removesuffix(f"_{self.split}") if self.split else self.path.stem

    @cached_property
    def root(self) -> Path:
        """The folder whose files belong to the data set."""
        return self.path.parent.parent if self.path.parent.name.lower() == "annotations" else self.path.parent

    def load(self) -> dict[str, Any]:
        """The document with `images`, `annotations` and `categories` as lists; raises `UserError` where it is none."""
        return self._checked(read_json(self.path))

    def load_rows(self) -> tuple[dict[str, Any], Rows | None]:
        """As `load`; the annotations of a large file stay in it: their list is empty, and where they lie is told."""
        if not self.path.is_file() or self.path.stat().st_size <= coco_stream.LARGE:
            return self.load(), None
        document, rows = coco_stream.split_document(self.path, "annotations", long="images")
        return self._checked(document), rows

    def _checked(self, document: Any) -> dict[str, Any]:
        if not isinstance(document, dict):
            raise UserError(f"{self.path}: JSON, but not COCO: an object is needed, this is {_kind(document)}")
        for name in ("images", "annotations"):
            if not isinstance(document.get(name), list):
                raise UserError(f"{self.path}: JSON, but not COCO: there is no list {shown(name)}")
        if not isinstance(document.setdefault("categories", []), list):
            raise UserError(f"{self.path}: JSON, but not COCO: 'categories' is no list")
        return document


def first_document(file: CocoFile, count: int) -> dict[str, Any] | None:
    """The first `count` images and all categories of a file, from its two ends; None where they are not there."""
    images = coco_stream.first_rows(file.path, "images", count)
    categories = coco_stream.whole_list(file.path, "categories")
    if not images or categories is None:
        return None
    return {"images": images, "categories": categories}


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")


def chosen_files(path: Path, wanted: bytes, preferred: str) -> list[CocoFile]:
    """The JSON files below `path` (or it alone) whose content holds `wanted`, one per split.

    Raises `UserError` where several files of one split fit equally.
    """
    if path.is_file():
        return [CocoFile(path)]
    probe = Probe(path)
    found = [CocoFile(file) for file in probe.json_files if _is_coco(probe.ends_of(file), wanted)]
    by_split: dict[str, list[CocoFile]] = {}
    for file in found:
        by_split.setdefault(file.split, []).append(file)
    chosen = []
    for files in by_split.values():
        named = [file for file in files if file.kind == preferred] or files
        if len(named) > 1:
            listed = ", ".join(str(file.path.relative_to(path)) for file in named[:5])
            raise UserError(f"{path}: several annotation files fit: {listed}", hint="name one of them")
        chosen += named
    return chosen


def _is_coco(content: bytes, wanted: bytes) -> bool:
    return has_lists(content) and wanted in content


def has_lists(ends: bytes) -> bool:
    """Whether a file with these first and last bytes has COCO's lists of images and of annotations.

    In between, where nobody has looked, the name of a list may stand; then its rows are known by their fields.
    """
    images, annotations = b'"images"' in ends, b'"annotations"' in ends
    return (images and (annotations or b'"image_id"' in ends)) or (annotations and b'"file_name"' in ends)


def class_set_of(documents: Iterable[Mapping[str, Any]], where: Path) -> tuple[ClassSet, list[Skipped]]:
    """The categories of all documents as a class set; a bundled COCO set where they are just that."""
    bundled = [ClassSet.load(name) for name in ("coco", "coco-panoptic")]
    colors = {c.name: c.color for known in bundled for c in known.classes}
    classes: dict[int, LabelClass] = {}
    taken: dict[str, int] = {}
    skipped = []
    for row in (row for document in documents for row in document["categories"]):
        try:
            category_id, name = row["id"], str(row["name"])
            if not isinstance(category_id, int) or isinstance(category_id, bool) or abs(category_id) > 2**31:
                raise TypeError(f"id {shown(category_id)}")
        except (KeyError, TypeError) as error:
            skipped.append(Skipped("category", f"{where.name}: not a category: {error}"))
            continue
        if taken.setdefault(name, category_id) != category_id or classes.get(category_id, row) is not row:
            if category_id not in classes or classes[category_id].name != name:
                reason = f"{where.name}: {shown(name)} or its id is there twice"
                skipped.append(Skipped(f"category {category_id}", reason))
            continue
        color = _color(row.get("color")) or colors.get(name) or distinct_color(len(classes))
        classes[category_id] = LabelClass(
            category_id,
            name,
            color,
            train_id=len(classes) if len(classes) < IGNORED else IGNORED,
            is_thing=bool(row.get("isthing", True)),
            category=str(row.get("supercategory") or ""),
        )
    for known in bundled:
        if {c.id: c.name for c in known.classes} == {c.id: c.name for c in classes.values()}:
            return known, skipped
    if len(classes) >= IGNORED:
        rows = tuple(
            LabelClass(c.id, c.name, c.color, IGNORED, c.is_thing, False, c.category) for c in classes.values()
        )
        return ClassSet(where.stem, rows), skipped
    return ClassSet(where.stem, tuple(classes.values())), skipped


def _color(value: Any) -> tuple[int, int, int] | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    if not all(isinstance(v, int) and 0 <= v <= 255 for v in value):
        return None
    return value[0], value[1], value[2]


class ImageFinder:
    """Where the pictures of COCO files lie, found with one listing per folder instead of one look-up per picture."""

    def __init__(self, file: CocoFile) -> None:
        self._root = file.root
        split, stem = file.split, file.path.stem
        inner = ["", "images", split, f"images/{split}", f"{split}/images", f"train/{split}", stem, "val", "train"]
        nearby = posixpath.normpath(os.path.relpath(file.path.parent, self._root).replace(os.sep, "/"))
        both = [*inner, *(posixpath.join(nearby, name) for name in inner if nearby != ".")]
        self._bases = list(dict.fromkeys(posixpath.normpath(base) if base else "" for base in both))
        self._listings: dict[str, dict[str, bool]] = {}

    def find(self, file_name: str) -> Path | None:
        """The picture, or None where it is not there; raises `UserError` for names that lead out of the data set."""
        pure = file_name.replace("\\", "/")
        if pure.startswith("/") or ":" in pure or ".." in pure.split("/") or "\0" in pure:
            inside(self._root, file_name)
        folder, name = posixpath.split(pure)
        for place, base in enumerate(self._bases):
            full = posixpath.join(base, folder) if folder else base
            is_link = self._listing(full).get(name)
            if is_link is None:
                continue
            if place:
                self._bases.insert(0, self._bases.pop(place))
            relative = posixpath.join(full, name)
            return inside(self._root, relative) if is_link else self._root / relative
        return None

    def _listing(self, folder: str) -> dict[str, bool]:
        """Name → is it a link, of one folder inside the root ({} where it is none)."""
        if folder not in self._listings:
            names: dict[str, bool] = {}
            try:
                where = inside(self._root, folder) if folder else self._root
                with os.scandir(where) as entries:
                    names = {entry.name: entry.is_symlink() for entry in entries}
            except (OSError, UserError):
                pass
            self._listings[folder] = names
        return self._listings[folder]


@dataclass(frozen=True, slots=True)
class CocoImage:
    """An image of a JSON file that can be used: its id, key, picture, size and raw fields."""

    id: int
    key: str
    path: Path | None
    size_hw: tuple[int, int] | None
    split: str
    raw: Mapping[str, Any]

    def item(self, **fields: Any) -> ImageItem:
        return ImageItem(self.key, self.path, self.size_hw, split=self.split, extra={RAW: self.raw}, **fields)


def images_of(file: CocoFile, rows: Sequence[Any], taken: set[str]) -> tuple[dict[int, CocoImage], list[Skipped]]:
    """The usable images of one file by id; `taken` holds the keys of other files and is extended."""
    finder = ImageFinder(file)
    images: dict[int, CocoImage] = {}
    skipped: list[Skipped] = []
    for row in rows:
        name = str(row.get("file_name", row.get("id"))) if isinstance(row, dict) else repr(row)[:60]
        try:
            image = _image(row, file, finder, taken)
            if image.id in images:
                raise UserError(f"image id {image.id} is there twice")
        except UserError as error:
            skipped.append(Skipped(name, str(error)))
            continue
        images[image.id] = image
        taken.add(image.key)
    return images, skipped


def file_name_of(item: ImageItem) -> str:
    """The name under which COCO's files call an image: as it was read, else made of its key."""
    raw = item.extra.get(RAW)
    own = raw.get("file_name") if isinstance(raw, dict) else None
    return str(own or item.key + (picture_suffix(item.path) if item.path else ".png"))


def _image(row: Any, file: CocoFile, finder: ImageFinder, taken: set[str]) -> CocoImage:
    if not isinstance(row, dict):
        raise UserError("not an image: an object is needed")
    image_id, name = row.get("id"), row.get("file_name")
    if not isinstance(image_id, int) or isinstance(image_id, bool):
        raise UserError(f"image id {shown(image_id)} is no whole number")
    if not isinstance(name, str) or not name or name.endswith("/"):
        raise UserError(f"image {image_id} has no file name")
    path = finder.find(name)
    key = key_of(name.replace("\\", "/"))
    if key in taken and file.split:
        key = f"{file.split}/{key}"
    if key in taken:
        raise UserError("another image has the same file name")
    return CocoImage(image_id, key, path, _size(row, path), file.split, row)


def _size(row: Mapping[str, Any], path: Path | None) -> tuple[int, int] | None:
    height, width = row.get("height"), row.get("width")
    if height is None or width is None:
        return probe_size_hw(path) if path else None
    is_whole = all(isinstance(v, int) and not isinstance(v, bool) for v in (height, width))
    if not is_whole or not sane_size((height, width)):
        raise UserError(f"an image of {shown(width)}×{shown(height)} pixels cannot be")
    return height, width


def categories_json(
    class_set: ClassSet, raw: Iterable[Mapping[str, Any]], *, used: Iterable[int] = (), with_isthing: bool = False
) -> list[dict[str, Any]]:
    """The `categories` of a class set, without ignored classes that are not `used`; rows that were read stay."""
    old = {row.get("id"): row for row in raw if isinstance(row, dict)}
    kept = set(used)
    rows = []
    for c in class_set.classes:
        if c.is_ignored and c.id not in kept:
            continue
        row = dict(old.get(c.id, {}))
        if row.get("name") != c.name:
            row = {"id": c.id, "name": c.name, "supercategory": c.category}
        if with_isthing:
            row = {**row, "isthing": row.get("isthing", int(c.is_thing)), "color": row.get("color", list(c.color))}
        rows.append(row)
    return rows
