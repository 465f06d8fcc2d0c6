"""Scores that follow the hand: every write to the labels' raster becomes a difference in the confusion matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.event import Event
from segstudio.core.layer import Layer
from segstudio.core.raster import RasterDelta, SegmentIds
from segstudio.metrics.averaging import ImageCounts, image_counts, mean_iou_of_images
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.live import Delta, LiveMetrics, Score
from segstudio.metrics.policy import Policy
from segstudio.ops.index_view import indices_of

if TYPE_CHECKING:
    from segstudio.session.document import Document

IndexRaster = NDArray[np.uint8] | NDArray[np.uint16]
_STRIP_PIXELS = 2**19
"""Large edits are counted this many pixels at a time: what lies between two steps stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class LiveScore:
    """What the metrics panel shows: scores of the image and of the data set, and their change since opening."""

    class_set: ClassSet
    image: Score
    dataset: Score
    since_opening: Delta
    since_stroke: Delta
    num_images: int


@dataclass(frozen=True, slots=True)
class PolicyScore:
    """Mean IoU 0…1 of (image, data set) under one policy: now, when the image was opened, when the stroke began."""

    now: tuple[float, float]
    at_opening: tuple[float, float]
    at_stroke: tuple[float, float]


class LiveScores:
    """Keeps the scores of the labels against the truth for the open image and all images seen so far.

    `changed` is emitted after every update and carries nothing: a view asks for `score` when it is time to paint.
    """

    def __init__(self, class_set: ClassSet) -> None:
        self.changed: Event[None] = Event()
        self.marked: Event[None] = Event()
        self._class_set = class_set
        self._metrics = _metrics(class_set)
        self._document: Document | None = None
        self._lut: IndexRaster | None = None
        self._lut_version = -1
        self._known: set[str] = set()
        self._others: ImageCounts | None = None

    @property
    def has_truth(self) -> bool:
        """Whether the open image can be scored."""
        document = self._document
        return document is not None and document.truth_index_hw is not None and self._class_set.num_classes > 0

    def reset(self, class_set: ClassSet) -> None:
        """Start anew with other classes; the open document, if any, is counted again."""
        self._begin(class_set, {})

    def change_classes(self, class_set: ClassSet) -> None:
        """Go on with classes added, renamed or removed: images that are not open keep what they scored."""
        if self.counts_alike(class_set):
            self._class_set, self._lut = class_set, None
            self.changed.emit(None)
            return
        ours, theirs = self._class_set.evaluated, class_set.evaluated
        shared = min(len(ours), len(theirs))
        kept: dict[str, ConfusionMatrix] = {}
        if shared and [c.id for c in ours[:shared]] == [c.id for c in theirs[:shared]]:
            for key in self._known:
                matrix = self._metrics.matrix_of(key)
                if matrix is not None:
                    kept[key] = _resized(matrix, class_set)
        self._begin(class_set, kept)

    def counts_alike(self, class_set: ClassSet) -> bool:
        """Whether other classes have the same evaluation indices as these: names and colours do not count."""
        own = self._class_set
        return own.index_of == class_set.index_of and own.ignored_index == class_set.ignored_index

    def _begin(self, class_set: ClassSet, kept: Mapping[str, ConfusionMatrix]) -> None:
        self._class_set = class_set
        self._metrics = _metrics(class_set)
        self._lut = None
        self._others = None
        self._known = set(kept)
        for key, matrix in kept.items():
            self._metrics.set_image(key, matrix)
        document, self._document = self._document, None
        if document is not None:
            self.open(document)

    def open(self, document: Document, counted: tuple[ClassSet, ConfusionMatrix] | None = None) -> None:
        """Follow the edits of a newly opened image, which is counted in full unless `counted` has that, and its classes
        count as these do.
        """
        self.close()
        self._document = document
        self._lut = None
        self._others = None
        document.pixels_changed.connect(self._on_pixels)
        document.truth_changed.connect(self._on_truth)
        truth = document.truth_index_hw
        if truth is not None:
            if counted is not None and self.counts_alike(counted[0]):
                matrix = counted[1]
            else:
                matrix = matrix_of_layer(document.labels, truth, self._class_set)
            self._metrics.begin_counted(matrix, image_id=document.key)
            self._known.add(document.key)
        self.changed.emit(None)

    def close(self) -> None:
        """Stop following; an image whose labels are still empty does not count in the data set."""
        document, self._document = self._document, None
        if document is None:
            return
        document.pixels_changed.disconnect(self._on_pixels)
        document.truth_changed.disconnect(self._on_truth)
        if document.truth_index_hw is not None and self._metrics.image_id == document.key:
            empty = not document.labels.raster.ids_hw.any()
            self._metrics.end_image()
            if empty:
                self._metrics.forget_image(document.key)
                self._known.discard(document.key)

    def set_image(self, key: str, matrix: ConfusionMatrix) -> None:
        """Count an image that is not open, from its stored matrix."""
        self._metrics.set_image(key, matrix)
        self._known.add(key)
        self._others = None

    def matrix_of(self, key: str) -> ConfusionMatrix | None:
        """A copy of one image's matrix, None where it is not counted."""
        return self._metrics.matrix_of(key)

    def mark(self) -> None:
        """A stroke begins: `since_stroke` counts from here."""
        self._metrics.mark()
        self.marked.emit(None)

    def score(self) -> LiveScore | None:
        """The scores now; None while no image with truth is open."""
        if not self.has_truth:
            return None
        return LiveScore(
            self._class_set,
            Score.of(self._metrics.image),
            Score.of(self._metrics.dataset),
            self._metrics.delta,
            self._metrics.delta_since_mark,
            len(self._known),
        )

    def image_matrix(self) -> ConfusionMatrix:
        """The open image's matrix; do not change it."""
        return self._metrics.image

    def mean_iou_under(self, policy: Policy) -> PolicyScore | None:
        """The mean IoU in another manner than Cityscapes', of image and data set; None as with `score`."""
        if not self.has_truth:
            return None
        others = self._other_counts()

        def measured(matrix: ConfusionMatrix) -> tuple[float, float]:
            own = image_counts(matrix)[None]
            every = np.concatenate([others, own])
            of_image = mean_iou_of_images(own, policy.averaging, policy.absent)
            return of_image, mean_iou_of_images(every, policy.averaging, policy.absent)

        metrics = self._metrics
        moments = (metrics.image, metrics.image_at_opening, metrics.image_at_mark)
        return PolicyScore(*(measured(matrix) for matrix in moments))

    def _other_counts(self) -> ImageCounts:
        """int64 `[N, 3, C]` of all known images but the open one; they change only when images are opened."""
        matrices = self._metrics.other_matrices()
        if self._others is None or len(self._others) != len(matrices):
            shape = (0, 3, max(1, self._class_set.num_classes))
            self._others = np.stack([image_counts(m) for m in matrices]) if matrices else np.zeros(shape, np.int64)
        return self._others

    def score_of(self, layer: Layer) -> Score | None:
        """Count another layer of the open image (a prediction) against the truth, in full."""
        document = self._document
        if document is None or document.truth_index_hw is None:
            return None
        return Score.of(matrix_of_layer(layer, document.truth_index_hw, self._class_set))

    def _index(self, ids_hw: SegmentIds) -> IndexRaster:
        document = self._document
        assert document is not None
        segments = document.labels.segments
        if self._lut is None or self._lut_version != segments.version:
            self._lut = segments.index_lut(self._class_set)
            self._lut_version = segments.version
        return indices_of(self._lut, ids_hw)

    def _on_pixels(self, delta: RasterDelta) -> None:
        document = self._document
        if document is None or document.truth_index_hw is None or delta.rect.is_empty:
            return
        truth = document.truth_index_hw[delta.rect.slices]
        rows = max(1, _STRIP_PIXELS // delta.rect.width)
        for top in range(0, delta.rect.height, rows):
            strip = slice(top, top + rows)
            before, after = self._index(delta.before_hw[strip]), self._index(delta.after_hw[strip])
            self._metrics.update(truth[strip], before, after)
        self.changed.emit(None)

    def _on_truth(self, _: RasterDelta) -> None:
        """The truth itself was corrected: everything that was counted against it is counted anew."""
        document = self._document
        if document is None or document.truth_index_hw is None:
            return
        matrix = matrix_of_layer(document.labels, document.truth_index_hw, self._class_set)
        self._metrics.set_image(document.key, matrix)
        self.changed.emit(None)


def matrix_of_layer(
    layer: Layer, truth_hw: IndexRaster, class_set: ClassSet, *, check: Callable[[], object] = lambda: None
) -> ConfusionMatrix:
    """A layer's raster against the truth in evaluation indices `[H, W]`, counted in strips; `check` may end it by
    raising. For a class set without classes an empty matrix.
    """
    matrix = ConfusionMatrix(max(1, class_set.num_classes), class_set.ignored_index)
    if not class_set.num_classes:
        return matrix
    lut, ids_hw = layer.segments.index_lut(class_set), layer.raster.ids_hw
    rows = max(1, _STRIP_PIXELS // ids_hw.shape[1])
    for top in range(0, ids_hw.shape[0], rows):
        check()
        strip = slice(top, top + rows)
        matrix.add(truth_hw[strip], indices_of(lut, ids_hw[strip]))
    return matrix


def _resized(matrix: ConfusionMatrix, class_set: ClassSet) -> ConfusionMatrix:
    """The matrix with empty rows and columns for classes at the end that it does not know, or without the last ones."""
    size, known = class_set.num_classes, min(class_set.num_classes, matrix.num_classes)
    counts, missed = np.zeros((size, size), np.int64), np.zeros(size, np.int64)
    counts[:known, :known] = matrix.counts[:known, :known]
    # What was labelled as a class that is no more counts as missed.
    missed[:known] = matrix.missed[:known] + matrix.counts[:known, known:].sum(axis=1)
    return ConfusionMatrix.from_counts(counts, missed, ignore_index=class_set.ignored_index)


def _metrics(class_set: ClassSet) -> LiveMetrics:
    # Nothing is scored without classes, but there is always a matrix.
    return LiveMetrics(max(1, class_set.num_classes), class_set.ignored_index)
