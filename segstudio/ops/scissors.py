"""Intelligent scissors: a line that clings to edges on its way from an anchor to the cursor.

Source: Mortensen and Barrett, SIGGRAPH 1995, as in `cv2.segmentation.IntelligentScissorsMB`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Points, Rect

WINDOW = 512
"""Side of the square round the anchor in which paths are found; the cost of an anchor grows with its area."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveWire:
    """All shortest paths from one anchor inside its `window`; asking for one takes microseconds."""

    anchor_xy: tuple[float, float]
    window: Rect
    _map: Any

    def path_to(self, point_xy: tuple[float, float]) -> Points:
        """The path from the anchor to the point, `[N, 2]` middles of pixels; the point is drawn into the window."""
        column = min(max(floor(point_xy[0]), self.window.x0), self.window.x1 - 1)
        row = min(max(floor(point_xy[1]), self.window.y0), self.window.y1 - 1)
        path = self._map.getContour((column - self.window.x0, row - self.window.y0))
        # OpenCV 4 gives [N, 1, 2], OpenCV 5 [N, 2].
        return np.asarray(path, np.float64).reshape(-1, 2) + (self.window.x0 + 0.5, self.window.y0 + 0.5)


def live_wire(image_hwc: NDArray[np.uint8], anchor_xy: tuple[float, float], *, window: int = WINDOW) -> LiveWire:
    """Prepare the paths from an anchor (about 60 ms for a window of 512 pixels: call it in a worker).

    `image_hwc` is uint8 RGB `[H, W, 3]`. Raises `UserError` where the anchor lies outside.
    """
    bounds = Rect.of_size(*image_hwc.shape[:2])
    column, row = floor(anchor_xy[0]), floor(anchor_xy[1])
    if not bounds.holds(column, row):
        raise UserError("the scissors must begin inside the image")
    half = window // 2
    around = Rect(column - half, row - half, column + half, row + half).intersect(bounds)
    tool = cv2.segmentation.IntelligentScissorsMB()
    tool.setEdgeFeatureCannyParameters(32, 100)
    tool.setGradientMagnitudeMaxLimit(200)
    tool.applyImage(np.ascontiguousarray(image_hwc[around.slices]))
    tool.buildMap((column - around.x0, row - around.y0))
    return LiveWire(anchor_xy, around, tool)


def fewer_points(path_xy: Points, tolerance: float) -> Points:
    """An open path with the points dropped that lie within `tolerance` pixels of the line without them."""
    if len(path_xy) < 3:
        return path_xy
    kept = cv2.approxPolyDP(path_xy.astype(np.float32).reshape(-1, 1, 2), tolerance, False)
    return np.asarray(kept, np.float64).reshape(-1, 2)
