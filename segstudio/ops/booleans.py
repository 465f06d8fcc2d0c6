"""Polygon algebra through shapely: union, subtract, intersect, exclusive or, cutting by a line, validity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.ops import split
from shapely.validation import explain_validity

from segstudio.core.errors import UserError
from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonPart, PolygonShape

GRID = 2.0**-20
"""Results lie on a grid of a millionth of a pixel: on plain floating-point numbers GEOS gives wrong areas where edges
almost coincide, as they do between neighbours.
"""


def why_invalid(shape: PolygonShape) -> str | None:
    """What is wrong with the outlines ("Self-intersection at (3, 4)"), or None; nothing is repaired here."""
    for part in shape.parts:
        if any(len(ring) < 3 for ring in part.rings_xy):
            return "a ring has fewer than three points"
        if not all(np.isfinite(ring).all() for ring in part.rings_xy):
            return "a point is not a number"
        reason = explain_validity(Polygon(part.exterior_xy, part.holes_xy))
        if reason != "Valid Geometry":
            return str(reason).replace("[", " at (").replace("]", ")")
    return None


def union(first: PolygonShape, second: PolygonShape) -> PolygonShape:
    """Everything that either covers."""
    return from_shapely(shapely.union(to_shapely(first), to_shapely(second), grid_size=GRID))


def union_of(shapes: Iterable[PolygonShape]) -> PolygonShape:
    """Everything that any of them covers."""
    return from_shapely(shapely.union_all([to_shapely(shape) for shape in shapes], grid_size=GRID))


def subtract(first: PolygonShape, second: PolygonShape) -> PolygonShape:
    """What `first` covers and `second` does not."""
    return from_shapely(shapely.difference(to_shapely(first), to_shapely(second), grid_size=GRID))


def intersect(first: PolygonShape, second: PolygonShape) -> PolygonShape:
    """What both cover."""
    return from_shapely(shapely.intersection(to_shapely(first), to_shapely(second), grid_size=GRID))


def xor(first: PolygonShape, second: PolygonShape) -> PolygonShape:
    """What exactly one of them covers."""
    return from_shapely(shapely.symmetric_difference(to_shapely(first), to_shapely(second), grid_size=GRID))


def cut(shape: PolygonShape, line_xy: Points) -> list[PolygonShape]:
    """The pieces into which an open line cuts the shape, largest first; one piece where it does not cut through."""
    if len(line_xy) < 2:
        return [shape]
    pieces = [piece for part in _polygons(to_shapely(shape)) for piece in split(part, LineString(line_xy)).geoms]
    if len(pieces) <= len(shape.parts):
        return [shape]
    shapes = [from_shapely(piece) for piece in sorted(pieces, key=lambda piece: -piece.area)]
    return [piece for piece in shapes if piece.parts]


def repaired(shape: PolygonShape) -> PolygonShape:
    """The shape with valid outlines that cover the same area by the even-odd rule; for a repair that a person asks."""
    return from_shapely(to_shapely(shape))


def to_shapely(shape: PolygonShape) -> Any:
    """A valid shapely Polygon or MultiPolygon of the shape; self-crossing rings are read by the even-odd rule.

    Raises `UserError` where a point is not a number.
    """
    if not all(np.isfinite(ring).all() for ring in shape.rings_xy):
        raise UserError("a polygon has a point that is not a number")
    polygons = []
    for part in shape.parts:
        if len(part.exterior_xy) >= 3:
            polygon = Polygon(part.exterior_xy, [hole for hole in part.holes_xy if len(hole) >= 3])
            polygons.append(polygon if polygon.is_valid else shapely.make_valid(polygon))
    if not polygons:
        return MultiPolygon()
    return polygons[0] if len(polygons) == 1 else shapely.union_all(polygons, grid_size=GRID)


def _polygons(geometry: Any) -> list[Any]:
    if geometry.geom_type == "Polygon":
        return [] if geometry.is_empty else [geometry]
    return [polygon for piece in getattr(geometry, "geoms", ()) for polygon in _polygons(piece)]


def from_shapely(geometry: Any) -> PolygonShape:
    """The areas of any shapely geometry; points and lines that an operation left over are dropped."""
    return PolygonShape(
        tuple(
            PolygonPart(_ring(polygon.exterior), tuple(_ring(hole) for hole in polygon.interiors))
            for polygon in _polygons(geometry)
        )
    )


def _ring(ring: Any) -> Points:
    return np.array(ring.coords, np.float64)[:-1, :2]
