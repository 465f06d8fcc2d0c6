"""Fewer points on an outline: Douglas–Peucker and Visvalingam, with holes, parts and shared borders kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import shapely

from segstudio.core.objects import PolygonShape
from segstudio.ops.booleans import from_shapely, to_shapely

Method = Literal["douglas-peucker", "visvalingam"]


def simplify(shape: PolygonShape, tolerance: float, *, method: Method = "douglas-peucker") -> PolygonShape:
    """The shape with fewer points; rings stay simple and holes stay inside.

    Douglas and Peucker (1973) keeps every dropped point within `tolerance` pixels of the new outline (a little more
    round a ring's first point); Visvalingam and Whyatt (1993) drops points whose triangle with their neighbours is
    smaller than `tolerance`² square pixels. The shape comes back unchanged where `tolerance` is not positive or nothing
    would be left.
    """
    if tolerance <= 0 or not shape.parts:
        return shape
    geometry = to_shapely(shape)
    if method == "visvalingam":
        simplified = from_shapely(shapely.coverage_simplify([geometry], tolerance)[0])
    else:
        simplified = from_shapely(shapely.simplify(geometry, tolerance, preserve_topology=True))
    return simplified if simplified.parts else shape


def simplify_together(shapes: Sequence[PolygonShape], tolerance: float) -> list[PolygonShape]:
    """Simplify neighbours so that the borders they share stay shared: no gaps, no overlaps (Visvalingam's measure).

    The shapes must not overlap and must have the same points along common borders, as outlines traced from one label
    map do.
    """
    if tolerance <= 0 or not shapes:
        return list(shapes)
    simplified = shapely.coverage_simplify([to_shapely(shape) for shape in shapes], tolerance)
    return [from_shapely(geometry) for geometry in simplified]
