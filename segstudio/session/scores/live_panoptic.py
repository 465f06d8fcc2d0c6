"""Panoptic quality of the labels against the truth, of the open image and of the data set, following the hand."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import Annotation, Layer
from segstudio.core.raster import RasterDelta
from segstudio.metrics.live_panoptic import LivePanoptic
from segstudio.metrics.panoptic import PanopticCounts, Segment, match_segments
from segstudio.metrics.segment_overlaps import SegmentOverlaps
from segstudio.session.document import Document
from segstudio.session.scores.followed import FollowedCounts
from segstudio.session.session import Session


class PanopticScores(FollowedCounts[PanopticCounts]):
    """Counts from `start` to `stop`; the other images that have labels are counted in the background."""

    job = "live-panoptic"
    title = "PQ"

    def __init__(self, session: Session) -> None:
        self._version = -1
        self.live = LivePanoptic(session.classes.current)
        super().__init__(session)

    def mark(self) -> None:
        """A stroke begins."""
        self.live.mark()

    @property
    def is_scored(self) -> bool:
        """Whether the open image can be scored."""
        return self._document is not None and self._document.truth is not None

    def _renew(self) -> Callable[[str, PanopticCounts], None]:
        live = self.live = LivePanoptic(self._session.classes.current)

        def take(key: str, counts: PanopticCounts) -> None:
            if live is self.live:
                live.set_image(key, counts)
                self.changed.emit(None)

        return take

    def _leave(self, document: Document) -> None:
        self.live.end_image()
        if document.is_bare:
            self.live.forget_image(document.key)

    def _hear(self, document: Document) -> None:
        document.pixels_changed.connect(self._on_pixels)

    def _hear_no_more(self, document: Document) -> None:
        document.pixels_changed.disconnect(self._on_pixels)

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

    def _counter(self, classes: ClassSet) -> Callable[[str, Annotation, Annotation], PanopticCounts | None]:
        return lambda _, truth, labels: counts_of(truth, labels, classes)


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
