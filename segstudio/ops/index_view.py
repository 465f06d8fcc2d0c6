"""Evaluation indices of a layer that are looked up where they are asked for, and the quick way to look them up."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import Layer
from segstudio.core.raster import SegmentIds

Indices = NDArray[np.uint8] | NDArray[np.uint16]


def indices_of(table: Indices, ids_hw: NDArray[Any]) -> Indices:
    """`table[ids_hw]` of segment ids, where NumPy would widen every pixel to eight bytes and check it.

    `table` is `[65536]` as of `SegmentTable.index_lut`, `ids_hw` uint8 or uint16 of any shape.
    """
    indices: Indices
    if table.dtype == np.uint8 and ids_hw.size and (ids_hw.dtype == np.uint8 or ids_hw.max() < 256):
        narrow = np.ascontiguousarray(ids_hw, np.uint8)
        indices = np.asarray(cv2.LUT(narrow, table[:256]), np.uint8).reshape(ids_hw.shape)
    else:
        indices = table.take(ids_hw, mode="clip")
    return indices


class IndexView(NDArrayOperatorsMixin):
    """Stands in for `Layer.index_map(class_set)`, `[H, W]`: parts are made when asked for, and follow edits.

    A map of its own would take a byte or two for each pixel of a layer that is in memory anyhow. Whoever compares or
    computes with all of it gets it made.
    """

    ndim = 2

    def __init__(self, layer: Layer, class_set: ClassSet) -> None:
        self._layer, self._class_set = layer, class_set
        self._table = layer.segments.version, layer.segments.index_lut(class_set)
        self.shape = layer.size_hw
        self.size = self.shape[0] * self.shape[1]
        self.dtype = self._table[1].dtype

    @property
    def ids_hw(self) -> SegmentIds:
        """The segment ids that are looked up."""
        return self._layer.raster.ids_hw

    @property
    def table(self) -> Indices:
        """The evaluation index of each segment id, `[65536]`."""
        version = self._layer.segments.version
        if self._table[0] != version:
            self._table = version, self._layer.segments.index_lut(self._class_set)
        return self._table[1]

    def __getitem__(self, key: Any) -> Indices:
        return indices_of(self.table, self.ids_hw[key])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        made = (one.copy() if isinstance(one, IndexView) else one for one in inputs)
        return getattr(ufunc, method)(*made, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        made = self.copy()
        return made if dtype is None else made.astype(dtype, copy=False)

    def copy(self) -> Indices:
        """The whole map as it is now."""
        return self._layer.index_map(self._class_set)

    def as_array(self) -> Indices:
        """Itself, to those who only slice it, copy it and ask for its shape."""
        return cast("Indices", self)
