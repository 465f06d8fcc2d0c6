"""Annotations of photographs whose EXIF data turn them: from the stored frame to the upright one and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio.core.geometry import Points
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject, Shape
from segstudio.ops import rle
from segstudio.ops.image import upright
from segstudio.ops.image_file import header_of

_BACK = {6: 8, 8: 6}
"""The orientation that undoes another, where it is not itself."""


def quarter_turn(path: Path, stated_hw: tuple[int, int], shown_hw: tuple[int, int]) -> int:
    """The EXIF orientation (5 … 8) by which a picture of the stated size is shown in the other; 0 where none is."""
    if (stated_hw[1], stated_hw[0]) != tuple(shown_hw):
        return 0
    orientation = header_of(path).orientation
    return orientation if orientation >= 5 else 0


def turned(objects: Iterable[SegObject], orientation: int, size_hw: tuple[int, int]) -> tuple[SegObject, ...]:
    """The objects of a stored image of `size_hw` as they lie in the upright one."""
    kept = ("bbox", "segmentation")
    return tuple(
        replace(
            item,
            shape=_turned(item.shape, orientation, size_hw),
            extra={k: v for k, v in item.extra.items() if k not in kept},
        )
        for item in objects
    )


def turned_back(objects: Iterable[SegObject], orientation: int, shown_hw: tuple[int, int]) -> tuple[SegObject, ...]:
    """The inverse of `turned`; `shown_hw` is the size of the upright image."""
    return turned(objects, _BACK.get(orientation, orientation), shown_hw)


def _turned(shape: Shape, orientation: int, size_hw: tuple[int, int]) -> Shape:
    if isinstance(shape, MaskShape):
        pixels = upright(rle.decode(shape), orientation)
        return rle.mask_shape(pixels, size_hw=(pixels.shape[0], pixels.shape[1]))
    return PolygonShape(
        tuple(
            PolygonPart(
                _turned_points(part.exterior_xy, orientation, size_hw),
                tuple(_turned_points(hole, orientation, size_hw) for hole in part.holes_xy),
            )
            for part in shape.parts
        )
    )


def _turned_points(points_xy: Points, orientation: int, size_hw: tuple[int, int]) -> Points:
    height, width = size_hw
    x, y = points_xy.T
    if orientation >= 5:
        x, y, height, width = y, x, width, height
    if orientation in (3, 4, 7, 8):
        y = height - y
    if orientation in (2, 3, 6, 7):
        x = width - x
    return np.stack((x, y), axis=1)
