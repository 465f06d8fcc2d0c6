"""Holes closed and specks removed on single shapes, whatever form they have."""

from __future__ import annotations

from segstudio.core.objects import PolygonPart, PolygonShape, Shape
from segstudio.ops import components, rle
from segstudio.ops.polygon import signed_area


def without_holes(shape: Shape, *, smaller_than: float | None = None) -> Shape:
    """The shape with its holes closed; only those of fewer than `smaller_than` square pixels where given."""
    if isinstance(shape, PolygonShape):
        return PolygonShape(
            tuple(
                PolygonPart(
                    part.exterior_xy,
                    tuple(
                        hole
                        for hole in part.holes_xy
                        if smaller_than is not None and abs(signed_area(hole)) >= smaller_than
                    ),
                )
                for part in shape.parts
            )
        )
    if shape.box.is_empty:
        return shape
    limit = None if smaller_than is None else int(smaller_than)
    filled = components.fill_holes(rle.decode(shape, shape.box), smaller_than=limit)
    return rle.mask_shape(filled, size_hw=(shape.height, shape.width), at=shape.box)


def without_specks(shape: Shape, *, smaller_than: float) -> Shape:
    """The shape without its parts of fewer than `smaller_than` square pixels (of a polygon: holes not counted)."""
    if isinstance(shape, PolygonShape):
        return PolygonShape(
            tuple(
                part
                for part in shape.parts
                if abs(signed_area(part.exterior_xy)) - sum(abs(signed_area(h)) for h in part.holes_xy) >= smaller_than
            )
        )
    if shape.box.is_empty:
        return shape
    kept = components.remove_specks(rle.decode(shape, shape.box), smaller_than=int(smaller_than))
    return rle.mask_shape(kept, size_hw=(shape.height, shape.width), at=shape.box)
