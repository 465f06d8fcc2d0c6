"""One answer to a prompt: logits at the network's resolution, and how they become pixels of the image."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Rect


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A mask as a predictor gives it, small; `pixels` makes it large.

    `logits_hw` is float16 `[h, w]`, above 0 inside. They cover the whole image, unless the network saw it in the upper
    left corner of a padded square: then `padded_hw` is the size of that square and `used_hw` that of the image in it.
    `score` is the predicted IoU, 0…1.
    """

    logits_hw: NDArray[np.float16]
    score: float
    padded_hw: tuple[int, int] | None = None
    used_hw: tuple[int, int] | None = None

    def pixels(self, size_hw: tuple[int, int], *, threshold: float = 0.0) -> tuple[Rect, NDArray[np.bool_]]:
        """The mask in an image of `size_hw`: its rectangle, and bool `[rect.height, rect.width]`; both may be empty.

        Bilinear, half-pixel centres, through the padded square where there is one: as the reference of Segment
        Anything enlarges its logits (`Sam.postprocess_masks`).
        """
        logits_hw = self.logits_hw.astype(np.float32)
        # Between two values that are not above the threshold, none is.
        if (logits_hw > threshold).any() and self.padded_hw is not None and self.used_hw is not None:
            logits_hw = _enlarged(logits_hw, self.padded_hw)[: self.used_hw[0], : self.used_hw[1]]
        if not (logits_hw > threshold).any():
            return EMPTY, np.zeros((0, 0), np.bool_)
        rows, columns = (_block(line > threshold, full) for line, full in zip(_sides(logits_hw), size_hw, strict=True))
        block_hw = np.ascontiguousarray(logits_hw[rows.small, columns.small])
        mask_hw = _enlarged(block_hw, (rows.large.stop - rows.large.start, columns.large.stop - columns.large.start))
        within_hw = mask_hw > threshold
        rect = Rect.of_mask(within_hw)
        return rect.moved(columns.large.start, rows.large.start), np.ascontiguousarray(within_hw[rect.slices])


def checked(found: Any, *, where: str) -> list[Candidate]:
    """Candidates that can be shown, best first. Raises `UserError` where a predictor gave anything else.

    An empty list is a valid answer: there is no such thing.
    """
    if not isinstance(found, (list, tuple)):
        raise UserError(f"{where} answered with {type(found).__name__}, not with a list of candidates")
    for candidate in found:
        if not isinstance(candidate, Candidate):
            raise UserError(f"{where} answered with {type(candidate).__name__}, not with candidates")
        logits_hw: Any = candidate.logits_hw
        if not isinstance(logits_hw, np.ndarray) or logits_hw.ndim != 2 or 0 in logits_hw.shape:
            shape = list(logits_hw.shape) if isinstance(logits_hw, np.ndarray) else type(logits_hw).__name__
            raise UserError(f"{where} answered with logits {shape}, not [h, w]")
        if np.isnan(logits_hw).any() or not np.isfinite(candidate.score):
            raise UserError(f"{where} answered with values that are no numbers")
    return sorted(found, key=lambda candidate: -candidate.score)


class _Block(NamedTuple):
    """Logits and the pixels that they become, along one side."""

    small: slice
    large: slice


def _sides(logits_hw: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The greatest logit of each row, and of each column."""
    return logits_hw.max(axis=1), logits_hw.max(axis=0)


def _block(inside: NDArray[np.bool_], full: int) -> _Block:
    """The part of a side to enlarge: all that is inside and one more on both ends, from where logits and pixels begin
    together. What lies beyond is outside, and so is everything that is interpolated there.
    """
    step = len(inside) // gcd(len(inside), full)
    found = np.flatnonzero(inside)
    first = max(0, int(found[0]) - 1) // step
    last = -(-min(len(inside), int(found[-1]) + 2) // step)
    each = full * step // len(inside)
    return _Block(slice(first * step, last * step), slice(first * each, last * each))


def _enlarged(logits_hw: NDArray[np.float32], size_hw: tuple[int, int]) -> NDArray[np.float32]:
    if logits_hw.shape == size_hw:
        return logits_hw
    large: NDArray[np.float32] = cv2.resize(logits_hw, size_hw[::-1], interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return large
