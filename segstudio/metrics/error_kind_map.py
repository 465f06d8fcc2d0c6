"""Why each wrong pixel is wrong, over all classes at once: one kind per pixel, for the error layer and for what-if."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.metrics.boundary import boundary_width
from segstudio.metrics.error_kinds import ErrorKind, error_kinds
from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape

KindMap = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class RegionKind(IntEnum):
    """What a pixel of the image is; stable values, usable as indices of a colour table."""

    NEUTRAL = 0
    RIGHT = 1
    BOUNDARY = 2
    EXTENT = 3
    MISSED_REGION = 4
    SPURIOUS_REGION = 5
    CLASS_SWAP = 6
    SPLIT = 7
    MERGE = 8
    VOID = 9


WRONG_KINDS = tuple(kind for kind in RegionKind if RegionKind.BOUNDARY <= kind <= RegionKind.MERGE)


def error_kind_map(
    truth_hw: IndexRaster,
    labels_hw: IndexRaster,
    *,
    num_classes: int,
    ratio: float = 0.01,
    distance: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> KindMap:
    """Code every pixel by what went wrong there, uint8 [H, W] of `RegionKind`.

    A wrong pixel is a miss of its truth class and an invention of its labelled class; both are judged as in
    `error_kinds` (`distance` pixels, or the share `ratio` of the diagonal, make the boundary). Boundary: either side
    says so. Class swap: a whole region of the truth is missed and a whole region of the labels invented. Missed region:
    a whole region of the truth is missed, and what covers it goes on elsewhere (or nothing does). Spurious region: a
    whole region of the labels is invented inside another. The rest touches what is right on both sides: a split where
    the missed pixels part one region of the truth into several regions of the labels, a merge where the invented
    pixels join several regions of the truth, else extent. Regions are 8-connected; values outside 0 … num_classes-1 are
    void. `check` is called between classes and may raise. Raises UserError when the shapes differ.
    """
    truth = require_index_raster(truth_hw, "truth")
    labels = require_index_raster(labels_hw, "labels")
    require_same_shape(truth, labels, names=("truth", "labels"))
    band = distance if distance is not None else boundary_width(*truth.shape, ratio=ratio)
    void = (truth < 0) | (truth >= num_classes)
    right = (truth == labels) & ~void
    # Per pixel: the kind of the miss (for its truth class) and of the invention (for its labelled class).
    missed = np.zeros(truth.shape, np.uint8)
    invented = np.zeros(truth.shape, np.uint8)
    parted, joined = np.zeros(truth.shape, bool), np.zeros(truth.shape, bool)
    wrong = ~right & ~void
    involved = set(np.unique(truth[wrong]).tolist()) | set(np.unique(labels[wrong]).tolist())
    for class_index in sorted(index for index in involved if 0 <= index < num_classes):
        check()
        kinds = error_kinds(truth, labels, class_index, void_from=num_classes, distance=band)
        is_miss = (truth == class_index) & wrong
        is_invention = (labels == class_index) & wrong
        missed[is_miss] = kinds[is_miss]
        invented[is_invention] = kinds[is_invention]
        hit = (truth == class_index) & right
        parted |= _between(is_miss, hit, (labels == class_index) & ~void)
        joined |= _between(is_invention, hit, truth == class_index)
    return _combined(right, void, missed, invented, parted, joined)


def _combined(right: Mask, void: Mask, missed: KindMap, invented: KindMap, parted: Mask, joined: Mask) -> KindMap:
    boundary = (missed == ErrorKind.FALSE_NEGATIVE_BOUNDARY) | (invented == ErrorKind.FALSE_POSITIVE_BOUNDARY)
    whole_miss = missed == ErrorKind.FALSE_NEGATIVE_SEGMENT
    whole_invention = invented == ErrorKind.FALSE_POSITIVE_SEGMENT
    kinds = np.full(right.shape, RegionKind.EXTENT, np.uint8)
    kinds[joined] = RegionKind.MERGE
    kinds[parted] = RegionKind.SPLIT
    kinds[whole_invention] = RegionKind.SPURIOUS_REGION
    kinds[whole_miss] = RegionKind.MISSED_REGION
    kinds[whole_miss & whole_invention] = RegionKind.CLASS_SWAP
    kinds[boundary] = RegionKind.BOUNDARY
    kinds[right] = RegionKind.RIGHT
    kinds[void] = RegionKind.VOID
    return kinds


def _between(wrong: Mask, hit: Mask, other: Mask) -> Mask:
    """The components of `wrong` that touch hits which lie in at least two different components of `other`."""
    if not wrong.any() or not hit.any():
        return np.zeros_like(wrong)
    number, part = cv2.connectedComponents(wrong.view(np.uint8), connectivity=8)
    _, island = cv2.connectedComponents(other.view(np.uint8), connectivity=8)
    first = np.full(number, -1, np.int64)
    several = np.zeros(number, bool)
    height, width = wrong.shape
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        near = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
        far = (slice(dy, height), slice(max(0, dx), width - max(0, -dx)))
        for own, beside in ((near, far), (far, near)):
            meet = wrong[own] & hit[beside]
            pairs = np.unique(np.stack([part[own][meet], island[beside][meet]], axis=1), axis=0)
            for component, touched in pairs.tolist():
                if first[component] < 0:
                    first[component] = touched
                elif first[component] != touched:
                    several[component] = True
    return np.asarray(several[part] & wrong, bool)
