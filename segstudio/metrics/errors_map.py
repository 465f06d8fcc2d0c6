"""The error layer's codes: which pixels are right, false, missed or of the wrong class. Colours belong to render."""

from __future__ import annotations

from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.rasters import (
    IndexRaster,
    narrow_to_uint8,
    require_index_raster,
    require_same_shape,
)

ErrorMap = npt.NDArray[np.uint8]


class ErrorCode(IntEnum):
    """What one pixel of the error map says; stable values, usable as indices of a colour table."""

    NEUTRAL = 0  # neither truth nor labels show the chosen class
    TRUE_POSITIVE = 1
    FALSE_POSITIVE = 2
    FALSE_NEGATIVE = 3
    WRONG_CLASS = 4
    VOID = 5  # the truth is void: nothing to be right or wrong about


# One bit per fact about a pixel; the sum indexes the table of codes.
_TRUTH_VOID, _TRUTH_CHOSEN, _LABEL_VOID, _LABEL_CHOSEN, _EQUAL = 1, 2, 4, 8, 16


def class_error_map(truth_hw: IndexRaster, labels_hw: IndexRaster, class_index: int) -> ErrorMap:
    """Code every pixel as TP, FP or FN of one class, NEUTRAL or VOID; uint8 [H, W].

    Takes class indices below 255, any integer dtype; void is 255 or any value outside 0 … 254. Works on views, so a
    dirty rectangle costs only its own pixels. Raises UserError when the shapes differ.
    """
    if not 0 <= class_index < 255:
        raise UserError(f"class index {class_index} is not in 0 … 254")
    truth, labels = _rasters(truth_hw, labels_hw)
    truth_facts, label_facts = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    truth_facts[255] = _TRUTH_VOID
    truth_facts[class_index] = _TRUTH_CHOSEN
    label_facts[class_index] = _LABEL_CHOSEN
    table = np.zeros(256, np.uint8)
    table[_TRUTH_CHOSEN | _LABEL_CHOSEN] = ErrorCode.TRUE_POSITIVE
    table[_TRUTH_CHOSEN] = ErrorCode.FALSE_NEGATIVE
    table[_LABEL_CHOSEN] = ErrorCode.FALSE_POSITIVE
    table[[_TRUTH_VOID, _TRUTH_VOID | _LABEL_CHOSEN]] = ErrorCode.VOID
    return _coded(truth, labels, (truth_facts, label_facts, table))


def all_classes_error_map(
    truth_hw: IndexRaster, labels_hw: IndexRaster, *, num_classes: int, background: int | None = None
) -> ErrorMap:
    """Code every pixel over all classes at once: TP, WRONG_CLASS, FALSE_NEGATIVE (unlabelled) or VOID; uint8 [H, W].

    With a `background` class, background labelled as something is FALSE_POSITIVE, something labelled background is
    FALSE_NEGATIVE, and background labelled background is NEUTRAL. Values outside 0 … num_classes-1 are void.
    Raises UserError when the shapes differ or there are more than 255 classes.
    """
    if not 1 <= num_classes <= 255:
        raise UserError(f"an error map takes 1 to 255 classes, not {num_classes}")
    truth, labels = _rasters(truth_hw, labels_hw)
    truth_facts, label_facts = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    truth_facts[num_classes:] = _TRUTH_VOID
    label_facts[num_classes:] = _LABEL_VOID
    if background is not None:
        truth_facts[background] = _TRUTH_CHOSEN
        label_facts[background] = _LABEL_CHOSEN
    facts = np.arange(256)
    table = np.where(facts & _EQUAL, ErrorCode.TRUE_POSITIVE, ErrorCode.WRONG_CLASS).astype(np.uint8)
    table[(facts & _LABEL_CHOSEN) != 0] = ErrorCode.FALSE_NEGATIVE
    table[(facts & _TRUTH_CHOSEN) != 0] = ErrorCode.FALSE_POSITIVE
    table[((facts & _TRUTH_CHOSEN) != 0) & ((facts & _LABEL_CHOSEN) != 0)] = ErrorCode.NEUTRAL
    table[(facts & _LABEL_VOID) != 0] = ErrorCode.FALSE_NEGATIVE
    table[(facts & _TRUTH_VOID) != 0] = ErrorCode.VOID
    return _coded(truth, labels, (truth_facts, label_facts, table), with_equality=True)


def _rasters(truth_hw: IndexRaster, labels_hw: IndexRaster) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    truth = require_index_raster(truth_hw, "truth")
    labels = require_index_raster(labels_hw, "labels")
    require_same_shape(truth, labels, names=("truth", "labels"))
    return narrow_to_uint8(truth), narrow_to_uint8(labels)


def _coded(
    truth: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    tables: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]],
    *,
    with_equality: bool = False,
) -> ErrorMap:
    if truth.size == 0:
        return np.zeros(truth.shape, np.uint8)
    truth_facts, label_facts, codes = tables
    facts = cv2.bitwise_or(cv2.LUT(truth, truth_facts), cv2.LUT(labels, label_facts))
    if with_equality:
        facts = cv2.bitwise_or(facts, (truth == labels).view(np.uint8) * np.uint8(_EQUAL))
    return np.asarray(cv2.LUT(facts, codes), np.uint8)
