"""YOLO segmentation: one text file of normalised polygons per image, and a data.yaml with the names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.geometry import Points
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.formats.coco_shapes import has_holes
from segstudio.formats.drawn import Drawn, DrawnImage, Pictures, box, dataset_of, polygon, reading
from segstudio.formats.files import Listing, Probe, key_of, list_files, read_bytes
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.object_list import object_losses, objects_of
from segstudio.formats.redrawing import redrawn_loss
from segstudio.formats.report import CERTAIN, LIKELY, Candidate, Loss
from segstudio.formats.writing import Desk, WriteJob, Written
from segstudio.ops.embedded import picture_suffix
from segstudio.ops.image import probe_size_hw
from segstudio.ops.shapes import as_polygon

_ROW = re.compile(rb"\s*\d+(\s+-?\d*\.?\d+(e-?\d+)?){4,}\s*$", re.IGNORECASE)


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        return None
    named = [n for n in probe.ending(".yaml", ".yml") if b"names" in probe.ends_of(probe.path / n, 65536)]
    texts = [n for n in probe.ending(".txt") if "labels" in n.lower().split("/")[:-1] or n.count("/") == 0]
    rows = [n for n in texts[:20] if _ROW.match(probe.ends_of(probe.path / n, 65536).split(b"\n")[0])]
    if not rows:
        return None
    certainty = CERTAIN if named else (LIKELY if any("labels" in n for n in rows) else LIKELY - 0.2)
    return Candidate("yolo-seg", "text files of normalised polygons" + (" and their names" if named else ""), certainty)


def _read(path: Path, options: ReadOptions) -> Dataset:
    root = path if path.is_dir() else path.parent
    listing = list_files(root)
    names, splits = _names(root, listing)
    pictures = Pictures(root, listing.files)
    skipped = [Skipped(name, reason) for name, reason in listing.refused]
    images: list[DrawnImage] = []
    for name in listing.files:
        if not name.endswith(".txt") or (path.is_file() and root / name != path):
            continue
        if not _ROW.match(read_bytes(root / name).split(b"\n")[0]) and "labels" not in name.split("/"):
            continue
        wanted = "/".join("images" if part == "labels" else part for part in name.split("/"))
        picture = pictures.find(key_of(wanted)) or pictures.find(Path(name).stem)
        if picture is None:
            skipped.append(Skipped(name, "has no picture, so its polygons have no size"))
            continue
        parts = [part for part in key_of(name).split("/") if part != "labels"]
        split = next((part for part in parts[:-1] if part in splits), parts[0] if len(parts) > 1 else "")
        images.append(DrawnImage("/".join(parts), picture, (), partial(_shapes, root / name, picture, names), split))
    if not images:
        raise UserError(skipped[0].reason if skipped else f"{path}: holds no YOLO labels")
    colors = dict.fromkeys(names.values())
    extra = {"yolo": {"names": names}}
    return dataset_of(
        root.name, root, "yolo-seg", images, wanted=options.class_set, colors=colors, skipped=skipped, extra=extra
    )


def _names(root: Path, listing: Listing) -> tuple[dict[int, str], set[str]]:
    """Class number → name, and the splits, of the first yaml that has names; numbers stand for themselves without."""
    for name in listing.files:
        if name.endswith((".yaml", ".yml")):
            text = read_bytes(root / name).decode("utf-8", "replace")
            names = names_of_yaml(text)
            if names:
                splits = set(re.findall(r"^(train|val|test)\s*:", text, re.MULTILINE))
                return names, splits
    for name in listing.files:
        if name.rsplit("/", 1)[-1] in ("classes.txt", "obj.names"):
            lines = read_bytes(root / name).decode("utf-8", "replace").splitlines()
            return dict(enumerate(line.strip() for line in lines if line.strip())), set()
    return {}, set()


def names_of_yaml(text: str) -> dict[int, str]:
    """The `names` of a YOLO data.yaml, in any of the three ways that people write them."""
    found = re.search(r"^names\s*:[ \t]*(.*)$", text, re.MULTILINE)
    if not found:
        return {}
    inline = found[1].split(" #")[0].strip()
    if inline.startswith(("[", "{")):
        closing = "]" if inline[0] == "[" else "}"
        body = text[found.start(1) + 1 :].split(closing)[0]
        entries = [entry.strip() for entry in body.replace("\n", " ").split(",") if entry.strip()]
    else:
        entries = []
        for line in text[found.end() :].splitlines():
            if line.strip() and not re.match(r"\s+|-", line):
                break
            if line.strip() and not line.strip().startswith("#"):
                entries.append(line.strip().removeprefix("-").strip())
    names: dict[int, str] = {}
    for position, entry in enumerate(entries):
        numbered = re.match(r"(\d+)\s*:\s*(.*)$", entry)
        number, name = (int(numbered[1]), numbered[2]) if numbered else (position, entry)
        names[number] = name.split(" #")[0].strip().strip("'\"")
    return names


def _shapes(path: Path, picture: Path, names: dict[int, str]) -> tuple[tuple[int, int], list[Drawn]]:
    height, width = probe_size_hw(picture)
    drawn = []
    for number, line in enumerate(read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        with reading(f"{path}: line {number}", "a YOLO row"):
            first, *rest = line.split()
            values = [float(value) for value in rest]
            label = names.get(int(first), f"class {int(first)}")
            drawn.append(Drawn(label, _shape(values, height, width)))
    return (height, width), drawn


def _shape(values: list[float], height: int, width: int) -> PolygonShape:
    if len(values) == 4:
        cx, cy, w, h = values
        return box((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height)
    if len(values) % 2:
        raise ValueError("an odd number of coordinates")
    return polygon(np.array(values).reshape(-1, 2) * (width, height))


def _write(job: WriteJob) -> None:
    classes = [c for c in job.class_set.classes if not c.is_ignored]
    number_of = {c.id: number for number, c in enumerate(classes)}
    splits: dict[str, None] = {}
    for item, _, written in job.each(partial(_write_image, number_of=number_of)):
        split, name = _place(item)
        splits[split] = None
        job.wrote(f"{split}/{name}", written)
    head = [f"{split}: images/{split}" for split in splits]
    names = [f"  {number}: {_quoted(c.name)}" for number, c in enumerate(classes)]
    (job.path / "data.yaml").write_text("\n".join(["path: .", *head, "names:", *names, ""]), encoding="utf-8")


def _place(item: ImageItem) -> tuple[str, str]:
    """(split, name in it) of an image."""
    return item.split or "train", item.key.removeprefix(f"{item.split}/") if item.split else item.key


def _write_image(
    desk: Desk, item: ImageItem, annotation: Annotation | None, *, number_of: dict[int, int]
) -> tuple[None, Written | None]:
    assert annotation is not None
    if item.path is None:
        raise UserError("has no picture; YOLO needs it for the size")
    split, name = _place(item)
    rows = list(_rows(objects_of(annotation, desk.class_set), number_of, annotation.size_hw))
    desk.place(f"labels/{split}/{name}.txt").write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    desk.place_image(item, f"images/{split}/{name}{picture_suffix(item.path)}")
    # Without pictures it cannot be read back.
    return None, None if desk.options["images"] == "none" else Written(count=len(rows))


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w \-]*", name) else "'" + name.replace("'", "’") + "'"


def _rows(objects: Iterable[SegObject], number_of: dict[int, int], size_hw: tuple[int, int]) -> Iterable[str]:
    scale = np.array((size_hw[1], size_hw[0]), np.float64)
    for item in objects:
        if item.class_id not in number_of or item.is_crowd:
            continue
        for ring in _shares(item, scale):
            yield " ".join([str(number_of[item.class_id]), *(f"{value:.9g}" for value in ring.reshape(-1).tolist())])


def _shares(item: SegObject, scale: Points) -> Iterable[Points]:
    """The outer rings of an object in shares of width and height, inside the picture."""
    return (np.clip(part.exterior_xy / scale, 0, 1) for part in as_polygon(item.shape).parts)


def _losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    yield from object_losses(annotation, class_set)
    objects: list[Any] = objects_of(annotation, class_set)
    several = [o for o in objects if len(as_polygon(o.shape).parts) > 1]
    yield Loss("parts become objects of their own", sum(len(as_polygon(o.shape).parts) - 1 for o in several))
    yield Loss("holes are filled", sum(has_holes(o.shape) for o in objects))
    yield Loss("crowds", sum(o.is_crowd for o in objects))
    scale = np.array((annotation.size_hw[1], annotation.size_hw[0]), np.float64)
    kept = [o for o in objects if not o.is_crowd]
    yield redrawn_loss(
        ((o, PolygonShape.of(*(share * scale for share in _shares(o, scale)))) for o in kept), annotation.size_hw
    )
    yield Loss("scores", sum(o.score is not None for o in annotation.objects))
    yield Loss("attributes", sum(bool(o.attributes) for o in annotation.objects))


FORMAT = Format("yolo-seg", "YOLO segmentation", _detect, _read, _write, _losses, needs_images=True)
