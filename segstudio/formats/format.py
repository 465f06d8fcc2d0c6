"""What a format is to the rest of the room: a record of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.layer import Annotation
from segstudio.formats.files import Probe
from segstudio.formats.report import Candidate, Loss
from segstudio.formats.writing import WriteJob


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: the classes to use instead of the format's own, and the one split that is wanted ("" = all)."""

    class_set: ClassSet | None = None
    split: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """One layout: how to recognise it, read it, write it, and what it cannot hold.

    `detect` returns None where the content does not fit. `write` fills `job.path`; `losses` names what one annotation
    loses; both are None for formats that are only read. `file_suffix` is that of a single-file format (".json"), "" for
    folders; `needs_images` says that a data set without its pictures would be of no use; `holds_provenance` that
    objects can say where they come from. `first` gives the first images of a large data set, as `read` will have them
    but perhaps without labels, much sooner; None where that is not possible or reading all is quick.
    """

    name: str
    title: str
    detect: Callable[[Probe], Candidate | None]
    read: Callable[[Path, ReadOptions], Dataset]
    write: Callable[[WriteJob], None] | None = None
    losses: Callable[[Annotation, ClassSet], Iterable[Loss]] | None = None
    file_suffix: str = ""
    needs_images: bool = False
    options: Mapping[str, tuple[Any, ...]] | None = None
    holds_provenance: bool = False
    first: Callable[[Path, ReadOptions, int], Dataset | None] | None = None
