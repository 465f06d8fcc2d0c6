"""The columns of the data set table: what each is called, puts in order by, and shows of an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from segstudio.session.dataset.image_table import ImageTable
from segstudio.session.session import Session
from segstudio.store.image_facts import NO_CLASS


@dataclass(frozen=True, slots=True)
class Column:
    """`order` is what a click on the heading puts in order by ("" = nothing), `text` what a cell says."""

    id: str
    title: str
    tip: str
    order: str
    width: int
    text: Callable[[Session, ImageTable | None, int], str]
    is_number: bool = True
    is_shown: bool = True
    lowest_first: bool = False


def _number(name: str, shown: Callable[[float], str]) -> Callable[[Session, ImageTable | None, int], str]:
    def text(session: Session, table: ImageTable | None, index: int) -> str:
        value = math.nan if table is None else float(table.numbers[name][index])
        return "" if math.isnan(value) else shown(value)

    return text


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def grouped(value: float) -> str:
    """A whole number with narrow blanks between the thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def _when(value: float) -> str:
    return f"{datetime.fromtimestamp(value):%Y-%m-%d %H:%M}"


def _name(session: Session, table: ImageTable | None, index: int) -> str:
    return session.images[index].key


def _status(session: Session, table: ImageTable | None, index: int) -> str:
    return session.images.badge(index).status


def _worst(session: Session, table: ImageTable | None, index: int) -> str:
    class_id = NO_CLASS if table is None else int(table.worst[index])
    found = session.classes.current.by_id.get(class_id)
    return found.name if found is not None else ""


def _classes(session: Session, table: ImageTable | None, index: int) -> str:
    if table is None:
        return ""
    rows = table.class_rows(index)
    ids, pixels = table.classes["class_id"][rows], table.classes["pixels"][rows]
    by_id = session.classes.current.by_id
    largest = sorted(zip(pixels.tolist(), ids.tolist(), strict=True), reverse=True)
    return ", ".join(by_id[class_id].name for count, class_id in largest if count and class_id in by_id)


def _person(session: Session, table: ImageTable | None, index: int) -> str:
    return "" if table is None else table.words["person"].get(index)


def _note(session: Session, table: ImageTable | None, index: int) -> str:
    return session.images.remark(index).note


def _tags(session: Session, table: ImageTable | None, index: int) -> str:
    return ", ".join(session.images.remark(index).tags)


COLUMNS: tuple[Column, ...] = (
    Column("name", "Image", "The image's name", "name", 190, _name, is_number=False, lowest_first=True),
    Column("status", "Status", "The state of work", "status", 84, _status, is_number=False, lowest_first=True),
    Column(
        "miou",
        "mIoU",
        "Mean IoU against the truth, %",
        "mean_iou",
        74,
        _number("mean_iou", _percent),
        lowest_first=True,
    ),
    Column("worst", "Worst", "The class with the lowest IoU", "worst", 96, _worst, is_number=False, lowest_first=True),
    Column("fp", "FP px", "Pixels given a wrong class", "false_positive", 78, _number("false_positive", grouped)),
    Column(
        "fn",
        "FN px",
        "Pixels of the truth that were missed or given a wrong class",
        "false_negative",
        78,
        _number("false_negative", grouped),
    ),
    Column(
        "boundary",
        "Boundary",
        "Boundary error: 1 minus the mean boundary IoU, %",
        "boundary_error",
        80,
        _number("boundary_error", _percent),
    ),
    Column(
        "confidence",
        "Sure",
        "Mean confidence of the prediction, %",
        "confidence",
        62,
        _number("confidence", _percent),
        lowest_first=True,
    ),
    Column(
        "disagreement",
        "Differ",
        "Pixels on which the predictions differ, %",
        "disagreement",
        66,
        _number("disagreement", _percent),
    ),
    Column("objects", "Objects", "Number of objects", "objects", 70, _number("objects", grouped)),
    Column("classes", "Classes", "What there is in it, the largest first", "", 170, _classes, is_number=False),
    Column("tags", "Tags", "Tags; a flag is one of them", "tags", 110, _tags, is_number=False, lowest_first=True),
    Column("note", "Note", "What is noted of it", "note", 130, _note, is_number=False, lowest_first=True),
    Column("person", "Person", "Who edited it last", "person", 84, _person, is_number=False, is_shown=False),
    Column("edited", "Edited", "When it was edited last", "edited", 120, _number("edited", _when), is_shown=False),
    Column("width", "Width", "Pixels from left to right", "", 64, _number("width", grouped), is_shown=False),
    Column("height", "Height", "Pixels from top to bottom", "", 64, _number("height", grouped), is_shown=False),
)
