"""Metrics that change while a stroke is drawn: the matrices of the open image and of the whole dataset."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from segstudio.core.errors import UserError
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.numbers import Fractions
from segstudio.metrics.rasters import IndexRaster


@dataclass(frozen=True, kw_only=True)
class Score:
    """The live numbers of one matrix: fractions in 0 … 1 (differences in -1 … 1), NaN where undefined."""

    iou: Fractions
    mean_iou: float
    pixel_accuracy: float
    mean_pixel_accuracy: float

    @classmethod
    def of(cls, matrix: ConfusionMatrix) -> Score:
        """Derive the live numbers from a confusion matrix."""
        return cls(
            iou=matrix.iou(),
            mean_iou=matrix.mean_iou(),
            pixel_accuracy=matrix.pixel_accuracy(),
            mean_pixel_accuracy=matrix.mean_pixel_accuracy(),
        )

    def __sub__(self, earlier: Score) -> Score:
        return Score(
            iou=np.subtract(self.iou, earlier.iou),
            mean_iou=self.mean_iou - earlier.mean_iou,
            pixel_accuracy=self.pixel_accuracy - earlier.pixel_accuracy,
            mean_pixel_accuracy=self.mean_pixel_accuracy - earlier.mean_pixel_accuracy,
        )


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What changed in the open image and in the dataset."""

    image: Score
    dataset: Score


class LiveMetrics:
    """Confusion matrices of the open image and of the dataset, kept exact by differences on dirty rectangles.

    Rasters are class indices [H, W] (uint8 or uint16, 255 and every value outside 0 … C-1 is void). Not
    thread-safe: workers count their own matrices and hand them to `set_image` on the owner's thread.
    """

    def __init__(self, num_classes: int, ignore_index: int | None = 255) -> None:
        self._dataset = ConfusionMatrix(num_classes, ignore_index)
        self._images: dict[Hashable, ConfusionMatrix] = {}
        self._current: ConfusionMatrix | None = None
        self._current_id: Hashable = None
        self._at_opening = self._at_mark = (self._dataset.copy(), self._dataset.copy())

    @property
    def image(self) -> ConfusionMatrix:
        """The matrix of the open image (empty when none is open). Do not change it: use `update`."""
        return self._dataset.empty_like() if self._current is None else self._current

    @property
    def dataset(self) -> ConfusionMatrix:
        """The matrix of every known image, the open one included. Do not change it."""
        return self._dataset

    @property
    def image_id(self) -> Hashable:
        """The id under which the open image is counted; None when none is open."""
        return self._current_id

    def begin_image(self, truth_hw: IndexRaster, labels_hw: IndexRaster, *, image_id: Hashable = "current") -> None:
        """Count a newly opened image in full; its earlier matrix, if `image_id` had one, is replaced.

        Raises UserError when the shapes differ; the open image then stays open.
        """
        matrix = self._dataset.empty_like()
        matrix.add(truth_hw, labels_hw)
        self.begin_counted(matrix, image_id=image_id)

    def begin_counted(self, matrix: ConfusionMatrix, *, image_id: Hashable = "current") -> None:
        """`begin_image` with a matrix that was counted elsewhere."""
        self.set_image(image_id, matrix)
        self._current_id, self._current = image_id, self._images[image_id]
        self._at_opening = self._snapshot()
        self._at_mark = self._at_opening

    def end_image(self) -> None:
        """Close the open image; its last matrix stays in the dataset."""
        self._current, self._current_id = None, None
        self._at_opening = self._at_mark = self._snapshot()

    def update(self, truth_hw: IndexRaster, before_hw: IndexRaster, after_hw: IndexRaster) -> None:
        """Account for an edit of the open image: three views of one dirty rectangle.

        Undo is the same call with `before_hw` and `after_hw` exchanged.
        """
        if self._current is None:
            raise UserError("no image is open, so there is nothing to update")
        change = self._current.difference(truth_hw, before_hw, after_hw)
        self._current += change
        self._dataset += change

    def set_image(self, image_id: Hashable, matrix: ConfusionMatrix) -> None:
        """Put the matrix of an image, counted elsewhere, into the dataset, replacing an earlier one."""
        earlier = self._images.get(image_id)
        self._dataset += matrix
        if earlier is not None:
            self._dataset -= earlier
        own = matrix.copy()
        self._images[image_id] = own
        if self._current is not None and image_id == self._current_id:
            self._current = own

    def forget_image(self, image_id: Hashable) -> None:
        """Take an image out of the dataset; unknown ids are ignored. The open image closes."""
        matrix = self._images.pop(image_id, None)
        if matrix is None:
            return
        self._dataset -= matrix
        if self._current is not None and image_id == self._current_id:
            self.end_image()

    def matrix_of(self, image_id: Hashable) -> ConfusionMatrix | None:
        """Return a copy of one image's matrix, or None when the image is not counted."""
        matrix = self._images.get(image_id)
        return None if matrix is None else matrix.copy()

    def mark(self) -> None:
        """Remember this moment, usually the beginning of a stroke, for `delta_since_mark`."""
        self._at_mark = self._snapshot()

    @property
    def image_at_opening(self) -> ConfusionMatrix:
        """The open image's matrix when it was opened. Do not change it."""
        return self._at_opening[0]

    @property
    def image_at_mark(self) -> ConfusionMatrix:
        """The open image's matrix at the last `mark`. Do not change it."""
        return self._at_mark[0]

    def other_matrices(self) -> list[ConfusionMatrix]:
        """The matrices of all known images but the open one, in the order in which they came. Do not change them."""
        is_open = self._current is not None
        return [matrix for key, matrix in self._images.items() if not (is_open and key == self._current_id)]

    @property
    def delta(self) -> Delta:
        """What changed since the image was opened."""
        return self._since(self._at_opening)

    @property
    def delta_since_mark(self) -> Delta:
        """What changed since `mark` (or the opening, when nothing was marked)."""
        return self._since(self._at_mark)

    def _snapshot(self) -> tuple[ConfusionMatrix, ConfusionMatrix]:
        return self.image.copy(), self._dataset.copy()

    def _since(self, moment: tuple[ConfusionMatrix, ConfusionMatrix]) -> Delta:
        image, dataset = moment
        return Delta(
            image=Score.of(self.image) - Score.of(image),
            dataset=Score.of(self._dataset) - Score.of(dataset),
        )
