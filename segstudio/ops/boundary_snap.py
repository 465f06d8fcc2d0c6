"""Drawing an outline to the picture's edges: every point may move along its normal, and the ring stays smooth.

Source: Kass, Witkin, Terzopoulos, Snakes, IJCV 1988, with the minimum over all courses of displacements found by
dynamic programming: Amini, Weymouth, Jain, IEEE TPAMI 12(9), 1990.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops.transform import map_points

REACH = 8
"""How far a point may move, in pixels."""
_SPACING = 2.0
_GAIN = 6.0
"""Grey levels per pixel by which an edge must be stronger than where the outline lies, for it to move at all."""
_BEND = 2.0
"""What a step between neighbouring displacements costs, in the same measure."""


def snap_shape(shape: PolygonShape, image_hwc: NDArray[np.uint8], *, reach: int = REACH) -> PolygonShape:
    """The outlines moved to the strongest edges within `reach` pixels, where these are clearly stronger.

    `image_hwc` is uint8 RGB `[H, W, 3]`. Points are set about every 2 pixels; a ring that gains nothing anywhere comes
    back as it was.
    """
    size = Rect.of_size(*image_hwc.shape[:2])
    room = shape.bounds().grown(2 * reach + 4).intersect(size)
    if room.is_empty or room.width < 3 or room.height < 3:
        return shape
    strength_hw = _strength(np.ascontiguousarray(image_hwc[room.slices]))
    return map_points(shape, lambda ring_xy: _snapped(ring_xy, strength_hw, room, reach))


def _strength(image_hwc: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The colour gradient in grey levels per pixel, the strongest of the channels of CIE Lab."""
    lab = cv2.GaussianBlur(cv2.cvtColor(image_hwc, cv2.COLOR_RGB2Lab), (0, 0), 1.0)
    across, down = (cv2.Sobel(lab, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return np.asarray(np.sqrt(across * across + down * down).max(axis=2), np.float32)


def _snapped(ring_xy: Points, strength_hw: NDArray[np.float32], room: Rect, reach: int) -> Points:
    dense_xy = _dense(ring_xy)
    if len(dense_xy) < 8:
        return ring_xy
    normals_xy = _normals(dense_xy)
    steps = np.arange(-reach, reach + 1, dtype=np.float64)
    at = dense_xy[:, None, :] + steps[None, :, None] * normals_xy[:, None, :]
    # The middle of pixel (x, y) lies at (x + 0.5, y + 0.5); cv2 counts from the middles.
    map_x, map_y = ((at[:, :, axis] - origin - 0.5).astype(np.float32) for axis, origin in ((0, room.x0), (1, room.y0)))
    gain = _sampled(strength_hw, map_x, map_y)
    gain[:, reach] += _GAIN
    moved = steps[_smooth_course(gain)]
    if not moved.any():
        return ring_xy
    moved = (np.roll(moved, 1) + moved + np.roll(moved, -1)) / 3
    result: Points = dense_xy + moved[:, None] * normals_xy
    result = np.clip(result, (room.x0, room.y0), (room.x1, room.y1))
    return _thinned(result)


def _sampled(values_hw: NDArray[np.float32], map_x: NDArray[Any], map_y: NDArray[Any]) -> NDArray[np.float32]:
    """Values at many points; in strips, for cv2 maps no more than 32,767 rows at once."""
    rows = 16_384
    strips = [
        cv2.remap(values_hw, map_x[i : i + rows], map_y[i : i + rows], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        for i in range(0, len(map_x), rows)
    ]
    return np.asarray(np.concatenate(strips), np.float32)


def _smooth_course(gain: NDArray[np.float32]) -> NDArray[np.intp]:
    """Which displacement each point of the ring takes, `[N]`: the most gain for the least change on the way."""
    count, choices = gain.shape
    change = _BEND * np.abs(np.arange(choices)[:, None] - np.arange(choices)[None, :]).astype(np.float32)
    # Twice round: the second round begins where the first ended, so that both ends of the ring meet.
    twice = np.concatenate([gain, gain])
    best = twice[0].copy()
    came_from = np.zeros((2 * count, choices), np.intp)
    for place in range(1, 2 * count):
        ways = best[:, None] - change
        came_from[place] = ways.argmax(axis=0)
        best = ways[came_from[place], np.arange(choices)] + twice[place]
    course = np.zeros(2 * count, np.intp)
    course[-1] = best.argmax()
    for place in range(2 * count - 1, 0, -1):
        course[place - 1] = came_from[place, course[place]]
    half = count // 2
    return np.concatenate([course[count : count + half], course[half:count]])


def _dense(ring_xy: Points) -> Points:
    closed = np.concatenate([ring_xy, ring_xy[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(8, round(along[-1] / _SPACING))
    at = np.linspace(0, along[-1], count, endpoint=False)
    return np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _normals(ring_xy: Points) -> Points:
    ahead = np.roll(ring_xy, -2, axis=0) - np.roll(ring_xy, 2, axis=0)
    length = np.maximum(np.hypot(*ahead.T), 1e-9)
    return np.stack([-ahead[:, 1] / length, ahead[:, 0] / length], axis=1)


def _thinned(ring_xy: Points) -> Points:
    """Without points that lie on the line of their neighbours, to a quarter of a pixel."""
    kept = cv2.approxPolyDP(ring_xy.astype(np.float32).reshape(-1, 1, 2), 0.25, True).reshape(-1, 2)
    return kept.astype(np.float64) if len(kept) >= 3 else ring_xy
