"""The truth as evaluation indices: a map for most images, looked up from the truth's segments for large ones."""

from __future__ import annotations

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import Layer
from segstudio.ops.index_view import IndexView, Indices

LARGE_PIXELS = 1 << 26
"""Of more pixels than these no second map is kept: it is drawn in a little more time then."""


def truth_index(truth: Layer, class_set: ClassSet) -> Indices:
    """Evaluation indices `[H, W]` of the truth's raster; of a large one an `IndexView`, to be sliced or copied."""
    if truth.raster.bounds.area > LARGE_PIXELS:
        return IndexView(truth, class_set).as_array()
    return truth.index_map(class_set)
