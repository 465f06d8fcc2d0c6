"""How far the work on a project is, who did how much of it, and who is at it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segstudio.store.review_rows import PersonWork


@dataclass(frozen=True, slots=True)
class WorkOn:
    """Images by status, people by name, and which image is held by whom."""

    name: str
    statuses: Mapping[str, int]
    people: tuple[PersonWork, ...]
    held: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio project stats --json`."""
        return {
            "name": self.name,
            "images": sum(self.statuses.values()),
            "statuses": dict(self.statuses),
            "people": [asdict(person) for person in self.people],
            "held": dict(self.held),
        }

    def lines(self) -> list[str]:
        """For a person to read."""
        done = ", ".join(f"{count} {status}" for status, count in self.statuses.items()) or "no images"
        lines = [f"{self.name}: {done}"]
        for person in self.people:
            minutes = person.seconds / 60
            lines.append(
                f"{person.person}: {person.edits} edits on {person.images} images, {person.pixels} pixels,"
                f" {minutes:.1f} minutes of drawing, {person.reviews} reviews"
            )
        lines += [f"{key}: held by {holder}" for key, holder in self.held.items()]
        return lines


def work_on(project: str | Path) -> WorkOn:
    """What a project's journal tells. Raises `UserError` for what is no project."""
    from segstudio.store import Project
    from segstudio.store.records import STATUSES

    with Project.open(project, read_only=True) as opened:
        counts = Counter(row.status for row in opened.images())
        order = [*STATUSES, *sorted(set(counts) - set(STATUSES))]
        statuses = {status: counts[status] for status in order if counts[status]}
        held = {key: str(holder) for key, holder in opened.people.holders().items()}
        return WorkOn(opened.name, statuses, tuple(opened.people.work()), held)
