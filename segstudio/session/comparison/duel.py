"""Two layers against the truth over the whole data set: counts of every image, statistics, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.metrics.averaging import image_counts, iou_of_counts
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_regions import ErrorRegion, error_regions, gains_of_mending
from segstudio.metrics.numbers import Counts, mean_of_defined
from segstudio.metrics.paired import CountedImages, PairedStatistics, paired_statistics
from segstudio.session.comparison.comparing import Side
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader, Sides, is_countable, judged_names

if TYPE_CHECKING:
    from segstudio.session.session import Session

MOST_REGIONS = 2000
"""Regions that are kept, the largest."""
_SMALLEST = 8
"""Pixels below which a region is not worth a look."""
_JOB = "duel"


@dataclass(frozen=True, slots=True)
class ImageScore:
    """Mean IoU 0…1 (NaN where undefined) of both layers in one image."""

    key: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class WonRegion:
    """A connected region where only `winner` is right; `region` is how the other errs there, with what it would gain
    over the data set by saying the same.
    """

    key: str
    winner: Side
    region: ErrorRegion


@dataclass(frozen=True, slots=True, eq=False)
class DuelResult:
    """What was found of the layers `a` and `b` in the images that have both; differences are B − A."""

    a: str
    b: str
    class_set: ClassSet
    matrix_a: ConfusionMatrix
    matrix_b: ConfusionMatrix
    images: tuple[ImageScore, ...]
    statistics: PairedStatistics
    regions: tuple[WonRegion, ...]


class Duel:
    """Counts when asked to (`count`), in the background; `changed` carries nothing. Home thread only.

    The result is of the time of counting: `is_stale` says that the labels, the truth or the choice changed since.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.result: DuelResult | None = None
        self.is_stale = True
        self._session = session
        self._chosen: dict[Side, str] = {}
        self._job: Job | None = None
        session.opened.connect(self._on_opened)
        session.classes.changed.connect(self._on_opened)
        session.predictions.changed.connect(self._on_news)

    @property
    def names(self) -> list[str]:
        """The layers that can be chosen."""
        return list(judged_names(self._session))

    def layer(self, side: Side) -> str:
        """The layer on that side: the one chosen, else the second newest and the newest prediction, else the labels."""
        if side in self._chosen:
            return self._chosen[side]
        names = self.names
        runs = [name for name in names if name.startswith("prediction:")]
        pair = (runs[-2:] + [name for name in names if name not in runs])[:2]
        place = 0 if side == "a" else 1
        return pair[place] if len(pair) > place else ""

    def choose(self, side: Side, name: str) -> None:
        """Put another layer on that side."""
        other: Side = "b" if side == "a" else "a"
        self._chosen = {other: self.layer(other), side: name}
        self.is_stale = True
        self.changed.emit(None)

    @property
    def is_counting(self) -> bool:
        return self._job is not None and not self._job.finished

    @property
    def progress(self) -> tuple[int, int]:
        """Images counted and to count."""
        return (self._job.done_items, self._job.total_items) if self._job is not None else (0, 0)

    def count(self) -> None:
        """Count both layers in every image that has them and a truth."""
        session, a, b = self._session, self.layer("a"), self.layer("b")
        class_set = session.classes.current
        if not (a and b):
            session.notify.tell("info", "there is nothing to compare yet", hint="run two models over the images first")
            return
        if not is_countable(class_set):
            return
        readers = SideReader.of(session, a), SideReader.of(session, b)
        items = list(session.images)

        def work(job: Job) -> DuelResult | None:
            return _counted(items, readers, job)

        self.is_stale = False
        self._job = session.jobs.submit(
            work, done=self._show, failed=session.notify.fault, lane="batch", key=_JOB, title="comparison"
        )
        self.changed.emit(None)

    def cancel(self) -> None:
        """End the count; what was found before stays."""
        self._session.jobs.cancel(_JOB)
        self._job = None
        self.is_stale = True
        self.changed.emit(None)

    def _show(self, result: DuelResult | None) -> None:
        self._job, self.result = None, result
        if result is None:
            self._session.notify.tell("info", "no image has a truth and both layers", hint="run both models first")
        self.changed.emit(None)

    def _on_opened(self, _: object) -> None:
        self._session.jobs.cancel(_JOB)
        self._job = self.result = None
        self._chosen = {}
        self.is_stale = True
        self.changed.emit(None)

    def _on_news(self, _: object) -> None:
        self.changed.emit(None)


def _counted(items: list[ImageItem], readers: tuple[SideReader, SideReader], job: Job) -> DuelResult | None:
    class_set = readers[0].class_set
    stored = readers[0].keys() & readers[1].keys()
    wanted = [item for item in items if item.key in stored]
    counts: list[tuple[Counts, Counts]] = []
    totals = _matrix(class_set), _matrix(class_set)
    known: list[ImageItem] = []
    regions: list[WonRegion] = []
    for number, item in enumerate(wanted):
        job.progress(number, len(wanted), item.name)
        sides = _read(readers, item)
        if sides is None:
            continue
        matrices = _matrix(class_set), _matrix(class_set)
        for matrix, total, side in zip(matrices, totals, sides, strict=True):
            matrix.add(side.truth_hw, side.judged_hw)
            total += matrix
        counts.append((image_counts(matrices[0]), image_counts(matrices[1])))
        known.append(item)
        regions += won_regions(item.key, *sides, class_set)
        regions = sorted(regions, key=lambda won: -won.region.pixels)[:MOST_REGIONS]
    if not known:
        return None
    counts_a, counts_b = (np.stack([pair[place] for pair in counts]) for place in (0, 1))
    means = ([mean_of_defined(iou) for iou in iou_of_counts(side)] for side in (counts_a, counts_b))
    return DuelResult(
        readers[0].layer,
        readers[1].layer,
        class_set,
        *totals,
        tuple(ImageScore(item.key, a, b) for item, a, b in zip(known, *means, strict=True)),
        paired_statistics(CountedImages(counts_a), CountedImages(counts_b), clusters=_sequences(known)),
        _ranked(regions, *totals),
    )


def _read(readers: tuple[SideReader, SideReader], item: ImageItem) -> tuple[Sides, Sides] | None:
    try:
        a, b = readers[0].read(item), readers[1].read(item)
    except UserError:
        # Opening the image will say what is wrong with it; it does not count here.
        return None
    return (a, b) if a is not None and b is not None else None


def won_regions(key: str, a: Sides, b: Sides, class_set: ClassSet) -> Iterator[WonRegion]:
    """The connected regions of one image where only A or only B is right, with the gains in the image alone."""
    sides: tuple[tuple[Side, Sides, Sides], ...] = (("a", a, b), ("b", b, a))
    for winner, right, wrong in sides:
        # Where the winner errs too nobody wins: the truth in its place leaves only what the other could learn.
        judged_hw = np.where(right.judged_hw == right.truth_hw, wrong.judged_hw, right.truth_hw)
        matrix = _matrix(class_set)
        matrix.add(a.truth_hw, judged_hw)
        for region in error_regions(a.truth_hw, judged_hw, matrix, min_pixels=_SMALLEST):
            yield WonRegion(key, winner, region)


def _ranked(regions: list[WonRegion], matrix_a: ConfusionMatrix, matrix_b: ConfusionMatrix) -> tuple[WonRegion, ...]:
    """The regions with what the loser would gain over the data set, the most telling first."""
    groups: dict[tuple[Side, int, int | None], list[WonRegion]] = {}
    for won in regions:
        groups.setdefault((won.winner, won.region.truth_class, won.region.label_class), []).append(won)
    ranked = []
    for (winner, truth_class, label_class), members in groups.items():
        pixels = np.array([won.region.pixels for won in members], np.int64)
        loser = matrix_b if winner == "a" else matrix_a
        gains = gains_of_mending(loser, truth_class, label_class, pixels).tolist()
        for won, (of_truth, of_label, of_mean) in zip(members, gains, strict=True):
            region = replace(won.region, delta_iou_truth=of_truth, delta_iou_label=of_label, delta_miou=of_mean)
            ranked.append(replace(won, region=region))
    return tuple(sorted(ranked, key=lambda won: (-np.nan_to_num(won.region.delta_miou, nan=1.0), won.key)))


def _sequences(items: list[ImageItem]) -> list[str] | None:
    found = [item.sequence for item in items]
    return found if all(found) and 1 < len(set(found)) < len(found) else None


def _matrix(class_set: ClassSet) -> ConfusionMatrix:
    return ConfusionMatrix(class_set.num_classes, class_set.ignored_index)
