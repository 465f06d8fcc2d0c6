"""A stretch of an outline being redrawn: from one vertex along a new line to another vertex of the same ring."""

from __future__ import annotations

from math import hypot

import numpy as np

from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonShape
from segstudio.ops.contour_edit import redraw
from segstudio.ops.polygon import VertexRef, vertex_xy

Point = tuple[float, float]


class Redrawing:
    """Gathers the line; the shape itself is changed by whoever asks for `result`."""

    def __init__(self, shape: PolygonShape, start: VertexRef) -> None:
        self._shape = shape
        self._start = start
        self._points: list[Point] = []

    @property
    def is_bare(self) -> bool:
        """Whether nothing is drawn yet."""
        return not self._points

    def add(self, xy: Point, *, spacing: float = 0.0) -> None:
        """Go on to a point, unless it lies within `spacing` pixels of the last one."""
        last = self._points[-1] if self._points else vertex_xy(self._shape, self._start)
        if hypot(xy[0] - last[0], xy[1] - last[1]) > spacing:
            self._points.append(xy)

    def take_back(self) -> bool:
        """Forget the last point; whether there was one."""
        if not self._points:
            return False
        self._points.pop()
        return True

    def ends_at(self, vertex: VertexRef | None) -> bool:
        """Whether the line can end there."""
        return vertex is not None and vertex[:2] == self._start[:2] and vertex.vertex != self._start.vertex

    def result(self, end: VertexRef) -> PolygonShape:
        """The shape with the new stretch from the first vertex to `end`."""
        path_xy = np.array(self._points, np.float64).reshape(-1, 2)
        last_xy = vertex_xy(self._shape, end)
        if len(path_xy) and hypot(*(path_xy[-1] - last_xy)) < 1e-9:
            path_xy = path_xy[:-1]
        return redraw(self._shape, self._start, end, path_xy)

    def line(self, to_xy: Point | None) -> Points:
        """What is drawn so far, with the pointer at its end."""
        points = [vertex_xy(self._shape, self._start), *self._points]
        return np.array([*points, to_xy] if to_xy is not None else points, np.float64)
