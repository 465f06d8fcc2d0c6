"""The connected regions of one cell of the confusion matrix, over the whole data set, the most rewarding first."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, replace

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.event import Event
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_regions import ErrorRegion, Pair, error_regions, gains_of_mending
from segstudio.session.document import Document
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.inspect.news import look_through
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader, Sides, sides_of_document

MOST = 2000
"""Regions that are kept; the others are counted."""


@dataclass(frozen=True, slots=True)
class Located:
    """A region and the image that it is in."""

    key: str
    region: ErrorRegion


@dataclass(frozen=True, slots=True)
class _Found:
    """The largest regions of one image, and how many and how large all of them are."""

    regions: tuple[ErrorRegion, ...]
    count: int
    pixels: int


class ConfusionRegions:
    """Finds the regions of `pair` in the open image or in all (`whole`), and follows edits of the open image.

    `changed` carries nothing. Images are searched in the background, those first that the matrix says have most of the
    confusion; `cancel` ends that and keeps what was found. The gains are in the mean IoU of the data set, or of the
    image where only that is searched.
    """

    def __init__(self, inspection: Inspection) -> None:
        self.changed: Event[None] = Event()
        self.pair: Pair | None = None
        self.whole = True
        self._inspection = inspection
        self._session = inspection.session
        self._found: dict[str, _Found] = {}
        self._job: Job | None = None
        self._rows: tuple[Located, ...] | None = None
        self._session.document_changed.connect(self._on_document)
        inspection.changed.connect(self._on_news)
        self._recorded_of: Document | None = None
        self._state: object = None
        self._on_document(self._session.document)

    def show(self, pair: Pair, *, whole: bool = True) -> None:
        """Find the regions of another cell."""
        self.cancel()
        self.pair, self.whole, self._found, self._rows = pair, whole, {}, None
        self._state = self._inspection.layer, self._session.classes.current
        if whole:
            self._search()
        self._search_open()
        self.changed.emit(None)

    def clear(self) -> None:
        """Show nothing."""
        self.cancel()
        self.pair, self._found, self._rows = None, {}, None
        self.changed.emit(None)

    def cancel(self) -> None:
        """End the search; what was found stays."""
        self._session.jobs.cancel("inspect-regions")
        self._job = None

    @property
    def is_searching(self) -> bool:
        return self._job is not None and not self._job.finished

    @property
    def count(self) -> int:
        """All regions found so far, also those beyond `MOST`."""
        return sum(found.count for found in self._found.values())

    @property
    def pixels(self) -> int:
        """Their pixels."""
        return sum(found.pixels for found in self._found.values())

    @property
    def rows(self) -> tuple[Located, ...]:
        """The regions by what mending each would give, at most `MOST`."""
        if self._rows is None:
            self._rows = self._ranked()
        return self._rows

    def _ranked(self) -> tuple[Located, ...]:
        matrix = self._matrix()
        if self.pair is None or matrix is None:
            return ()
        best: list[tuple[int, str, int]] = []
        for key, found in self._found.items():
            for place, region in enumerate(found.regions):
                if len(best) < MOST or -region.pixels < best[-1][0]:
                    insort(best, (-region.pixels, key, place))
                    del best[MOST:]
        pixels = np.array([-size for size, _, _ in best], np.int64)
        gains = gains_of_mending(matrix, *self.pair, pixels).tolist()
        rows = []
        for (_, key, place), (of_truth, of_label, of_mean) in zip(best, gains, strict=True):
            region = self._found[key].regions[place]
            region = replace(region, delta_iou_truth=of_truth, delta_iou_label=of_label, delta_miou=of_mean)
            rows.append(Located(key, region))
        return tuple(sorted(rows, key=_most_rewarding))

    def _matrix(self) -> ConfusionMatrix | None:
        return self._inspection.dataset_matrix() if self.whole else self._inspection.image_matrix()

    def _search(self) -> None:
        pair = self.pair
        assert pair is not None
        session, matrices = self._session, self._inspection.matrices()
        reader = SideReader.of(session, self._inspection.layer)
        pixels = {key: _pixels_of(matrix, pair) for key, matrix in matrices.items()}
        open_key = session.document.key if session.document is not None else ""
        items = [item for item in session.images if pixels.get(item.key, 0) and item.key != open_key]
        items.sort(key=lambda item: -pixels[item.key])
        classes = session.classes.current

        def look(item: ImageItem) -> _Found | None:
            sides = reader.read(item)
            return None if sides is None else _find(sides, pair, classes)

        def work(job: Job) -> None:
            look_through(job, items, look, lambda found, _: self._send(found, job))

        self._job = session.jobs.submit(
            work,
            done=self._on_done,
            failed=session.notify.fault,
            lane="batch",
            key="inspect-regions",
            title="regions of a confusion",
        )

    def _send(self, found: dict[str, _Found], job: Job) -> None:
        self._session.jobs.home(lambda: self._take(found, job))

    def _take(self, found: dict[str, _Found], job: Job) -> None:
        if job.cancel_token.cancelled:
            return
        self._found |= found
        self._rows = None
        self.changed.emit(None)

    def _on_done(self, _: None) -> None:
        self._job = None
        self.changed.emit(None)

    def _search_open(self) -> None:
        document, pair = self._session.document, self.pair
        if document is None or pair is None:
            return
        sides = sides_of_document(document, self._inspection.layer)
        if sides is None:
            self._found.pop(document.key, None)
            return
        classes = self._session.classes.current

        def work(job: Job) -> _Found:
            return _find(sides, pair, classes)

        def done(found: _Found) -> None:
            if self.pair == pair:
                self._found[sides.key] = found
                self._rows = None
                self.changed.emit(None)

        jobs, fault = self._session.jobs, self._session.notify.fault
        jobs.submit(work, done=done, failed=fault, lane="compute", key="inspect-regions-open")

    def _on_document(self, document: Document | None) -> None:
        if self._recorded_of is not None:
            self._recorded_of.recorded.disconnect(self._on_recorded)
        self._recorded_of = document
        if document is not None:
            document.recorded.connect(self._on_recorded)
            if not self.whole:
                self._found = {}
            if self.pair is not None:
                self._search_open()

    def _on_recorded(self, _: object) -> None:
        self._search_open()

    def _on_news(self, _: object) -> None:
        self._rows = None
        state = self._inspection.layer, self._session.classes.current
        if self.pair is not None and state != self._state:
            self.clear()


def _find(sides: Sides, pair: Pair, classes: ClassSet) -> _Found:
    matrix = ConfusionMatrix(classes.num_classes, classes.ignored_index)
    regions = error_regions(sides.truth_hw, sides.judged_hw, matrix, pairs=[pair])
    regions.sort(key=lambda region: -region.pixels)
    return _Found(tuple(regions[:MOST]), len(regions), sum(region.pixels for region in regions))


def _pixels_of(matrix: ConfusionMatrix, pair: Pair) -> int:
    truth_class, label_class = pair
    return int(matrix.missed[truth_class] if label_class is None else matrix.counts[truth_class, label_class])


def _most_rewarding(row: Located) -> tuple[float, int]:
    gain = row.region.delta_miou
    return float("inf") if np.isnan(gain) else -gain, -row.region.pixels
