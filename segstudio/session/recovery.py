"""What was found again after the program or the machine ended in the middle of work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segstudio.store import Project


@dataclass(frozen=True, slots=True)
class RecoveredImage:
    """One image of the sitting that ended so: how many edits, and from when to when (UTC, ISO 8601)."""

    key: str
    edits: int
    first: str
    last: str


def recovered_images(project: Project) -> list[RecoveredImage]:
    """The images that were worked on then, the last one first; none after a sitting that ended well."""
    by_key: dict[str, RecoveredImage] = {}
    for row in project.recovered():
        known = by_key.pop(row.image_key, None)
        first = known.first if known is not None else row.when
        by_key[row.image_key] = RecoveredImage(row.image_key, (known.edits if known else 0) + 1, first, row.when)
    return list(reversed(by_key.values()))
