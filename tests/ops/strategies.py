"""Random masks, rectangles and polygons for the property tests of this room."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.geometry import Rect


def masks(max_side=14):
    """bool `[H, W]`, biased neither to noise nor to blobs."""
    return hnp.array_shapes(min_dims=2, max_dims=2, max_side=max_side).flatmap(
        lambda shape: hnp.arrays(np.bool_, shape)
    )


def rects(low=-8, high=40, max_side=30):
    """Non-empty rectangles, also outside the image."""
    corner = st.integers(low, high)
    side = st.integers(1, max_side)
    return st.builds(lambda x, y, w, h: Rect(x, y, x + w, y + h), corner, corner, side, side)


def coordinates(low=-12, high=60):
    """Coordinates of every kind that rounding treats differently: whole, tenths, thirds and plain floats."""
    return st.one_of(
        st.integers(low, high).map(float),
        st.integers(low * 10, high * 10).map(lambda v: v / 10),
        st.integers(low * 3, high * 3).map(lambda v: v / 3),
        st.floats(low, high, allow_nan=False, width=32).map(float),
    )


def rings(min_points=3, max_points=9, **kwargs):
    """float64 `[N, 2]`, often crossing themselves."""
    point = st.tuples(coordinates(**kwargs), coordinates(**kwargs))
    return st.lists(point, min_size=min_points, max_size=max_points).map(lambda points: np.array(points, np.float64))


def on_canvas(rect, mask_hw, size_hw):
    """The mask of a rectangle laid on an empty image."""
    canvas = np.zeros(size_hw, np.bool_)
    canvas[rect.slices] = mask_hw
    return canvas


def view_of(image_hw, rect):
    """The pixels of `rect`, False where it leaves the image."""
    pad = 100
    return np.pad(image_hw, pad)[rect.y0 + pad : rect.y1 + pad, rect.x0 + pad : rect.x1 + pad]
