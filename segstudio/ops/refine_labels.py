"""A prediction drawn to the edges of its picture, from labels and confidence alone.

Two ways: one pass of a guided filter, or several steps of mean field over a conditional random field whose appearance
kernel is that filter (Krähenbühl, Koltun, NIPS 2011; an edge-aware filter in place of their lattice).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.ops.guided_filter import GuidedFilter, refine_classes

Method = Literal["guided", "crf"]
MOST_CLASSES = 255
_LEAST_SHARE, _MOST_SHARE = 0.35, 0.75
"""What a label counts that a model was quite unsure, or certain, of; the rest is shared by the others."""
_CRF_PIXELS = 200_000
_CRF_STEPS = 4
_APPEARANCE, _SMOOTHNESS = 8.0, 0.5
"""Weights of both kernels, in natural logarithms of odds."""


def refined_ids(
    image_hwc: NDArray[np.uint8],
    ids_hw: NDArray[np.uint16],
    confidence_hw: NDArray[np.uint8] | None,
    *,
    strength: float,
    method: Method = "guided",
    check: Callable[[], None] = lambda: None,
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """The ids `[H, W]` after refinement, and their confidence, 255 = certain.

    `image_hwc` is uint8 RGB `[H, W, 3]`; `strength` runs from 0 (as it was) to 1 (about 24 pixels of reach in a picture
    1000 pixels wide). Unlabelled pixels (0) take part as a class of their own. `check` is called between classes and
    may raise to stop. Raises `UserError` where there are more than 255 ids.
    """
    present = np.flatnonzero(np.bincount(ids_hw.ravel()))
    sure_hw = np.full(ids_hw.shape, 255, np.uint8) if confidence_hw is None else confidence_hw
    if strength <= 0 or len(present) < 2:
        return ids_hw.copy(), sure_hw.copy()
    if len(present) > MOST_CLASSES:
        raise UserError(f"a prediction of {len(present)} segments cannot be refined at once")
    radius = max(1.0, 0.024 * strength * max(ids_hw.shape))
    share_hw = _LEAST_SHARE + (_MOST_SHARE - _LEAST_SHARE) * (sure_hw.astype(np.float32) / 255)
    rest_hw = (1 - share_hw) / max(1, len(present) - 1)
    tool = GuidedFilter(image_hwc, radius=radius)
    if method == "crf":
        winners, best = _mean_field(image_hwc, [(ids_hw == i, share_hw, rest_hw) for i in present], radius, check)
    else:

        def maps() -> Any:
            for number in present:
                check()
                yield np.where(ids_hw == number, share_hw, rest_hw)

        winners, best = refine_classes(tool, maps())
    confidence = np.rint(255 * np.clip(best, 0, 1)).astype(np.uint8)
    return present.astype(np.uint16)[winners], confidence


def _mean_field(
    image_hwc: NDArray[np.uint8], classes: list[tuple[Any, Any, Any]], radius: float, check: Callable[[], None]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Winners and shares `[H, W]`; found on a reduced picture and brought back along its edges by one guided pass."""
    height, width = image_hwc.shape[:2]
    shrink = max(1.0, (height * width / _CRF_PIXELS) ** 0.5)
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    small = np.asarray(cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA), np.uint8)
    unary = np.stack(
        [
            cv2.resize(np.where(own, share, rest).astype(np.float32), size, interpolation=cv2.INTER_AREA)
            for own, share, rest in classes
        ]
    )
    unary = np.log(np.maximum(unary, 1e-6))
    tool = GuidedFilter(small, radius=max(1.0, radius / shrink), epsilon=1e-4)
    current = _softmax(unary)
    for _ in range(_CRF_STEPS):
        check()
        alike = np.stack([np.clip(tool.apply(one), 0, 1) for one in current])
        near = np.stack([cv2.GaussianBlur(one, (0, 0), 1.0) for one in current])
        current = _softmax(unary + _APPEARANCE * alike + _SMOOTHNESS * near)
    back = GuidedFilter(image_hwc, radius=max(1.0, 2 * shrink))
    return refine_classes(back, (cv2.resize(one, (width, height)) for one in current))


def _softmax(values: NDArray[Any]) -> NDArray[Any]:
    values = np.exp(values - values.max(axis=0))
    return np.asarray(values / values.sum(axis=0))
