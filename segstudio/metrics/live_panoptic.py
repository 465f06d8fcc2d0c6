"""Panoptic quality that changes while a stroke is drawn: joint counts of segments, kept exact by rectangles."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.metrics.numbers import mean_of_defined
from segstudio.metrics.panoptic import PanopticCounts, Segment, match_segments
from segstudio.metrics.rasters import IndexRaster
from segstudio.metrics.segment_overlaps import SegmentOverlaps


def mean_pq(counts: PanopticCounts) -> float:
    """PQ as the mean over the classes that occur; NaN where none does."""
    return mean_of_defined(counts.pq())


class LivePanoptic:
    """Counts of the open image and of the data set, equal to a full recount after every `update`.

    Rasters hold segment ids [H, W]; the tables say what they are. Matching is decided anew from the joint counts when
    a number is asked for: it costs by the segments that meet, not by the pixels. Not thread-safe.
    """

    def __init__(self, classes: ClassSet) -> None:
        self._classes = classes
        self._images: dict[Hashable, PanopticCounts] = {}
        self._others = PanopticCounts.zeros(classes.num_classes)
        self._overlaps: SegmentOverlaps | None = None
        self._truth: Mapping[int, Segment] = {}
        self._labels: Mapping[int, Segment] = {}
        self._current_id: Hashable = None
        self._counts: PanopticCounts | None = None
        self._at_opening = self._at_mark = PanopticCounts.zeros(classes.num_classes)

    @property
    def num_images(self) -> int:
        """Images that are counted, the open one included."""
        return len(self._images.keys() | ({self._current_id} if self._overlaps is not None else set()))

    @property
    def image(self) -> PanopticCounts:
        """The open image's counts; zeros where none is open."""
        if self._overlaps is None:
            return PanopticCounts.zeros(self._classes.num_classes)
        if self._counts is None:
            self._counts = match_segments(self._overlaps, self._truth, self._labels, classes=self._classes)
        return self._counts

    @property
    def dataset(self) -> PanopticCounts:
        """The sum over every known image, the open one included."""
        return self._others + self.image

    @property
    def at_opening(self) -> PanopticCounts:
        """The open image's counts when it was opened."""
        return self._at_opening

    @property
    def at_mark(self) -> PanopticCounts:
        """The open image's counts at the last `mark`."""
        return self._at_mark

    def with_image(self, counts: PanopticCounts) -> PanopticCounts:
        """The data set's counts if the open image had these."""
        return self._others + counts

    def begin_image(
        self,
        image_id: Hashable,
        truth_ids_hw: IndexRaster,
        truth_segments: Mapping[int, Segment],
        labels_ids_hw: IndexRaster,
        label_segments: Mapping[int, Segment],
    ) -> None:
        """Count a newly opened image in full; its earlier counts are replaced. Raises UserError where shapes differ."""
        overlaps = SegmentOverlaps.of(truth_ids_hw, labels_ids_hw)
        self.end_image()
        self._overlaps, self._current_id, self._counts = overlaps, image_id, None
        self._truth, self._labels = truth_segments, label_segments
        self._images.pop(image_id, None)
        self._sum_others()
        self._at_opening = self._at_mark = self.image

    def end_image(self) -> None:
        """Close the open image; its last counts stay in the data set."""
        if self._overlaps is None:
            return
        self._images[self._current_id] = self.image
        self._overlaps, self._counts, self._current_id = None, None, None
        self._sum_others()

    def update(self, truth_ids_hw: IndexRaster, before_hw: IndexRaster, after_hw: IndexRaster) -> None:
        """Account for an edit of the open image: three views of one dirty rectangle."""
        if self._overlaps is None:
            raise UserError("no image is open, so there is nothing to update")
        self._overlaps.replace(truth_ids_hw, before_hw, after_hw)
        self._counts = None

    def change_segments(self, label_segments: Mapping[int, Segment]) -> None:
        """The labels' table changed: a segment was added, or became another class."""
        self._labels, self._counts = label_segments, None

    def set_image(self, image_id: Hashable, counts: PanopticCounts) -> None:
        """Put in an image that is not open, counted elsewhere; the open image is left as it is."""
        if self._overlaps is None or image_id != self._current_id:
            self._images[image_id] = counts
            self._sum_others()

    def forget_image(self, image_id: Hashable) -> None:
        """Take an image out of the data set; unknown ids are ignored."""
        if self._images.pop(image_id, None) is not None:
            self._sum_others()

    def mark(self) -> None:
        """A stroke begins."""
        self._at_mark = self.image

    def _sum_others(self) -> None:
        # Summed anew rather than taken off: floats do not forget what was added to them.
        total = PanopticCounts.zeros(self._classes.num_classes)
        for counts in self._images.values():
            total = total + counts
        self._others = total
