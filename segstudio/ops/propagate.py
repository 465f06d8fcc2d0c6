"""Carrying labels and shapes to the next image of a sequence along the optical flow.

Source: Kroeger et al., Fast Optical Flow using Dense Inverse Search, ECCV 2016, as in `cv2.DISOpticalFlow`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, Shape
from segstudio.ops import polygon, rle
from segstudio.ops.transform import map_points

Flow = NDArray[np.float32]
"""float32 `[H, W, 2]`: for every pixel, how far (x, y) its content has moved, in pixels."""

_MIN_REACH, _MAX_REACH = 4, 24
"""How far round a vertex, in pixels, the pixels of the shape are asked where they went."""
_RIM = 7
"""Width of the window that takes the rim off a shape before its pixels are asked."""
_ENOUGH = 8

MAX_SIDE = 1024
"""Flow is computed on images shrunk to this, and scaled up; motion is smooth, labels are not."""


def optical_flow(from_hwc: NDArray[np.uint8], to_hwc: NDArray[np.uint8]) -> Flow:
    """Where each pixel of `from_hwc` (uint8 RGB `[H, W, 3]`) went in `to_hwc`.

    Raises `UserError` where the two pictures differ in size.
    """
    if from_hwc.shape != to_hwc.shape:
        raise UserError("labels can be carried only between images of the same size")
    height, width = from_hwc.shape[:2]
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = max(16, round(width * scale)), max(16, round(height * scale))
    small_from, small_to = (_grey(picture, size) for picture in (from_hwc, to_hwc))
    tool = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    no_guess: Any = None
    flow = np.asarray(tool.calc(small_from, small_to, no_guess), np.float32)
    if (size[1], size[0]) != (height, width):
        flow = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        flow *= np.array((width / size[0], height / size[1]), np.float32)
    return flow


def _grey(picture_hwc: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[Any]:
    grey = cv2.cvtColor(np.ascontiguousarray(picture_hwc), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))


def carry_labels(ids_hw: NDArray[Any], back_flow: Flow, *, fill: int = 0) -> NDArray[Any]:
    """The labels of the previous image as they lie in the next; `fill` where they come from outside.

    `back_flow` is `optical_flow(next, previous)`: for every pixel of the next image, where it was.
    """
    height, width = ids_hw.shape
    rows, columns = np.mgrid[0:height, 0:width]
    from_x = np.rint(columns + back_flow[:, :, 0]).astype(np.intp)
    from_y = np.rint(rows + back_flow[:, :, 1]).astype(np.intp)
    inside = (from_x >= 0) & (from_x < width) & (from_y >= 0) & (from_y < height)
    carried = ids_hw[np.clip(from_y, 0, height - 1), np.clip(from_x, 0, width - 1)]
    carried[~inside] = fill
    return np.asarray(carried)


def carry_shape(shape: Shape, flow: Flow, back_flow: Flow) -> Shape:
    """A shape of the previous image as it lies in the next.

    A polygon's vertices go along `flow` = `optical_flow(previous, next)` as the pixels of the shape beside them do: at
    the outline itself the flow is a mixture of the thing and what is behind it. A mask is looked up along `back_flow` =
    `optical_flow(next, previous)`.
    """
    if isinstance(shape, PolygonShape):
        return _carry_polygon(shape, flow, back_flow)
    return _carry_mask(shape, flow, back_flow)


def _carry_polygon(shape: PolygonShape, flow: Flow, back_flow: Flow) -> PolygonShape:
    height, width = flow.shape[:2]
    box = shape.bounds().intersect(Rect.of_size(height, width))
    inside = polygon.fill_mask(shape, box, (height, width))
    if not inside.any():
        return shape
    reach = int(min(_MAX_REACH, max(_MIN_REACH, np.sqrt(np.count_nonzero(inside)) / 4)))
    sure = np.asarray(cv2.erode(inside.view(np.uint8), np.ones((_RIM, _RIM), np.uint8), borderValue=0)).astype(np.bool_)
    sure &= ~doubtful(back_flow, flow)[box.slices]
    steps = flow[box.slices]
    usual = np.median(steps[sure if sure.any() else inside], axis=0)

    def step_at(x: float, y: float) -> NDArray[Any]:
        column, row = int(np.floor(x)) - box.x0, int(np.floor(y)) - box.y0
        rows = slice(max(0, row - reach), max(0, row + reach + 1))
        columns = slice(max(0, column - reach), max(0, column + reach + 1))
        near = steps[rows, columns][sure[rows, columns]]
        return np.asarray(np.median(near, axis=0) if len(near) >= _ENOUGH else usual)

    return map_points(shape, lambda ring_xy: ring_xy + np.array([step_at(x, y) for x, y in ring_xy.tolist()]))


def _carry_mask(shape: MaskShape, flow: Flow, back_flow: Flow) -> MaskShape:
    size_hw = shape.height, shape.width
    if shape.box.is_empty:
        return shape
    motion = np.abs(flow[shape.box.slices]).max()
    target = shape.box.grown(int(np.ceil(motion)) + 8).intersect(Rect.of_size(*size_hw))
    rows, columns = np.mgrid[target.y0 : target.y1, target.x0 : target.x1]
    way = back_flow[target.slices]
    column = np.rint(columns + way[:, :, 0]).astype(np.intp) - shape.box.x0 + 1
    row = np.rint(rows + way[:, :, 1]).astype(np.intp) - shape.box.y0 + 1
    source = np.pad(rle.decode(shape, shape.box), 1)
    column, row = np.clip(column, 0, source.shape[1] - 1), np.clip(row, 0, source.shape[0] - 1)
    return rle.mask_shape(source[row, column], size_hw=size_hw, at=target)


def doubtful(flow: Flow, back_flow: Flow, *, limit: float = 1.5) -> NDArray[np.bool_]:
    """Pixels of the next image whose way back and forth again misses by more than `limit` pixels: hidden or lost.

    bool `[H, W]`. `flow` is `optical_flow(previous, next)`, `back_flow` is `optical_flow(next, previous)`.
    """
    height, width = back_flow.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    x, y = columns + back_flow[:, :, 0], rows + back_flow[:, :, 1]
    there = flow[np.clip(np.rint(y), 0, height - 1).astype(np.intp), np.clip(np.rint(x), 0, width - 1).astype(np.intp)]
    miss = back_flow + there
    outside = (x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)
    return np.asarray((miss[:, :, 0] ** 2 + miss[:, :, 1] ** 2 > limit * limit) | outside)
