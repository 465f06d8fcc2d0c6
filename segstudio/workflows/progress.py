"""How far the work on a project is, who did how much of it, and who is at it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio.core.layer import LABELS
from segstudio.core.progress import CancelToken, Progress, no_progress

if TYPE_CHECKING:
    from segstudio.store.origin_replay import Origin
    from segstudio.store.review_rows import PersonWork


_NAMED = ("kind", "person", "tool", "run", "model", "from")


@dataclass(frozen=True, slots=True)
class WorkOn:
    """Images by status, people by name, and which image is held by whom."""

    name: str
    statuses: Mapping[str, int]
    people: tuple[PersonWork, ...]
    held: Mapping[str, str]
    origins: tuple[tuple[Origin, int], ...] | None = None
    """Labelled pixels of all images by author, most first; None where nobody asked."""

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio project stats --json`."""
        told = {} if self.origins is None else {"origins": [{**one, "pixels": pixels} for one, pixels in self.origins]}
        return {
            "name": self.name,
            "images": sum(self.statuses.values()),
            "statuses": dict(self.statuses),
            "people": [asdict(person) for person in self.people],
            "held": dict(self.held),
            **told,
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
        labelled = sum(pixels for _, pixels in self.origins or ())
        for origin, pixels in self.origins or ():
            words = " ".join(origin[name] for name in _NAMED if name in origin)
            weights = f" (weights {origin['weights'][:12]})" if "weights" in origin else ""
            lines.append(f"labels made by {words}{weights}: {pixels} pixels, {100 * pixels / labelled:.1f} %")
        return lines


def work_on(
    project: str | Path,
    *,
    with_origins: bool = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> WorkOn:
    """What a project's journal tells, `with_origins` also who made how many of the labels, which reads them all once.

    What was read of them is kept in the project where nobody else has it open, and need not be read again.
    Raises `UserError` for what is no project.
    """
    from segstudio.store import Project
    from segstudio.store.brief_write import write_briefly
    from segstudio.store.origin_rows import total
    from segstudio.store.records import STATUSES

    with Project.open(project, read_only=True) as opened:
        counts = Counter(row.status for row in opened.images())
        order = [*STATUSES, *sorted(set(counts) - set(STATUSES))]
        statuses = {status: counts[status] for status in order if counts[status]}
        held = {key: str(holder) for key, holder in opened.people.holders().items()}
        made = None
        if with_origins:
            keep = partial(write_briefly, opened.path)
            sums = opened.authors.sums(LABELS, progress=progress, cancel=cancel, keep=keep)
            made = tuple(total(sums.values()))
        return WorkOn(opened.name, statuses, tuple(opened.people.work()), held, made)
