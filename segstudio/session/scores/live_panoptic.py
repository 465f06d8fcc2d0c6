"""Panoptic quality of the labels against the truth, of the open image and of the data set, following the hand."""

from __future__ import annotations

from contextlib import suppress

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS, Annotation, Layer
from segstudio.core.raster import RasterDelta
from segstudio.metrics.live_panoptic import LivePanoptic
from segstudio.metrics.panoptic import PanopticCounts, Segment, match_segments
from segstudio.metrics.segment_overlaps import SegmentOverlaps
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader
from segstudio.session.session import Session


class PanopticScores:
    """Counts from `start` to `stop`; the other images that have labels are counted in the background."""

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._document: Document | None = None
        self._version = -1
        self._is_on = False
        self.live = LivePanoptic(session.classes.current)
        session.document_changed.connect(self._on_document)
        session.opened.connect(self._on_other_classes)
        session.classes.changed.connect(self._on_other_classes)

    def start(self) -> None:
        """Count from now on."""
        if not self._is_on:
            self._is_on = True
            self._begin()

    def stop(self) -> None:
        """Count no more."""
        self._is_on = False
        self._session.jobs.cancel("live-panoptic")
        self._follow(None)

    def mark(self) -> None:
        """A stroke begins."""
        self.live.mark()

    @property
    def is_scored(self) -> bool:
        """Whether the open image can be scored."""
        return self._document is not None and self._document.truth is not None

    def _begin(self) -> None:
        self.live = LivePanoptic(self._session.classes.current)
        self._on_document(self._session.document)
        self._count_others()

    def _on_other_classes(self, _: object) -> None:
        if self._is_on:
            self._begin()

    def _on_document(self, document: Document | None) -> None:
        if not self._is_on:
            return
        before = self._document
        if before is not None:
            bare = before.is_bare
            self.live.end_image()
            if bare:
                self.live.forget_image(before.key)
        self._follow(document)
        self._open()

    def _open(self) -> None:
        document = self._document
        if document is None or document.truth is None:
            self.live.end_image()
        else:
            labels, truth = document.labels, document.truth
            self._version = labels.segments.version
            self.live.begin_image(
                document.key, truth.raster.ids_hw, table_of(truth), labels.raster.ids_hw, table_of(labels)
            )
        self.changed.emit(None)

    def _follow(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.pixels_changed.disconnect(self._on_pixels)
            self._document.truth_changed.disconnect(self._on_truth)
        self._document = document
        if document is not None:
            document.pixels_changed.connect(self._on_pixels)
            document.truth_changed.connect(self._on_truth)

    def _on_pixels(self, delta: RasterDelta) -> None:
        document = self._document
        if document is None or document.truth is None or delta.rect.is_empty:
            return
        segments = document.labels.segments
        if segments.version != self._version:
            self._version = segments.version
            self.live.change_segments(table_of(document.labels))
        self.live.update(document.truth.raster.ids_hw[delta.rect.slices], delta.before_hw, delta.after_hw)
        self.changed.emit(None)

    def _on_truth(self, _: object) -> None:
        self._open()

    def _count_others(self) -> None:
        session = self._session
        reader, items = SideReader.of(session, LABELS), list(session.images)
        live, classes = self.live, session.classes.current

        def work(job: Job) -> None:
            for key, truth, labels in reader.annotations(items, job.cancel_token):
                with suppress(UserError):
                    counts = counts_of(truth, labels, classes)
                    if counts is not None:
                        self._send(live, key, counts)

        session.jobs.submit(
            work, done=lambda _: None, failed=session.notify.fault, lane="batch", key="live-panoptic", title="PQ"
        )

    def _send(self, live: LivePanoptic, key: str, counts: PanopticCounts) -> None:
        def take() -> None:
            if live is self.live:
                live.set_image(key, counts)
                self.changed.emit(None)

        self._session.jobs.home(take)


def table_of(layer: Layer) -> dict[int, Segment]:
    """What the metrics need of a layer's segment table."""
    return {segment.id: Segment(segment.class_id, segment.is_crowd) for segment in layer.segments}


def counts_of(truth: Annotation, labels: Annotation, classes: ClassSet) -> PanopticCounts | None:
    """The counts of an image at rest; None where it has no labelled raster."""
    from segstudio.session.opening import with_raster

    own, found = with_raster(truth, classes), labels
    if own.labels_hw is None or found.labels_hw is None or not found.labels_hw.any():
        return None
    tables = ({s.id: Segment(s.class_id, s.is_crowd) for s in one.segments} for one in (own, found))
    return match_segments(SegmentOverlaps.of(own.labels_hw, found.labels_hw), *tables, classes=classes)
