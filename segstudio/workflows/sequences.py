"""Which images of a truth belong together, because they are frames of one sequence and resemble each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.workflows.sides import Entry, one_truth

_CITYSCAPES = re.compile(r"^([a-z-]+_\d{6})_\d{6}(_|$)")
"""city_sequence_frame, also without the data set around it."""


def sequences_of(
    truth: Path,
    keys: Sequence[str],
    *,
    classes: ClassSet | None = None,
    split: str | None = None,
    truth_from: str = "auto",
) -> list[str] | None:
    """The sequence of each image of a truth by key; None where nothing says so, or all or no images share one."""
    with one_truth(truth, classes, split, truth_from) as side:
        found = [_sequence(key, side.entries.get(key)) for key in keys]
    if not all(found) or not 1 < len(set(found)) < len(found):
        return None
    return found


def _sequence(key: str, entry: Entry | None) -> str:
    source = entry.source if entry is not None else None
    if isinstance(source, ImageItem) and source.sequence:
        return source.sequence
    named = _CITYSCAPES.match(key.rsplit("/", 1)[-1])
    return named.group(1) if named else ""
