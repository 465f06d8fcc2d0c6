"""Why a pixel of a class is wrong: at the boundary, in extent, or as a whole segment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.metrics.boundary import boundary_width
from segstudio.metrics.numbers import ratio
from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape

Mask = npt.NDArray[np.bool_]
KindMap = npt.NDArray[np.uint8]


class ErrorKind(IntEnum):
    """What a pixel is to one class; stable values, usable as indices of a colour table."""

    TRUE_NEGATIVE = 0
    TRUE_POSITIVE = 1
    FALSE_POSITIVE_BOUNDARY = 2
    FALSE_NEGATIVE_BOUNDARY = 3
    FALSE_POSITIVE_EXTENT = 4
    FALSE_NEGATIVE_EXTENT = 5
    FALSE_POSITIVE_SEGMENT = 6
    FALSE_NEGATIVE_SEGMENT = 7
    VOID = 8


def error_kinds(
    truth_hw: IndexRaster,
    labels_hw: IndexRaster,
    class_index: int,
    *,
    void_from: int = 255,
    ratio: float = 0.01,
    distance: int | None = None,
) -> KindMap:
    """Code every pixel by its kind of error for one class, uint8 [H, W] of `ErrorKind`.

    Boundary: in a connected run of errors within `distance` pixels (default: the share `ratio` of the diagonal) of
    both a true positive and a true negative, and touching both. Extent: the rest of a predicted (or true) component
    that holds a true positive. Segment: components without any, that is spurious or missed regions. Components are
    8-connected. Truth below 0 or from `void_from` on is void. Raises UserError when the shapes differ.
    Source: Bernhard et al., "What's Outside the Intersection?", WACV 2024.
    """
    truth = require_index_raster(truth_hw, "truth")
    labels = require_index_raster(labels_hw, "labels")
    require_same_shape(truth, labels, names=("truth", "labels"))
    band = distance if distance is not None else boundary_width(*truth.shape, ratio=ratio)
    void = (truth < 0) | (truth >= void_from)
    kinds = np.where(void, ErrorKind.VOID, ErrorKind.TRUE_NEGATIVE).astype(np.uint8)
    window = _window(truth, labels, class_index, margin=2 * band + 2)
    if window is not None:
        kinds[window] = _kinds_of(truth[window] == class_index, labels[window] == class_index, void[window], band)
    return kinds


@dataclass(frozen=True, kw_only=True)
class ErrorShares:
    """Pixels of one class by kind, summed over images, and what they cost."""

    true_positives: int = 0
    boundary: int = 0
    extent: int = 0
    segment: int = 0

    @classmethod
    def of(cls, kinds: KindMap) -> ErrorShares:
        """Count the kinds of one image; false positives and false negatives together."""
        pixels = np.bincount(kinds.ravel(), minlength=len(ErrorKind))
        return cls(
            true_positives=int(pixels[ErrorKind.TRUE_POSITIVE]),
            boundary=int(pixels[ErrorKind.FALSE_POSITIVE_BOUNDARY] + pixels[ErrorKind.FALSE_NEGATIVE_BOUNDARY]),
            extent=int(pixels[ErrorKind.FALSE_POSITIVE_EXTENT] + pixels[ErrorKind.FALSE_NEGATIVE_EXTENT]),
            segment=int(pixels[ErrorKind.FALSE_POSITIVE_SEGMENT] + pixels[ErrorKind.FALSE_NEGATIVE_SEGMENT]),
        )

    def __add__(self, other: ErrorShares) -> ErrorShares:
        return ErrorShares(
            true_positives=self.true_positives + other.true_positives,
            boundary=self.boundary + other.boundary,
            extent=self.extent + other.extent,
            segment=self.segment + other.segment,
        )

    def of_union(self) -> dict[str, float]:
        """Shares of the union: `iou`, `boundary`, `extent`, `segment` add up to 1; NaN for an absent class."""
        union = self.true_positives + self.boundary + self.extent + self.segment
        parts = np.array([self.true_positives, self.boundary, self.extent, self.segment])
        return dict(
            zip(("iou", "boundary", "extent", "segment"), ratio(parts, np.full(4, union)).tolist(), strict=True)
        )

    def renormalised(self) -> dict[str, float]:
        """Shares in which coarse errors do not hide fine ones: each kind over itself, the finer ones and the hits."""
        fine = self.true_positives + self.boundary
        middle = fine + self.extent
        parts = np.array([self.boundary, self.extent, self.segment])
        wholes = np.array([fine, middle, middle + self.segment])
        return dict(zip(("boundary", "extent", "segment"), ratio(parts, wholes).tolist(), strict=True))


def _window(truth: IndexRaster, labels: IndexRaster, class_index: int, *, margin: int) -> tuple[slice, slice] | None:
    """The rectangle that holds the class on either side, grown so that nothing outside can matter."""
    either = (truth == class_index) | (labels == class_index)
    rows, columns = np.flatnonzero(either.any(axis=1)), np.flatnonzero(either.any(axis=0))
    if not rows.size:
        return None
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )


def _kinds_of(truth: Mask, labels: Mask, void: Mask, band: int) -> KindMap:
    hit, neither = truth & labels, ~truth & ~labels
    false_positive, false_negative = labels & ~truth, truth & ~labels
    kinds = np.zeros(truth.shape, np.uint8)
    kinds[hit] = ErrorKind.TRUE_POSITIVE
    near_both = (_distance_to(hit) < band + 0.5) & (_distance_to(neither) < band + 0.5)
    for wrong, whole, codes in (
        (
            false_positive,
            labels,
            (
                ErrorKind.FALSE_POSITIVE_BOUNDARY,
                ErrorKind.FALSE_POSITIVE_EXTENT,
                ErrorKind.FALSE_POSITIVE_SEGMENT,
            ),
        ),
        (
            false_negative,
            truth,
            (
                ErrorKind.FALSE_NEGATIVE_BOUNDARY,
                ErrorKind.FALSE_NEGATIVE_EXTENT,
                ErrorKind.FALSE_NEGATIVE_SEGMENT,
            ),
        ),
    ):
        boundary = _boundary_errors(wrong, near_both, hit, neither, band)
        touches_hit = _components_with(whole, hit & ~void)
        kinds[wrong] = codes[2]
        kinds[wrong & touches_hit] = codes[1]
        kinds[boundary] = codes[0]
    kinds[void] = ErrorKind.VOID
    return kinds


def _boundary_errors(wrong: Mask, near_both: Mask, hit: Mask, neither: Mask, band: int) -> Mask:
    candidates = wrong & (_distance_to(wrong & near_both) < band + 0.5)
    beside_hit = _components_with(candidates, _grown(hit))
    return candidates & beside_hit & _components_with(candidates, _grown(neither))


def _components_with(mask: Mask, marked: Mask) -> Mask:
    """The 8-connected components of `mask` that hold at least one marked pixel."""
    number, component = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    kept = np.zeros(number, bool)
    kept[component[mask & marked]] = True
    kept[0] = False
    return np.asarray(kept[component], bool)


def _grown(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)), np.uint8).astype(bool)


def _distance_to(mask: Mask) -> npt.NDArray[np.float32]:
    """Euclidean distance in pixels to the nearest pixel of the mask; infinite where there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
