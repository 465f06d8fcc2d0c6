"""Which classes there are, what they are called, how they look and which of them count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from segstudio.core.errors import UserError
from segstudio.core.resources import resource_dir

IGNORED = 255
"""Evaluation index and train id of whatever does not count (void, unlabelled, ignored classes)."""

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class as a data set defines it.

    `id` is the data set's own number (−1 and gaps allowed), `train_id` its index in training and evaluation (255 =
    none),
    `color` is sRGB 0…255, `category` the super-category or "".
    """

    id: int
    name: str
    color: Color
    train_id: int = IGNORED
    is_thing: bool = False
    is_ignored: bool = False
    category: str = ""


@dataclass(frozen=True)
class ClassSet:
    """An ordered set of classes with unique ids and unique names.

    The *evaluation index* of a class (0 … `num_classes` − 1, or 255 where it does not count) is its train id where
    the set
    has train ids, else its position among the classes that are not ignored.
    """

    name: str
    classes: tuple[LabelClass, ...]
    title: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, values in (("id", [str(c.id) for c in self.classes]), ("name", [c.name for c in self.classes])):
            seen: set[str] = set()
            for value in values:
                if value in seen:
                    raise UserError(f"class set {self.name!r}: {what} {value!r} is used twice")
                seen.add(value)

    @classmethod
    def load(cls, name_or_path: str | Path) -> ClassSet:
        """Read a class set by the name of a bundled one ("cityscapes") or from a JSON file.

        Raises `UserError` naming the file where it is missing, is not JSON or does not describe classes.
        """
        path = Path(name_or_path)
        if path.suffix != ".json" and not path.is_file():
            path = resource_dir() / "class_sets" / f"{name_or_path}.json"
            if not path.is_file():
                known = ", ".join(cls.bundled_names())
                raise UserError(f"there is no class set {str(name_or_path)!r}", hint=f"known: {known}, or a JSON file")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be read as a class set: {error}") from None
        return cls.from_json(document, where=str(path))

    @staticmethod
    def bundled_names() -> list[str]:
        """Names of the class sets that ship with the program."""
        return sorted(path.stem for path in (resource_dir() / "class_sets").glob("*.json"))

    @classmethod
    def from_json(cls, document: Any, *, where: str = "class set") -> ClassSet:
        """Build from the JSON form that `to_json` gives; `where` names the source in errors."""
        try:
            rows = document["classes"]
            classes = tuple(
                LabelClass(
                    id=int(row["id"]),
                    name=str(row["name"]),
                    color=_color(row.get("color"), int(row["id"])),
                    train_id=int(row.get("train_id", IGNORED)),
                    is_thing=bool(row.get("is_thing", False)),
                    is_ignored=bool(row.get("is_ignored", False)),
                    category=str(row.get("category", "")),
                )
                for row in rows
            )
            name = str(document.get("name", "custom"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{where}: not a class set: {type(error).__name__}: {error}") from None
        extra = {key: value for key, value in document.items() if key not in ("name", "title", "classes")}
        return cls(name, classes, title=str(document.get("title", "")), extra=extra)

    def to_json(self) -> dict[str, Any]:
        """The JSON form: `{"name", "title", "classes": [{"id", "name", "color", "train_id", …}]}`."""
        rows = [
            {
                "id": c.id,
                "name": c.name,
                "color": list(c.color),
                "train_id": c.train_id,
                "is_thing": c.is_thing,
                "is_ignored": c.is_ignored,
                "category": c.category,
            }
            for c in self.classes
        ]
        return {"name": self.name, "title": self.title, **self.extra, "classes": rows}

    @classmethod
    def of_names(cls, names: Sequence[str], *, name: str = "custom", first_id: int = 0) -> ClassSet:
        """A set of plain classes with distinct colours, ids counting from `first_id`, all of which count."""
        # Train ids end at 254; without any, classes count by their position, however many there are.
        numbered = len(names) <= IGNORED
        classes = (
            LabelClass(first_id + i, text, distinct_color(i), train_id=i if numbered else IGNORED, is_thing=True)
            for i, text in enumerate(names)
        )
        return cls(name, tuple(classes))

    def with_class(self, added: LabelClass) -> ClassSet:
        """The set with `added` appended, or replacing the class of the same id."""
        if added.id in self.by_id:
            return replace(self, classes=tuple(added if c.id == added.id else c for c in self.classes))
        return replace(self, classes=(*self.classes, added))

    @cached_property
    def by_id(self) -> Mapping[int, LabelClass]:
        return {c.id: c for c in self.classes}

    @cached_property
    def by_name(self) -> Mapping[str, LabelClass]:
        return {c.name: c for c in self.classes}

    @cached_property
    def evaluated(self) -> tuple[LabelClass, ...]:
        """The classes that count, in the order of their evaluation index (one per index)."""
        counted = [c for c in self.classes if not c.is_ignored]
        if any(0 <= c.train_id < IGNORED for c in counted):
            first: dict[int, LabelClass] = {}
            for c in counted:
                if 0 <= c.train_id < IGNORED:
                    first.setdefault(c.train_id, c)
            return tuple(first[key] for key in sorted(first))
        return tuple(counted)

    @property
    def num_classes(self) -> int:
        """How many classes count."""
        return len(self.evaluated)

    @cached_property
    def index_of(self) -> Mapping[int, int]:
        """Class id → evaluation index; classes that do not count are absent."""
        by_train_id = {c.train_id: i for i, c in enumerate(self.evaluated) if 0 <= c.train_id < IGNORED}
        if by_train_id:
            return {
                c.id: by_train_id[c.train_id] for c in self.classes if not c.is_ignored and c.train_id in by_train_id
            }
        return {c.id: i for i, c in enumerate(self.evaluated)}

    @property
    def ignored_index(self) -> int:
        """The evaluation index that means "does not count": 255, or 65535 for sets of more than 254 counted classes."""
        return IGNORED if self.num_classes < IGNORED else 65535


def _color(value: Any, class_id: int) -> Color:
    if value is None:
        return distinct_color(class_id)
    red, green, blue = (int(channel) for channel in value[:3])
    if not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise ValueError(f"color {value} is outside 0…255")
    return red, green, blue


def distinct_color(index: int) -> Color:
    """The colour number `index` of an endless sequence whose neighbours differ (golden-angle hues, three lightness
    steps).
    """
    hue = (index * 137.508) % 360.0
    value, saturation = ((0.92, 0.75), (0.72, 0.85), (0.95, 0.5))[index // 7 % 3]
    sector, rest = divmod(hue / 60.0, 1.0)
    low, falling, rising = (value * (1 - saturation * part) for part in (1.0, rest, 1.0 - rest))
    table = [(value, rising, low), (falling, value, low), (low, value, rising), (low, falling, value)]
    table += [(rising, low, value), (value, low, falling)]
    red, green, blue = table[int(sector) % 6]
    return round(red * 255), round(green * 255), round(blue * 255)
