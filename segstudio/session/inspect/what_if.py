"""What the mean IoU of the data set would be if some errors were mended: a pair, a class, an image, a kind of error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.event import Event
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_kind_map import WRONG_KINDS, RegionKind, error_kind_map
from segstudio.metrics.error_regions import Pair
from segstudio.metrics.what_if import errors_of_pair, errors_where, mended
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.inspect.news import look_through
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader, Sides, sides_of_document

Group = Literal["kinds", "pairs", "classes", "images"]
GROUPS: tuple[Group, ...] = ("kinds", "pairs", "classes", "images")
KIND_TITLES: Mapping[RegionKind, str] = {
    RegionKind.BOUNDARY: "boundary",
    RegionKind.EXTENT: "extent",
    RegionKind.MISSED_REGION: "missed region",
    RegionKind.SPURIOUS_REGION: "spurious region",
    RegionKind.CLASS_SWAP: "class swap",
    RegionKind.SPLIT: "split",
    RegionKind.MERGE: "merge",
}
KindCounts = Mapping[RegionKind, ConfusionMatrix]


@dataclass(frozen=True, eq=False)
class Mending:
    """One row: what would be mended, how many pixels that are, and what the mean IoU would be (0…1)."""

    group: Group
    title: str
    errors: ConfusionMatrix
    pixels: int
    mean_iou: float
    gain: float
    pair: Pair | None = None
    key: str = ""


class WhatIf:
    """Projects the inspection's matrix. Pairs, classes and images follow every edit at once; kinds need a look at every
    pixel, so they are counted in the background after `count_kinds`, and anew for the open image after its edits.
    """

    def __init__(self, inspection: Inspection) -> None:
        self.changed: Event[None] = Event()
        self._inspection = inspection
        self._session = inspection.session
        self._kinds: dict[str, KindCounts] = {}
        self._state: object = None
        self._job: Job | None = None
        inspection.changed.connect(self._on_news)

    @property
    def is_counting(self) -> bool:
        """Whether the kinds of errors are being counted."""
        return self._job is not None and not self._job.finished

    @property
    def num_counted(self) -> int:
        """Images whose kinds of errors are known."""
        return len(self._kinds)

    def rows(self, group: Group) -> list[Mending]:
        """What could be mended, by what it would give."""
        matrix = self._inspection.dataset_matrix()
        classes = self._session.classes.current
        if matrix.valid_pixels == 0 or matrix.num_classes != classes.num_classes:
            return []
        found = {"kinds": self._of_kinds, "pairs": _of_pairs, "classes": _of_classes, "images": self._of_images}
        rows = [_projected(matrix, row) for row in found[group](matrix, classes)]
        return sorted((row for row in rows if row.pixels), key=lambda row: (-row.gain, -row.pixels))

    def together(self, rows: Sequence[Mending]) -> Mending | None:
        """All of these at once; what two rows share counts once. None for no rows."""
        matrix = self._inspection.dataset_matrix()
        if not rows or any(row.errors.num_classes != matrix.num_classes for row in rows):
            return None
        if rows[0].group in ("kinds", "images"):
            errors = matrix.empty_like()
            for row in rows:
                errors += row.errors
        else:
            counts = np.max([row.errors.counts for row in rows], axis=0)
            missed = np.max([row.errors.missed for row in rows], axis=0)
            errors = ConfusionMatrix.from_counts(counts, missed, ignore_index=matrix.ignore_index)
        return _projected(matrix, _Plan(rows[0].group, f"{len(rows)} rows", errors))

    def count_kinds(self) -> None:
        """Look at every image for the kinds of its errors; again, it begins anew."""
        self._kinds = {}
        self._state = self._now()
        classes, keys = self._session.classes.current, self._inspection.matrices().keys()
        reader = SideReader.of(self._session, self._inspection.layer)
        items = [item for item in self._session.images if item.key in keys]
        state = self._state

        def work(job: Job) -> None:
            def look(item: ImageItem) -> KindCounts | None:
                sides = reader.read(item)
                return None if sides is None else kinds_of(sides, classes, job)

            look_through(job, items, look, lambda found, _: self._send(found, state))

        self._job = self._session.jobs.submit(
            work,
            done=self._on_done,
            failed=self._session.notify.fault,
            lane="batch",
            key="inspect-kinds",
            title="kinds of errors",
        )
        self.changed.emit(None)

    def cancel(self) -> None:
        """End the count of kinds; what was counted stays."""
        self._session.jobs.cancel("inspect-kinds")
        self._job = None
        self.changed.emit(None)

    def recount_open(self) -> None:
        """Bring the kinds of the open image up to date."""
        document = self._session.document
        if document is None or not self._kinds:
            return
        sides, classes, state = (
            sides_of_document(document, self._inspection.layer),
            self._session.classes.current,
            self._now(),
        )
        if sides is None:
            return

        def work(job: Job) -> dict[str, KindCounts]:
            return {sides.key: kinds_of(sides, classes, job)}

        jobs, fault = self._session.jobs, self._session.notify.fault
        jobs.submit(
            work,
            done=lambda found: self._take(found, state),
            failed=fault,
            lane="compute",
            key="inspect-kinds-open",
        )

    def _now(self) -> object:
        return self._inspection.layer, self._session.classes.current, self._session.project

    def _send(self, found: dict[str, KindCounts], state: object) -> None:
        self._session.jobs.home(lambda: self._take(found, state))

    def _take(self, found: dict[str, KindCounts], state: object) -> None:
        if state == self._state == self._now():
            self._kinds |= found
            self.changed.emit(None)

    def _on_done(self, _: None) -> None:
        self._job = None
        self.recount_open()
        self.changed.emit(None)

    def _on_news(self, _: object) -> None:
        if self._kinds and self._state != self._now():
            self._kinds = {}
            self.cancel()
        self.changed.emit(None)

    def _of_kinds(self, matrix: ConfusionMatrix, classes: ClassSet) -> Iterable[_Plan]:
        known = self._inspection.matrices()
        for kind in WRONG_KINDS:
            errors = matrix.empty_like()
            for key, counts in self._kinds.items():
                if key in known:
                    errors += counts[kind]
            # An edit since the count may have mended some of them.
            fewer = np.minimum(errors.counts, matrix.counts), np.minimum(errors.missed, matrix.missed)
            errors = ConfusionMatrix.from_counts(*fewer, ignore_index=matrix.ignore_index)
            yield _Plan("kinds", f"all {KIND_TITLES[kind]} errors", errors)

    def _of_images(self, matrix: ConfusionMatrix, classes: ClassSet) -> Iterable[_Plan]:
        for key, own in self._inspection.matrices().items():
            yield _Plan("images", key, own, key=key)


@dataclass(frozen=True)
class _Plan:
    group: Group
    title: str
    errors: ConfusionMatrix
    pair: Pair | None = None
    key: str = ""


def kinds_of(sides: Sides, classes: ClassSet, job: Job) -> KindCounts:
    """The errors of one image by kind, each as a matrix of its pixels."""
    kinds_hw = error_kind_map(
        sides.truth_hw,
        sides.judged_hw,
        num_classes=classes.num_classes,
        check=job.cancel_token.raise_if_cancelled,
    )
    like = ConfusionMatrix(classes.num_classes, classes.ignored_index)
    return {kind: errors_where(sides.truth_hw, sides.judged_hw, kinds_hw == kind, like=like) for kind in WRONG_KINDS}


def _of_pairs(matrix: ConfusionMatrix, classes: ClassSet) -> Iterable[_Plan]:
    names = [c.name for c in classes.evaluated]
    for truth, said in np.argwhere(matrix.counts > 0).tolist():
        if truth != said:
            yield _Plan("pairs", f"{names[truth]} → {names[said]}", errors_of_pair(matrix, truth, said), (truth, said))
    for truth in np.flatnonzero(matrix.missed).tolist():
        yield _Plan("pairs", f"{names[truth]} → nothing", errors_of_pair(matrix, truth, None), (truth, None))


def _of_classes(matrix: ConfusionMatrix, classes: ClassSet) -> Iterable[_Plan]:
    for index, item in enumerate(classes.evaluated):
        counts, missed = np.zeros_like(matrix.counts), np.zeros_like(matrix.missed)
        counts[index], counts[:, index] = matrix.counts[index], matrix.counts[:, index]
        missed[index] = matrix.missed[index]
        errors = ConfusionMatrix.from_counts(counts, missed, ignore_index=matrix.ignore_index)
        yield _Plan("classes", f"everything about {item.name}", errors)


def _projected(matrix: ConfusionMatrix, plan: _Plan) -> Mending:
    after = mended(matrix, plan.errors).mean_iou()
    wrong = plan.errors.valid_pixels - int(plan.errors.true_positives.sum())
    return Mending(
        plan.group, plan.title, plan.errors, wrong, after, after - matrix.mean_iou(), pair=plan.pair, key=plan.key
    )
