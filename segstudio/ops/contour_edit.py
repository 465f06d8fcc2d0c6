"""Redrawing a stretch of an outline: from one vertex, along a new line, to another."""

from __future__ import annotations

import numpy as np

from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonShape
from segstudio.ops.polygon import VertexRef, signed_area, with_ring


def redraw(shape: PolygonShape, start: VertexRef, end: VertexRef, path_xy: Points) -> PolygonShape:
    """The shape with the outline from `start` to `end` replaced by `path_xy` (`[N, 2]`, without the two vertices).

    Of the two ways round the ring, the one is replaced that encloses the smaller area with the new line: the stretch
    that was drawn over. Both vertices must be of one ring and differ; otherwise `ValueError`.
    """
    if start[:2] != end[:2] or start.vertex == end.vertex:
        raise ValueError("a contour is redrawn between two vertices of one ring")
    ring_xy = shape.parts[start.part].rings_xy[start.ring]
    path_xy = np.asarray(path_xy, np.float64).reshape(-1, 2)
    forwards = _stretch(ring_xy, start.vertex, end.vertex)
    backwards = _stretch(ring_xy, end.vertex, start.vertex)
    back_along_path = path_xy[::-1]
    change_forwards = abs(signed_area(np.vstack((forwards, back_along_path))))
    change_backwards = abs(signed_area(np.vstack((backwards, path_xy))))
    if change_forwards <= change_backwards:
        return with_ring(shape, start.part, start.ring, np.vstack((backwards, path_xy)))
    return with_ring(shape, start.part, start.ring, np.vstack((forwards, back_along_path)))


def _stretch(ring_xy: Points, first: int, last: int) -> Points:
    """The points from `first` to `last`, both included, in the ring's own direction."""
    if first <= last:
        return ring_xy[first : last + 1]
    return np.vstack((ring_xy[first:], ring_xy[: last + 1]))
