"""Outlines of objects, or of one region of the raster, drawn to the picture's edges: one edit."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, Shape
from segstudio.core.raster import UNLABELLED
from segstudio.ops.paint_mode import PaintRule
from segstudio.session.document import Document
from segstudio.session.edits.reshape import editable, put_shapes

_EVERYWHERE = PaintRule()
_OUTLINE = 1.0
"""How closely the steps of pixels are followed by the line that is drawn to the edges."""


def snap_objects(document: Document, ids: Iterable[int]) -> int:
    """Draw the outlines of unlocked objects to the picture's edges; returns how many changed."""
    items = editable(document, ids)
    shapes = [_snapped(document, item.shape) for item in items]
    changed = [(item, shape) for item, shape in zip(items, shapes, strict=True) if shape is not None]
    return put_shapes(document, changed, "snap to the image")


def snap_region(document: Document, point_xy: tuple[float, float], *, rule: PaintRule = _EVERYWHERE) -> bool:
    """Draw the outline of the raster's region under a point to the picture's edges; whether anything changed.

    What the region gives up goes to what lies nearest. `rule` says what may be painted over.
    """
    from segstudio.ops import polygon
    from segstudio.ops.boundary_snap import REACH
    from segstudio.ops.contours import polygon_of_mask
    from segstudio.ops.fill import flood

    layer = document.labels
    x, y = int(np.floor(point_xy[0])), int(np.floor(point_xy[1]))
    if not layer.raster.bounds.holds(x, y) or int(layer.raster.ids_hw[y, x]) == UNLABELLED:
        return False
    segment_id = int(layer.raster.ids_hw[y, x])
    rect, mask_hw = flood(layer.raster.ids_hw, (x, y))
    snapped = _snapped(document, polygon_of_mask(mask_hw, offset_xy=(rect.x0, rect.y0)))
    if not isinstance(snapped, PolygonShape):
        return False
    room = rect.grown(2 * REACH).intersect(layer.raster.bounds)
    inside = polygon.fill_mask(snapped, room, document.size_hw)
    before = np.zeros(inside.shape, np.bool_)
    before[rect.moved(-room.x0, -room.y0).slices] = mask_hw
    ids_hw = layer.raster.view(room).copy()
    _give_to_nearest(ids_hw, before & ~inside, before | inside)
    ids_hw[inside & ~before] = segment_id
    chosen = rule.restrict(ids_hw != layer.raster.view(room), layer.raster.view(room))
    if not chosen.any():
        return False
    with document.begin("snap to the image", tool="snap") as stroke:
        stroke.write(room, np.where(chosen, ids_hw, layer.raster.view(room)))
    return True


def _give_to_nearest(ids_hw: NDArray[np.uint16], lost_hw: NDArray[np.bool_], taken_hw: NDArray[np.bool_]) -> None:
    others = np.where(taken_hw, 1, 0).astype(np.uint8)
    if not lost_hw.any():
        return
    if others.all():
        ids_hw[lost_hw] = UNLABELLED
        return
    _, nearest = cv2.distanceTransformWithLabels(others, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    number_of = np.zeros(int(nearest.max()) + 1, np.uint16)
    number_of[nearest[others == 0]] = ids_hw[others == 0]
    ids_hw[lost_hw] = number_of[nearest[lost_hw]]


def _snapped(document: Document, shape: Shape) -> Shape | None:
    """The shape drawn to the edges, of the kind that it was; None where nothing is gained by moving."""
    from segstudio.ops import polygon, rle
    from segstudio.ops.boundary_snap import REACH, snap_shape
    from segstudio.ops.contours import polygon_of_mask
    from segstudio.ops.shapes import mask_of
    from segstudio.ops.simplify import simplify

    bounds = Rect.of_size(*document.size_hw)
    outline = shape
    if not isinstance(shape, PolygonShape):
        box = shape.bounds()
        if box.is_empty:
            return None
        outline = polygon_of_mask(mask_of(shape, box, document.size_hw), offset_xy=(box.x0, box.y0))
    assert isinstance(outline, PolygonShape)
    line = simplify(outline, _OUTLINE) if outline.num_points > 64 else outline
    moved = snap_shape(line, document.pyramid.image_hwc)
    if moved is line or all(np.array_equal(a, b) for a, b in zip(moved.rings_xy, line.rings_xy, strict=True)):
        return None
    if isinstance(shape, PolygonShape):
        return moved
    room = moved.bounds().grown(REACH).intersect(bounds)
    return rle.mask_shape(polygon.fill_mask(moved, room, document.size_hw), size_hw=document.size_hw, at=room)
