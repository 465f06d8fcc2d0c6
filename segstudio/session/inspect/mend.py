"""One wrong region as an edit: the labels take the truth's class there, or a copy of the truth takes the labels'."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import TRUTH
from segstudio.core.raster import UNLABELLED
from segstudio.core.transaction import Edit
from segstudio.metrics.error_regions import ErrorRegion
from segstudio.session.document import Document
from segstudio.session.scores.live import IndexRaster


def region_mask(truth_hw: IndexRaster, judged_hw: IndexRaster, region: ErrorRegion, class_set: ClassSet) -> Mask:
    """The pixels of a region inside its box, bool `[box.height, box.width]`; all False where it is there no more."""
    classes = class_set.num_classes
    truth, judged = truth_hw[region.box.slices], judged_hw[region.box.slices]
    wrong = truth == region.truth_class
    wrong &= judged >= classes if region.label_class is None else judged == region.label_class
    x, y = region.anchor_xy[0] - region.box.x0, region.anchor_xy[1] - region.box.y0
    if not wrong[y, x]:
        return np.zeros_like(wrong)
    _, parts = cv2.connectedComponents(wrong.view(np.uint8), connectivity=8)
    return np.asarray(parts == parts[y, x], bool)


def mend_labels(document: Document, judged: str, region: ErrorRegion) -> Edit | None:
    """Give a region of the labels the class of the truth, as one edit.

    `judged` is the layer in which the region was found. Raises `UserError` where the region is there no more.
    """
    mask_hw = _mask(document, judged, region)
    class_id = document.class_set.evaluated[region.truth_class].id
    with document.begin("mend region", tool="mend", provenance={"source": TRUTH}) as stroke:
        stroke.paint(region.box, stroke.segment_for_class(class_id), mask_hw=mask_hw)
        return stroke.commit()


def mend_truth(
    document: Document, judged: str, region: ErrorRegion, *, mask_hw: Mask | None = None, as_void: bool = False
) -> Edit | None:
    """Give a region of the truth the class that `judged` says (or none: `as_void`), as one edit that can be undone.

    The truth must be an unlocked copy (see `session.truth_copy`). Raises `UserError` where the region is there no more.
    """
    if mask_hw is None:
        mask_hw = _mask(document, judged, region)
    void = as_void or region.label_class is None
    with document.begin("correct the truth", tool="correct", provenance={"source": judged}, layer=TRUTH) as stroke:
        if void:
            before = stroke.layer.raster.view(region.box)
            stroke.write(region.box, np.where(mask_hw, np.uint16(_void_segment(document)), before))
        else:
            assert region.label_class is not None
            class_id = document.class_set.evaluated[region.label_class].id
            stroke.paint(region.box, stroke.segment_for_class(class_id), mask_hw=mask_hw)
        return stroke.commit()


def zoom_box(region: ErrorRegion, size_hw: tuple[int, int]) -> Rect:
    """The region with its surroundings, for a look at it."""
    margin = 8 + max(region.box.width, region.box.height) // 4
    return region.box.grown(margin).intersect(Rect.of_size(*size_hw))


def _mask(document: Document, judged: str, region: ErrorRegion) -> Mask:
    if document.truth_index_hw is None or judged not in document.layer_names:
        raise UserError(f"this image has no truth, or no layer {judged.partition(':')[2] or judged}")
    layer = document.layer(judged)
    lut = layer.segments.index_lut(document.class_set)
    # Only the box is looked up: a click costs by its region, not by the image.
    truth_hw, judged_hw = document.truth_index_hw[region.box.slices], lut[layer.raster.ids_hw[region.box.slices]]
    x0, y0 = region.box.x0, region.box.y0
    there = _moved(region, -x0, -y0)
    mask_hw = region_mask(truth_hw, judged_hw, there, document.class_set)
    if not mask_hw.any():
        raise UserError("this region is not wrong any more")
    return mask_hw


def _moved(region: ErrorRegion, dx: int, dy: int) -> ErrorRegion:
    from dataclasses import replace

    x, y = region.anchor_xy
    return replace(region, box=region.box.moved(dx, dy), anchor_xy=(x + dx, y + dy))


def _void_segment(document: Document) -> int:
    """The segment of the truth that stands for a class which does not count; unlabelled where there is none."""
    counted = set(document.class_set.index_of)
    truth = document.truth
    if truth is not None:
        for segment in truth.segments:
            if segment.class_id not in counted and document.class_set.by_id.get(segment.class_id) is not None:
                return segment.id
    return UNLABELLED


Mask = NDArray[np.bool_]
