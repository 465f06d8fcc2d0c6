"""Numbers about the whole of what is open, ready to be drawn or written as CSV: balance, sizes, pace, people."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from segstudio.core.class_set import ClassSet, Color
from segstudio.session.dataset.image_table import ImageTable
from segstudio.session.edits.origin_words import KIND_WORDS, author_text
from segstudio.store.origin_replay import Origin, summed
from segstudio.store.records import EditRow

SIZE_EDGES = tuple(4**power for power in range(1, 12))
"""Object areas in pixels are counted between these, and above the last."""
LABELLED = ("labelled", "reviewed")


@dataclass(frozen=True, slots=True)
class Series:
    """Named amounts in order. `unit` says of what; `colors` (sRGB) are given where the names are classes."""

    id: str
    title: str
    unit: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    colors: tuple[tuple[int, int, int], ...] = ()


def of_classes(table: ImageTable, class_set: ClassSet) -> list[Series]:
    """Per class: images that have it, objects, and pixels."""
    rows, known = table.classes, {one.id: index for index, one in enumerate(class_set.classes)}
    alive = (rows["image"] < len(table)) & ((rows["pixels"] > 0) | (rows["objects"] > 0))
    ids, pixels, objects = rows["class_id"][alive], rows["pixels"][alive], rows["objects"][alive]
    place = np.array([known.get(class_id, len(known)) for class_id in ids.tolist()], np.int64)
    size = len(known) + 1
    # Classes that count, and of the others those that there are.
    there = np.bincount(place, minlength=size)
    kept = [i for i, one in enumerate(class_set.classes) if one.id in class_set.index_of or there[i]]
    names = tuple(class_set.classes[i].name for i in kept)
    colors = tuple(class_set.classes[i].color for i in kept)
    counted = (
        ("images_per_class", "Images per class", "images", np.bincount(place, minlength=size)),
        ("objects_per_class", "Objects per class", "objects", np.bincount(place, objects, minlength=size)),
        ("pixels_per_class", "Pixels per class", "pixels", np.bincount(place, pixels, minlength=size)),
    )
    return [
        Series(id_, title, unit, names, tuple(float(v[i]) for i in kept), colors) for id_, title, unit, v in counted
    ]


def of_sizes(table: ImageTable) -> Series:
    """How many objects there are of each size."""
    alive = table.classes["image"][table.objects["class_row"]] < len(table)
    areas = table.objects["area"][alive]
    counts = np.bincount(np.searchsorted(SIZE_EDGES, areas, side="right"), minlength=len(SIZE_EDGES) + 1)
    names = [f"< {SIZE_EDGES[0]:,}", *(f"{a:,} – {b:,}" for a, b in zip(SIZE_EDGES, SIZE_EDGES[1:], strict=False))]
    names.append(f"≥ {SIZE_EDGES[-1]:,}")
    return Series("object_sizes", "Object sizes", "objects, by area in pixels", tuple(names), tuple(map(float, counts)))


def of_statuses(table: ImageTable) -> Series:
    """How many images are in each state of work."""
    column = table.words["status"]
    counts = np.bincount(column.codes, minlength=len(column.words))
    kept = [(word, float(count)) for word, count in zip(column.words, counts, strict=True) if count]
    return Series("statuses", "State of work", "images", tuple(w for w, _ in kept), tuple(c for _, c in kept))


def of_hours(edits: Sequence[EditRow]) -> Series:
    """How many images were edited in each hour, from the first to the last (local time); idle hours between count 0."""
    keys: dict[datetime, set[str]] = {}
    for edit in edits:
        hour = datetime.fromisoformat(edit.when).astimezone().replace(minute=0, second=0, microsecond=0)
        keys.setdefault(hour, set()).add(edit.image_key)
    hours = sorted(keys)
    if hours and hours[-1] - hours[0] <= timedelta(days=14):
        count = int((hours[-1] - hours[0]) / timedelta(hours=1)) + 1
        hours = [hours[0] + timedelta(hours=step) for step in range(count)]
    names = tuple(f"{hour:%Y-%m-%d %H:00}" for hour in hours)
    return Series(
        "images_per_hour", "Labelled per hour", "images", names, tuple(float(len(keys.get(h, ()))) for h in hours)
    )


def of_people(edits: Sequence[EditRow]) -> list[Series]:
    """Per person: images edited, edits, and minutes of drawing."""
    images: dict[str, set[str]] = {}
    number: Counter[str] = Counter()
    minutes: Counter[str] = Counter()
    for edit in edits:
        person = edit.person or "someone"
        images.setdefault(person, set()).add(edit.image_key)
        number[person] += 1
        minutes[person] += edit.seconds / 60  # type: ignore[assignment]  # a Counter of fractions
    names = tuple(sorted(images, key=lambda person: (-len(images[person]), person)))
    return [
        Series("images_per_person", "Images per person", "images", names, tuple(float(len(images[n])) for n in names)),
        Series("edits_per_person", "Edits per person", "edits", names, tuple(float(number[n]) for n in names)),
        Series(
            "minutes_per_person",
            "Drawing per person",
            "minutes",
            names,
            tuple(round(float(minutes[n]), 2) for n in names),
        ),
    ]


def of_origins(sums: Iterable[Sequence[tuple[Origin, int]]], colors: Mapping[str, Color]) -> list[Series]:
    """Labelled pixels by who made them: by kind, and by author (person and tool, model and weights), most first.

    `sums` are those of the images (see `Authors.sums`), `colors` are by kind.
    """
    found = summed(one for counts in sums for one in counts)
    kinds: Counter[str] = Counter()
    for origin, pixels in found:
        kinds[origin.get("kind", "unknown")] += pixels
    there = [kind for kind in KIND_WORDS if kinds[kind]]
    by_kind = Series(
        "origins",
        "Labels by origin",
        "pixels",
        tuple(KIND_WORDS[kind][0] for kind in there),
        tuple(float(kinds[kind]) for kind in there),
        tuple(colors[kind] for kind in there),
    )
    by_author = Series(
        "authors",
        "Labels by author",
        "pixels",
        tuple(author_text(origin) for origin, _ in found),
        tuple(float(pixels) for _, pixels in found),
        tuple(colors[origin.get("kind", "unknown")] for origin, _ in found),
    )
    return [by_kind, by_author]


def all_series(table: ImageTable, class_set: ClassSet, edits: Sequence[EditRow]) -> Mapping[str, Series]:
    """Every series by its id."""
    found = [of_statuses(table), of_hours(edits), *of_classes(table, class_set), of_sizes(table), *of_people(edits)]
    return {one.id: one for one in found}


def to_csv(series: Sequence[Series]) -> str:
    """The series as CSV: a line for each amount with the series, its unit and the name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("series", "name", "value", "unit"))
    for one in series:
        for name, value in zip(one.names, one.values, strict=True):
            writer.writerow((one.id, name, f"{value:.10g}", one.unit))
    return text.getvalue()
