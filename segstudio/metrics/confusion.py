"""The confusion matrix: exact integer counts from which every semantic metric is derived."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.numbers import Counts, Fractions, mean_of_defined, ratio, scalar_ratio
from segstudio.metrics.rasters import (
    IndexRaster,
    narrow_to_uint8,
    require_index_raster,
    require_same_shape,
)

MAX_CLASSES = 4096
# calcHist hands its integer bins out as float32, which stops being exact above 2^24.
_EXACT_PIXELS = 1 << 24
# Above this, the cube of triples (truth, before, after) costs more than two square histograms.
_EXCHANGE_CLASSES = 31
_NOTHING: Counts = np.zeros(1, np.int64)
_LOG = logging.getLogger(__name__)


class ConfusionMatrix:
    """Pixel counts of truth against prediction under Cityscapes' void policy.

    Rows are truth, columns are prediction. A pixel whose truth is void (`ignore_index` or any value outside
    0 … C-1) leaves both sides. A void prediction on a valid pixel is a false negative of the truth class and a
    false positive of nobody: it is kept in `missed`, outside the square matrix.

    Source: cityscapesScripts, evaluation/evalPixelLevelSemanticLabeling.py.
    """

    __slots__ = ("_counts", "_missed", "ignore_index", "num_classes")

    def __init__(self, num_classes: int, ignore_index: int | None = 255) -> None:
        if not 1 <= num_classes <= MAX_CLASSES:
            raise UserError(f"a confusion matrix takes 1 to {MAX_CLASSES} classes, not {num_classes}")
        if ignore_index is not None and 0 <= ignore_index < num_classes:
            _LOG.warning(
                "ignore index %d is one of the %d classes: its pixels and the false positives on them are not measured",
                ignore_index,
                num_classes,
            )
        self.num_classes = int(num_classes)
        self.ignore_index = ignore_index
        self._counts: Counts = np.zeros((num_classes, num_classes), np.int64)
        self._missed: Counts = np.zeros(num_classes, np.int64)

    @classmethod
    def from_counts(
        cls, counts: npt.ArrayLike, missed: npt.ArrayLike | None = None, *, ignore_index: int | None = 255
    ) -> ConfusionMatrix:
        """Wrap counts [C, C] (rows are truth) and, optionally, predicted-void counts [C] measured elsewhere."""
        square = np.array(counts, np.int64)
        if square.ndim != 2 or square.shape[0] != square.shape[1]:
            raise UserError(f"confusion counts must be square, not of shape {square.shape}")
        matrix = cls(square.shape[0], ignore_index)
        matrix._counts = square
        if missed is not None:
            matrix._missed = np.array(missed, np.int64).reshape(square.shape[0])
        return matrix

    @property
    def counts(self) -> Counts:
        """Pixel counts, int64 [C, C], rows are truth; a read-only view."""
        return _read_only(self._counts)

    @property
    def missed(self) -> Counts:
        """Valid pixels of each truth class that were predicted void or unknown, int64 [C]; a read-only view."""
        return _read_only(self._missed)

    def add(self, truth: IndexRaster, prediction: IndexRaster) -> None:
        """Count every pixel of a pair of index rasters (same shape, any integer dtype, views welcome).

        Raises UserError when the shapes differ or a raster does not hold integers.
        """
        truth, prediction = self._checked(truth, prediction, names=("truth", "prediction"))
        if truth.size == 0:
            return
        joint, truth_pixels = self._joint(truth, prediction)
        self._absorb(joint, truth_pixels)

    def replace(self, truth: IndexRaster, before: IndexRaster, after: IndexRaster) -> None:
        """Exchange the prediction of one region: take out `before`, put in `after`; `truth` stays.

        All three cover the same pixels, for instance a dirty rectangle. The result equals a full recount.
        """
        self += self.difference(truth, before, after)

    def difference(self, truth: IndexRaster, before: IndexRaster, after: IndexRaster) -> ConfusionMatrix:
        """Return what `replace` would add, as a matrix of signed counts, so that several matrices can share it."""
        truth, before = self._checked(truth, before, names=("truth", "the prediction before"))
        truth, after = self._checked(truth, after, names=("truth", "the prediction after"))
        change = self.empty_like()
        if truth.size == 0:
            return change
        if truth.dtype == before.dtype == after.dtype == np.uint8 and self.num_classes <= _EXCHANGE_CLASSES:
            change._absorb(_exchange_of_bytes(truth, before, after, self.num_classes), _NOTHING)
        else:
            plus, truth_pixels = self._joint(truth, after)
            minus, same_pixels = self._joint(truth, before)
            change._absorb(plus - minus, truth_pixels - same_pixels)
        return change

    def copy(self) -> ConfusionMatrix:
        """Return an independent matrix with the same counts."""
        twin = self.empty_like()
        twin._counts[:] = self._counts
        twin._missed[:] = self._missed
        return twin

    def empty_like(self) -> ConfusionMatrix:
        """Return a matrix of zeros with the same classes and ignore index."""
        twin = object.__new__(ConfusionMatrix)
        twin.num_classes, twin.ignore_index = self.num_classes, self.ignore_index
        twin._counts = np.zeros_like(self._counts)
        twin._missed = np.zeros_like(self._missed)
        return twin

    def merge(self, other: ConfusionMatrix) -> None:
        """Add the counts of another matrix of the same classes in place."""
        self += other

    def __iadd__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        self._require_same_classes(other)
        self._counts += other._counts
        self._missed += other._missed
        return self

    def __isub__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        self._require_same_classes(other)
        self._counts -= other._counts
        self._missed -= other._missed
        return self

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        total = self.copy()
        total += other
        return total

    def __sub__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        rest = self.copy()
        rest -= other
        return rest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfusionMatrix):
            return NotImplemented
        return np.array_equal(self._counts, other._counts) and np.array_equal(self._missed, other._missed)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ConfusionMatrix({self.num_classes} classes, {self.valid_pixels} valid pixels)"

    @property
    def true_positives(self) -> Counts:
        """Correct pixels per class, int64 [C]."""
        return np.diagonal(self._counts).copy()

    @property
    def truth_pixels(self) -> Counts:
        """Valid pixels per truth class, predicted void included, int64 [C]."""
        total: Counts = self._counts.sum(axis=1) + self._missed
        return total

    @property
    def predicted_pixels(self) -> Counts:
        """Valid pixels per predicted class, int64 [C]."""
        total: Counts = self._counts.sum(axis=0)
        return total

    @property
    def valid_pixels(self) -> int:
        """Pixels whose truth is not void."""
        return int(self._counts.sum() + self._missed.sum())

    @property
    def classes_present(self) -> npt.NDArray[np.bool_]:
        """Which classes occur in the truth or on a valid pixel of the prediction, bool [C]."""
        present: npt.NDArray[np.bool_] = (self.truth_pixels > 0) | (self.predicted_pixels > 0)
        return present

    def iou(self) -> Fractions:
        """Intersection over union per class, float64 [C] in 0 … 1; NaN where absent from truth and prediction."""
        hits = self.true_positives
        return ratio(hits, self.truth_pixels + self.predicted_pixels - hits)

    def mean_iou(self) -> float:
        """Mean of `iou` over the classes that have one; NaN when none has."""
        return mean_of_defined(self.iou())

    def micro_iou(self) -> float:
        """Sum of intersections over sum of unions; NaN when nothing was counted."""
        hits = self.true_positives
        return scalar_ratio(hits.sum(), (self.truth_pixels + self.predicted_pixels - hits).sum())

    def dice(self) -> Fractions:
        """Dice coefficient (F1) per class, float64 [C]; NaN where absent from truth and prediction."""
        return ratio(2 * self.true_positives, self.truth_pixels + self.predicted_pixels)

    def mean_dice(self) -> float:
        """Mean of `dice` over the classes that have one; NaN when none has."""
        return mean_of_defined(self.dice())

    def precision(self) -> Fractions:
        """Share of each predicted class that is correct, float64 [C]; NaN where never predicted."""
        return ratio(self.true_positives, self.predicted_pixels)

    def recall(self) -> Fractions:
        """Share of each truth class that was found (class accuracy), float64 [C]; NaN where absent from the truth."""
        return ratio(self.true_positives, self.truth_pixels)

    def pixel_accuracy(self) -> float:
        """Correct pixels over valid pixels; NaN when there are none."""
        return scalar_ratio(self.true_positives.sum(), self.valid_pixels)

    def mean_pixel_accuracy(self) -> float:
        """Mean of `recall` over the classes of the truth; NaN when there are none."""
        return mean_of_defined(self.recall())

    def frequency_weighted_iou(self) -> float:
        """IoU weighted by each class's share of the valid truth pixels; NaN when there are none."""
        if self.valid_pixels == 0:
            return float("nan")
        weights = self.truth_pixels
        present = weights > 0
        return float((weights[present] * self.iou()[present]).sum() / weights.sum())

    def grouped(self, group_of_class: npt.ArrayLike) -> ConfusionMatrix:
        """Merge classes into groups (categories): int [C] of group indices, negative = left out of the grouping.

        Confusion inside a group becomes correct. Pixels whose truth is left out disappear; predictions of a
        left-out class become missed.
        """
        group = np.asarray(group_of_class, np.int64).reshape(self.num_classes)
        number = int(group.max(initial=-1)) + 1
        merged = ConfusionMatrix(max(number, 1), None)
        member = (group[:, None] == np.arange(max(number, 1))).astype(np.int64)
        left_out = self._counts[:, group < 0].sum(axis=1)
        merged._counts = member.T @ self._counts @ member
        merged._missed = member.T @ (self._missed + left_out)
        return merged

    def _joint(self, truth: IndexRaster, prediction: IndexRaster) -> tuple[Counts, Counts]:
        """Return joint counts [C, C] of pixels with both sides in range, and truth counts [C] over all predictions."""
        if truth.dtype == np.uint8 and prediction.dtype == np.uint8 and self.num_classes <= 255:
            return _joint_of_bytes(truth, prediction, self.num_classes)
        return _joint_of_any(truth, prediction, self.num_classes)

    def _absorb(self, joint: Counts, truth_pixels: Counts) -> None:
        missed = truth_pixels - joint.sum(axis=1)
        ignored = self.ignore_index
        if ignored is not None and 0 <= ignored < self.num_classes:
            missed += joint[:, ignored]
            joint[:, ignored] = 0
            joint[ignored] = 0
            missed[ignored] = 0
        self._counts += joint
        self._missed += missed

    def _checked(
        self, truth: IndexRaster, prediction: IndexRaster, *, names: tuple[str, str]
    ) -> tuple[IndexRaster, IndexRaster]:
        truth = require_index_raster(truth, names[0])
        prediction = require_index_raster(prediction, names[1])
        require_same_shape(truth, prediction, names=names)
        if self.num_classes <= 255:
            truth, prediction = narrow_to_uint8(truth), narrow_to_uint8(prediction)
        return _as_image(truth), _as_image(prediction)

    def _require_same_classes(self, other: ConfusionMatrix) -> None:
        if self.num_classes != other.num_classes:
            raise UserError(f"cannot combine confusion matrices of {self.num_classes} and {other.num_classes} classes")


def _read_only(array: Counts) -> Counts:
    view = array.view()
    view.flags.writeable = False
    return view


def _as_image(raster: IndexRaster) -> IndexRaster:
    """Return a two-dimensional array with contiguous rows, which is what OpenCV reads without a copy."""
    if raster.ndim != 2:
        width = raster.shape[-1] if raster.ndim > 1 else 1
        raster = np.ascontiguousarray(raster).reshape(-1, max(width, 1))
    if raster.shape[1] > _EXACT_PIXELS:
        raster = np.ascontiguousarray(raster).reshape(-1, 1)
    row_step, column_step = raster.strides
    if column_step != raster.itemsize or row_step < raster.shape[1] * raster.itemsize:
        raster = np.ascontiguousarray(raster)
    return raster


def _joint_of_bytes(truth: IndexRaster, prediction: IndexRaster, classes: int) -> tuple[Counts, Counts]:
    # 256 columns keep the void predictions, so that the truth needs no histogram of its own.
    joint = np.zeros((classes, 256), np.int64)
    for part in _exact_parts(truth):
        pair = [truth[part], prediction[part]]
        joint += cv2.calcHist(pair, [0, 1], None, [classes, 256], [0, classes, 0, 256]).astype(np.int64)
    return joint[:, :classes].copy(), joint.sum(axis=1)


def _exchange_of_bytes(truth: IndexRaster, before: IndexRaster, after: IndexRaster, classes: int) -> Counts:
    """Joint counts of `after` minus those of `before`, [C, C], from one histogram of triples."""
    bins = classes + 1  # the last one collects void
    change = np.zeros((classes, bins), np.int64)
    ones = np.ones(bins, np.float32)
    for part in _exact_parts(truth):
        old, new = before[part], after[part]
        # Pixels that kept their class cancel. Skipping them pays once they are the majority.
        changed = np.asarray(cv2.compare(old, new, cv2.CMP_NE), np.uint8)
        pixels = cv2.countNonZero(changed)
        if pixels == 0:
            continue
        mask = changed if 2 * pixels < changed.size else None
        triple = [truth[part], *(cv2.threshold(side, classes, classes, cv2.THRESH_TRUNC)[1] for side in (old, new))]
        edges = [0, classes, 0, bins, 0, bins]
        cube = cv2.calcHist(triple, [0, 1, 2], mask, [classes, bins, bins], edges)
        # Sums over one axis as matrix products: exact on integers of this size, and a quarter of the time.
        change += (ones @ cube - cube @ ones).astype(np.int64)
    return change[:, :classes].copy()


def _exact_parts(raster: IndexRaster) -> list[slice]:
    """Slices of rows that are small enough for float32 bins to stay exact."""
    rows = max(1, _EXACT_PIXELS // raster.shape[1])
    return [slice(top, top + rows) for top in range(0, raster.shape[0], rows)]


def _joint_of_any(truth: IndexRaster, prediction: IndexRaster, classes: int) -> tuple[Counts, Counts]:
    valid = (truth >= 0) & (truth < classes)
    rows = truth[valid].astype(np.int64)
    columns = prediction[valid]
    in_range = (columns >= 0) & (columns < classes)
    # One extra column collects the void predictions.
    column_index = np.where(in_range, columns, np.asarray(0, columns.dtype)).astype(np.int64)
    column_index[~in_range] = classes
    keys = rows * (classes + 1) + column_index
    joint = np.bincount(keys, minlength=classes * (classes + 1)).reshape(classes, classes + 1)
    return joint[:, :classes].astype(np.int64), joint.sum(axis=1).astype(np.int64)
