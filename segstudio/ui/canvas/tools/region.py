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
from segstudio.ops.fill import flood, flood_within


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

    def is_current(self, layer: Layer, *, within: Rect | None = None) -> bool:
        """Whether the layer still has these pixels (those `within` a rectangle where no others can have changed);
        undo and other tools may have changed them.
        """
        if not layer.raster.bounds.contains(self.rect):
            return False
        looked = self.rect if within is None else self.rect.intersect(within)
        mask_hw = self.mask_hw[looked.moved(-self.rect.x0, -self.rect.y0).slices]
        return not (mask_hw & (layer.raster.view(looked) != self.segment_id)).any()

    def of_segment(self, segment_id: int) -> Region:
        """The same pixels as those of another segment; an outline that is known stays known."""
        other = Region(segment_id, self.rect, self.mask_hw)
        if "outline" in self.__dict__:
            other.__dict__["outline"] = self.outline
        return other


def is_labelled_at(layer: Layer, x: float, y: float) -> bool:
    """Whether there is a labelled piece under an image point."""
    column, row = floor(x), floor(y)
    return layer.raster.bounds.holds(column, row) and int(layer.raster.ids_hw[row, column]) != UNLABELLED


def region_at(layer: Layer, x: float, y: float) -> Region | None:
    """The labelled piece under an image point; None where it is unlabelled or beyond the image."""
    if not is_labelled_at(layer, x, y):
        return None
    return Region(int(layer.raster.ids_hw[floor(y), floor(x)]), *flood(layer.raster.ids_hw, (x, y)))


def near_region_at(layer: Layer, x: float, y: float, *, pixels: int) -> Region | None:
    """`region_at`, given up where one would have to look at more than `pixels` at a time: None then too."""
    if not is_labelled_at(layer, x, y):
        return None
    found = flood_within(layer.raster.ids_hw, (x, y), pixels)
    return Region(int(layer.raster.ids_hw[floor(y), floor(x)]), *found) if found is not None else None
