"""One answer to a prompt: logits at the network's resolution, and how they become pixels of the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.models.interactive.enlarging import enlarged, enlarged_mask


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
        if self.padded_hw is not None and self.used_hw is not None and (logits_hw > threshold).any():
            logits_hw = enlarged(logits_hw, self.padded_hw)[: self.used_hw[0], : self.used_hw[1]]
        return enlarged_mask(np.ascontiguousarray(logits_hw), size_hw, threshold)


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
