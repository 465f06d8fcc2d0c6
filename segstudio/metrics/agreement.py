"""Where two predictions are right and wrong together: the A-versus-B map and its tally."""

from __future__ import annotations

from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.rasters import IndexRaster, narrow_to_uint8, require_index_raster, require_same_shape

AgreementMap = npt.NDArray[np.uint8]


class Agreement(IntEnum):
    """What two predictions say about one pixel; stable values, usable as indices of a colour table."""

    BOTH_RIGHT = 0
    ONLY_A_RIGHT = 1
    ONLY_B_RIGHT = 2
    BOTH_WRONG_ALIKE = 3
    BOTH_WRONG_DIFFERENTLY = 4
    VOID = 5


# One bit per fact; the sum indexes the table of codes.
_A_RIGHT, _B_RIGHT, _ALIKE, _VOID = 1, 2, 4, 8
_CODES = np.zeros(256, np.uint8)
_CODES[:4] = Agreement.BOTH_WRONG_DIFFERENTLY, Agreement.ONLY_A_RIGHT, Agreement.ONLY_B_RIGHT, Agreement.BOTH_RIGHT
_CODES[4:8] = Agreement.BOTH_WRONG_ALIKE, Agreement.ONLY_A_RIGHT, Agreement.ONLY_B_RIGHT, Agreement.BOTH_RIGHT
_CODES[8:16] = Agreement.VOID


def agreement_map(truth_hw: IndexRaster, a_hw: IndexRaster, b_hw: IndexRaster, *, num_classes: int) -> AgreementMap:
    """Code every pixel by who is right, uint8 [H, W] of `Agreement`.

    Truth outside 0 … num_classes-1 is void; predictions outside it are one wrong answer. Works on views, so a dirty
    rectangle costs only its own pixels. Raises UserError when shapes differ or there are more than 255 classes.
    """
    if not 1 <= num_classes <= 255:
        raise UserError(f"an agreement map takes 1 to 255 classes, not {num_classes}")
    rasters = [
        require_index_raster(side, name) for side, name in zip((truth_hw, a_hw, b_hw), ("truth", "A", "B"), strict=True)
    ]
    require_same_shape(rasters[0], rasters[1], names=("truth", "A"))
    require_same_shape(rasters[0], rasters[2], names=("truth", "B"))
    # Everything outside the classes becomes one value.
    truth, a, b = (np.minimum(narrow_to_uint8(raster), np.uint8(num_classes)) for raster in rasters)
    facts = (a == truth) * np.uint8(_A_RIGHT) + (b == truth) * np.uint8(_B_RIGHT) + (a == b) * np.uint8(_ALIKE)
    facts += (truth == num_classes) * np.uint8(_VOID)
    return np.asarray(cv2.LUT(facts, _CODES), np.uint8) if facts.size else facts


def agreement_pixels(agreement: AgreementMap) -> dict[Agreement, int]:
    """Count the pixels of each code; the net win of B is `ONLY_B_RIGHT` minus `ONLY_A_RIGHT`."""
    pixels = np.bincount(agreement.ravel(), minlength=len(Agreement)).tolist()
    return dict(zip(Agreement, pixels, strict=True))
