"""A connected piece of one segment in the label raster: what semantic mode has instead of objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import floor

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import PolygonShape
from segstudio.core.raster import UNLABELLED
from segstudio.ops.contours import polygon_of_mask
from segstudio.ops.fill import flood


@dataclass(frozen=True)
class Region:
    """The pixels `mask_hw` of `rect`, all of the segment `segment_id`."""

    segment_id: int
    rect: Rect
    mask_hw: NDArray[np.bool_]

    @cached_property
    def outline(self) -> PolygonShape:
        """Along the pixels' edges."""
        return polygon_of_mask(self.mask_hw, offset_xy=(self.rect.x0, self.rect.y0))

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies on one of its pixels."""
        return self.rect.holds(x, y) and bool(self.mask_hw[floor(y) - self.rect.y0, floor(x) - self.rect.x0])

    def meets(self, other: Region) -> bool:
        """Whether they have a pixel in common."""
        both = self.rect.intersect(other.rect)
        if both.is_empty:
            return False
        mine, others = (r.mask_hw[both.moved(-r.rect.x0, -r.rect.y0).slices] for r in (self, other))
        return bool((mine & others).any())

    def is_touched_by(self, rect: Rect) -> bool:
        """Whether a change of those pixels can concern it."""
        return not self.rect.intersect(rect).is_empty

    def is_current(self, layer: Layer) -> bool:
        """Whether the layer still has these pixels; undo and other tools may have changed them."""
        inside = layer.raster.bounds.contains(self.rect)
        return inside and bool((layer.raster.view(self.rect)[self.mask_hw] == self.segment_id).all())


def region_at(layer: Layer, x: float, y: float) -> Region | None:
    """The labelled piece under an image point; None where it is unlabelled or beyond the image."""
    column, row = floor(x), floor(y)
    if not layer.raster.bounds.holds(column, row):
        return None
    segment_id = int(layer.raster.ids_hw[row, column])
    if segment_id == UNLABELLED:
        return None
    rect, mask_hw = flood(layer.raster.ids_hw, (x, y))
    return Region(segment_id, rect, mask_hw)
