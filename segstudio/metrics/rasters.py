"""Index rasters as every metric takes them: any integer dtype in, one narrow dtype out, void recognised by range."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError

IndexRaster = npt.NDArray[np.integer[Any]]
"""Class indices per pixel. Everything outside 0 … C-1 is void."""


def require_index_raster(array: object, what: str) -> IndexRaster:
    """Return `array` as a native-endian integer array.

    Booleans become 0 and 1. Raises UserError naming `what` when the values are not integers.
    """
    raster = np.asarray(array)
    if raster.dtype == np.bool_:
        return raster.view(np.uint8)
    if raster.dtype.kind not in "iu":
        raise UserError(
            f"{what} holds {raster.dtype} values, not class indices",
            hint="pass integers; take the argmax of scores first",
        )
    return raster if raster.dtype.isnative else raster.astype(raster.dtype.newbyteorder("="))


def require_same_shape(first: IndexRaster, second: IndexRaster, *, names: tuple[str, str]) -> None:
    """Raise UserError naming both shapes when the two rasters do not cover the same pixels."""
    if first.shape != second.shape:
        raise UserError(
            f"{names[0]} has shape {first.shape} but {names[1]} has shape {second.shape}",
            hint="rasters are never resized for a metric; write the prediction at the size of the truth",
        )


def narrow_to_uint8(raster: IndexRaster) -> npt.NDArray[np.uint8]:
    """Return the raster as uint8 where every value outside 0 … 255 has become 255.

    Negative values wrap to huge unsigned ones first, so that they saturate as well: exact for up to 255 classes.
    """
    if raster.dtype == np.uint8:
        return raster.view(np.uint8)
    unsigned: npt.NDArray[np.unsignedinteger[Any]] = raster.view(f"u{raster.dtype.itemsize}")
    saturated: npt.NDArray[np.uint8] = np.minimum(unsigned, 255).astype(np.uint8)
    return saturated
