"""Looking at many images in the background, and telling what was found every so often rather than image by image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TypeVar

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.session.jobs import Job

Found = TypeVar("Found")

_EVERY = 0.25
"""Seconds."""


def look_through(
    job: Job,
    items: Sequence[ImageItem],
    look: Callable[[ImageItem], Found | None],
    tell: Callable[[dict[str, Found], int], None],
) -> None:
    """`tell` what `look` found by the images' keys, and how many were looked at; what cannot be read is passed over.

    Ends with `Cancelled` where the job is cancelled; what was told stays told.
    """
    found: dict[str, Found] = {}
    told = monotonic()
    for number, item in enumerate(items, start=1):
        job.progress(number - 1, len(items), item.name)
        try:
            seen = look(item)
        except UserError:
            seen = None
        if seen is not None:
            found[item.key] = seen
        if number == len(items) or monotonic() - told > _EVERY:
            tell(found, number)
            found, told = {}, monotonic()
