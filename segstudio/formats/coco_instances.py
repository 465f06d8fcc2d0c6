"""COCO instances (also stuff and keypoints files): polygons and run lengths per object, all unknown fields kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.objects import MaskShape
from segstudio.formats import coco_stream
from segstudio.formats.cityscapes_polygons import LABEL
from segstudio.formats.coco_files import (
    RAW,
    CocoImage,
    categories_json,
    chosen_files,
    class_set_of,
    file_name_of,
    first_document,
    has_lists,
    images_of,
)
from segstudio.formats.coco_shapes import has_holes, object_of, row_of, without_holes
from segstudio.formats.files import Probe, key_of, natural_key, shown
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.mapping import by_name
from segstudio.formats.object_list import object_losses, objects_of
from segstudio.formats.rasters import has_raster
from segstudio.formats.redrawing import redrawn_loss
from segstudio.formats.report import CERTAIN, DROPPED, Candidate, Loss
from segstudio.formats.turned import quarter_turn, turned, turned_back
from segstudio.formats.writing import Desk, WriteJob, Written
from segstudio.ops.image import probe_size_hw

TURNED = "coco_orientation"
"""Key in an annotation's `extra`: its file describes the photograph as stored, before this EXIF orientation."""

_WAS_READ = "segstudio was read"
"""Key in a row on its way into the file: its id comes from a file, and goes before ids that were made up."""

_MARKS = (b'"segmentation"', b'"bbox"', b'"annotations":[]')


def _detect(probe: Probe) -> Candidate | None:
    best: tuple[int, str] | None = None
    for path in probe.json_files:
        content = probe.ends_of(path).replace(b" ", b"").replace(b"\n", b"")
        if not has_lists(content) or b'"segments_info"' in content:
            continue
        rank = next((rank for rank, mark in enumerate(_MARKS) if mark in content), None)
        if rank is not None and (best is None or rank < best[0]):
            best = rank, path.name if probe.is_dir else "its content"
    return Candidate("coco-instances", f"{best[1]} has images and annotations", CERTAIN) if best else None


def _read(path: Path, options: ReadOptions) -> Dataset:
    files = chosen_files(path, b'"segmentation"', "instances") or chosen_files(path, b'"bbox"', "instances")
    if not files:
        raise UserError(f"{path}: holds no COCO instances file")
    loaded = [file.load_rows() for file in files]
    documents = [document for document, _ in loaded]
    own_set, skipped = class_set_of(documents, files[0].path)
    class_set, class_of = _chosen_classes(own_set, options.class_set)
    images: list[ImageItem] = []
    taken: set[str] = set()
    for file, (document, places) in zip(files, loaded, strict=True):
        usable, missed = images_of(file, document["images"], taken)
        rows = places.all() if places else zip(document["annotations"], document["annotations"], strict=True)
        by_image, odd = _by_image(rows, usable, class_of)
        skipped += [*missed, *odd]
        again = places.some if places else list
        for image in usable.values():
            rows_of = partial(again, by_image.get(image.id, ()))
            images.append(image.item(read_annotation=partial(_annotation, image, rows_of, class_of, file.path)))
    extra = {RAW: {k: v for d in documents for k, v in d.items() if k not in ("images", "annotations")}}
    extra[RAW]["categories"] = [row for d in documents for row in d["categories"]]
    name = path.stem if path.is_file() else path.name
    return Dataset(name, files[0].root, "coco-instances", class_set, images, tuple(skipped), extra)


def _first(path: Path, options: ReadOptions, count: int) -> Dataset | None:
    """The first images of the first file, and the classes of all, from the ends of large files alone."""
    files = chosen_files(path, b'"segmentation"', "instances") or chosen_files(path, b'"bbox"', "instances")
    if not files or sum(file.path.stat().st_size for file in files) < coco_stream.LARGE:
        return None
    documents = [document for file in files if (document := first_document(file, count)) is not None]
    if len(documents) < len(files):
        return None
    own_set, _ = class_set_of(documents, files[0].path)
    class_set, _ = _chosen_classes(own_set, options.class_set)
    usable, _ = images_of(files[0], documents[0]["images"], set())
    images = [image.item() for image in usable.values()]
    name = path.stem if path.is_file() else path.name
    return Dataset(name, files[0].root, "coco-instances", class_set, images)


def _chosen_classes(own: ClassSet, wanted: ClassSet | None) -> tuple[ClassSet, Mapping[int, int | None]]:
    """The class set to use, and category id → class id, None where it has none there.

    Wanted classes are met by name, or by id where the file has no categories.
    """
    if wanted is None:
        return own, {c.id: c.id for c in own.classes}
    if not own.classes:
        return wanted, {c.id: c.id for c in wanted.classes}
    return wanted, by_name(own, wanted).target_of


def _by_image(
    rows: Iterable[tuple[Any, Any]], images: Mapping[int, CocoImage], class_of: Mapping[int, int | None]
) -> tuple[dict[int, list[Any]], list[Skipped]]:
    """What stands for the annotations of each image, in order; those that belong nowhere are skipped with the reason.

    `rows` are pairs of what to keep and the annotation itself.
    """
    by_image: dict[int, list[Any]] = {image_id: [] for image_id in images}
    skipped: list[Skipped] = []
    for kept, row in rows:
        try:
            category_id = row["category_id"]
            found = by_image[row["image_id"]]
            if category_id not in class_of:
                raise UserError(f"category {shown(category_id)} is not among the categories")
            found.append(kept)
        except KeyError as error:
            key = error.args[0]
            reason = f"has no {key}" if isinstance(key, str) else f"there is no image {shown(key)}"
            skipped.append(Skipped(f"annotation {row.get('id')}", reason))
        except UserError as error:
            skipped.append(Skipped(f"annotation {row.get('id')}", str(error)))
        except (TypeError, AttributeError):
            name = f"annotation {row.get('id')}" if isinstance(row, dict) else f"annotation {str(row)[:40]}"
            skipped.append(Skipped(name, "not an annotation"))
    return by_image, skipped


def _annotation(
    image: CocoImage,
    rows_of: Callable[[], Sequence[Mapping[str, Any]]],
    class_of: Mapping[int, int | None],
    where: Path,
) -> Annotation:
    if image.size_hw is None:
        raise UserError(f"{where}: image {image.key} has no size and no picture")
    orientation = _orientation(image, where)
    rows = rows_of()
    ids = _object_ids(rows)
    classes = [class_of[row["category_id"]] for row in rows]
    try:
        objects = tuple(
            object_of(row, object_id, class_id, image.size_hw)
            for row, object_id, class_id in zip(rows, ids, classes, strict=True)
            if class_id is not None
        )
    except UserError as error:
        raise UserError(f"{where}: {image.key}: {error}") from None
    lost = len(rows) - len(objects)
    extra: dict[str, Any] = {DROPPED: [["classes without a target", lost, 0]]} if lost else {}
    if orientation:
        stored_hw = image.size_hw
        shown_hw = stored_hw[1], stored_hw[0]
        return Annotation(
            shown_hw, objects=turned(objects, orientation, stored_hw), extra={TURNED: orientation, **extra}
        )
    return Annotation(image.size_hw, objects=objects, extra=extra)


def _orientation(image: CocoImage, where: Path) -> int:
    """0 where the picture has the stated size; the EXIF orientation where it was stated as stored, not as shown."""
    if image.path is None or image.size_hw is None:
        return 0
    height, width = probe_size_hw(image.path)
    if (height, width) == tuple(image.size_hw):
        return 0
    orientation = quarter_turn(image.path, image.size_hw, (height, width))
    if not orientation:
        stated = f"{image.size_hw[1]}×{image.size_hw[0]}"
        raise UserError(f"{where}: states {stated} pixels for {image.path.name}, which has {width}×{height}")
    return orientation


def _object_ids(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The annotation ids where they are whole numbers and unique in the image, else free ones."""
    taken: set[int] = set()
    ids: list[int | None] = []
    for row in rows:
        own = row.get("id")
        usable = isinstance(own, int) and not isinstance(own, bool) and 0 <= own < 2**62 and own not in taken
        ids.append(own if usable else None)
        if usable and isinstance(own, int):
            taken.add(own)
    following = max(taken, default=0)
    result = []
    for known in ids:
        if known is None:
            following += 1
            known = following
        result.append(known)
    return result


def _write(job: WriteJob) -> None:
    batches: dict[str, _Batch] = {}
    is_file = job.path.suffix.lower() == ".json"
    owner: dict[tuple[str, str], str] = {}
    for item in job.dataset.images:
        owner.setdefault(("" if is_file else item.split, key_of(file_name_of(item))), item.key)
    body = partial(_write_image, owners=frozenset(owner.values()), with_image=not is_file)
    for item, (image, rows), written in job.each(body, labelled=False):
        batches.setdefault("" if is_file else item.split, _Batch()).add(image, rows, written)
    raw = job.dataset.extra.get(RAW)
    raw = raw if isinstance(raw, dict) else {}
    head = {k: v for k, v in raw.items() if k != "categories"}
    taken: set[str] = set()
    for split in sorted(batches, key=lambda s: natural_key(_file_name(s))):
        batch = batches[split]
        categories = categories_json(job.class_set, raw.get("categories", ()), used=batch.classes)
        document = {**head, **batch.document(), "categories": categories}
        target = job.path if is_file else job.path / _file_name(split)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(orjson.dumps(document))
        for key, written in batch.written.items():
            key_read = f"{split}/{key}" if key in taken and split else key
            taken.add(key_read)
            job.wrote(key_read, written)


def _file_name(split: str) -> str:
    return f"annotations/instances_{split}.json" if split else "annotations/instances.json"


def _write_image(
    desk: Desk, item: ImageItem, annotation: Annotation | None, *, owners: frozenset[str], with_image: bool
) -> tuple[tuple[dict[str, Any], list[dict[str, Any]]], Written]:
    """The image's row and those of its objects, each with its wanted id and whether that was read from a file."""
    name = file_name_of(item)
    if item.key not in owners:
        raise UserError(f"another image is called {name}")
    size_hw = annotation.size_hw if annotation else item.size_hw
    if size_hw is None:
        if item.path is None:
            raise UserError("has neither labels nor a picture, so no size")
        size_hw = probe_size_hw(item.path)
    raw = item.extra.get(RAW)
    raw = raw if isinstance(raw, dict) else {}
    objects = objects_of(annotation, desk.class_set) if annotation else []
    orientation = annotation.extra.get(TURNED) if annotation else None
    if isinstance(orientation, int) and raw.get("height") == size_hw[1] and raw.get("width") == size_hw[0]:
        objects = list(turned_back(objects, orientation, size_hw))
        size_hw = size_hw[1], size_hw[0]
    form = str(desk.options["segmentation"])
    if form == "polygons":
        flat = [(o, without_holes(o.shape)) for o in objects if not o.is_crowd]
        desk.lose(redrawn_loss(flat, size_hw))
    rows: list[dict[str, Any]] = []
    counts: dict[int, int] = {}
    for o in objects:
        row = row_of(o, 0, o.extra.get("id", o.id), size_hw, form)
        row[_WAS_READ] = bool(o.extra.keys() & {"bbox", "area", "id"})
        rows.append(row)
        counts[o.class_id] = counts.get(o.class_id, 0) + 1
    if with_image:
        desk.place_image(item, f"images/{name}")
    return ({**raw, "file_name": name, "height": size_hw[0], "width": size_hw[1]}, rows), Written(counts)


class _Batch:
    """The images and annotations of one JSON file as they come in."""

    def __init__(self) -> None:
        self.classes: set[int] = set()
        self.written: dict[str, Written] = {}
        self._images: list[dict[str, Any]] = []
        self._rows: list[tuple[int, dict[str, Any]]] = []

    def add(self, image: dict[str, Any], rows: Sequence[dict[str, Any]], written: Written | None) -> None:
        """Take what `_write_image` made of one image."""
        assert written is not None
        self._rows += [(len(self._images), row) for row in rows]
        self._images.append(image)
        self.classes.update(written.objects or ())
        self.written[key_of(str(image["file_name"]))] = written

    def document(self) -> dict[str, Any]:
        """`images` and `annotations`, with ids that are unique in the file."""
        image_ids = unique_ids([row.get("id") for row in self._images], [True] * len(self._images))
        images = [{**row, "id": image_id} for row, image_id in zip(self._images, image_ids, strict=True)]
        was_read = [bool(row.pop(_WAS_READ)) for _, row in self._rows]
        ids = unique_ids([row["id"] for _, row in self._rows], was_read)
        annotations = [
            {**row, "id": own, "image_id": image_ids[index]} for (index, row), own in zip(self._rows, ids, strict=True)
        ]
        return {"images": images, "annotations": annotations}


def unique_ids(wanted: Sequence[Any], was_read: Sequence[bool]) -> list[Any]:
    """The wanted ids where usable and free, else new ones; an id that was read goes before one that was made up."""
    taken: set[Any] = set()
    ids: list[Any] = [None] * len(wanted)
    for turn in (True, False):
        for place, own in enumerate(wanted):
            usable = isinstance(own, int | str) and not isinstance(own, bool) and own not in taken
            if was_read[place] == turn and usable:
                ids[place] = own
                taken.add(own)
    following = max((i for i in taken if isinstance(i, int)), default=0)
    for place, own in enumerate(ids):
        if own is None:
            following += 1
            ids[place] = following
    return ids


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from object_losses(annotation, class_set)
    holes = [o for o in annotation.objects if not isinstance(o.shape, MaskShape) and has_holes(o.shape)]
    yield Loss("polygons with holes become run lengths", len(holes))
    own = [o for o in annotation.objects if LABEL not in o.extra or not has_raster(annotation)]
    layers = len({o.z for o in own if not o.is_crowd})
    yield Loss("order of overlaps", max(0, layers - 1))


FORMAT = Format(
    "coco-instances",
    "COCO instances",
    _detect,
    _read,
    _write,
    _losses,
    file_suffix=".json",
    options={"segmentation": ("auto", "polygons", "rle", "counts")},
    holds_provenance=True,
    first=_first,
)
