"""A data set as every room sees it: images in order, each with a way to read its annotation when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import Annotation

PAGE = "page"
"""Where `ImageItem.extra` says which page of a stack the image is."""


@dataclass(frozen=True, slots=True)
class ImageItem:
    """One image of a data set.

    `key` names it inside the data set (relative path without suffix, "/"-separated) and pairs it with predictions;
    `path` is the picture's file (None where only labels are there), `size_hw` (height, width) after EXIF orientation
    where
    known; `read_annotation` reads its labels anew each time it is called and may raise `UserError`.
    """

    key: str
    path: Path | None
    size_hw: tuple[int, int] | None = None
    split: str = ""
    sequence: str = ""
    read_annotation: Callable[[], Annotation] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the key, as a person calls the image."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def page(self) -> int:
        """Which page of its file the image is, from 0."""
        page = self.extra.get(PAGE, 0)
        return page if isinstance(page, int) else 0

    @property
    def is_page(self) -> bool:
        """Whether its file holds other images too."""
        return PAGE in self.extra


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be read or written, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """Images with their annotations, the classes they use, and what could not be read.

    `format` is the name under which `formats.write` would write it back; `extra` keeps the format's own fields.
    """

    name: str
    root: Path
    format: str
    class_set: ClassSet
    images: Sequence[ImageItem]
    skipped: tuple[Skipped, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[ImageItem]:
        return iter(self.images)

    @cached_property
    def by_key(self) -> Mapping[str, ImageItem]:
        return {item.key: item for item in self.images}

    @property
    def splits(self) -> list[str]:
        """Names of the splits in order of appearance, without the empty one."""
        return list(dict.fromkeys(item.split for item in self.images if item.split))
