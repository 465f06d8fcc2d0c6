"""The part of the picture that is in view, thinned where it has more pixels than a tool's work may take."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.ui.canvas.tools.tool import ToolContext

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """Every `step`-th pixel of `rect` in both directions, uint8 RGB `[h, w, 3]` (a view of the picture, not a copy)."""

    image_hwc: NDArray[np.uint8]
    rect: Rect
    step: int
    picture: object

    def is_of(self, context: ToolContext) -> bool:
        """Whether the picture is the open one; a sample of another keeps all of that in memory."""
        return context.document is not None and context.document.pyramid is self.picture

    def shows(self, context: ToolContext) -> bool:
        """Whether this is what is in view now."""
        document = context.document
        if document is None or not self.is_of(context):
            return False
        return context.visible_rect(document.labels.raster.bounds) == self.rect

    def place(self, xy: tuple[float, float]) -> tuple[float, float]:
        """Where an image point lies in `image_hwc`."""
        return (xy[0] - self.rect.x0) / self.step, (xy[1] - self.rect.y0) / self.step

    def rect_of(self, box: Rect) -> Rect:
        """A rectangle of `image_hwc` as one of the picture."""
        step, whole = self.step, self.rect
        wide = Rect(box.x0 * step, box.y0 * step, box.x1 * step, box.y1 * step)
        return wide.moved(whole.x0, whole.y0).intersect(whole)

    def on_image(self, box: Rect, mask_hw: Mask) -> tuple[Rect, Mask]:
        """Pixels of `image_hwc` as pixels of the picture: rectangle, and a mask of its size."""
        inside = self.rect_of(box)
        if self.step > 1:
            mask_hw = mask_hw.repeat(self.step, axis=0).repeat(self.step, axis=1)[: inside.height, : inside.width]
        return inside, mask_hw


def sample_of(context: ToolContext, max_pixels: int) -> Sample | None:
    """What is in view, of at most about `max_pixels`; None where no part of the picture is."""
    document = context.document
    if document is None:
        return None
    rect = context.visible_rect(document.labels.raster.bounds)
    if rect.is_empty:
        return None
    step = max(1, ceil(sqrt(rect.area / max_pixels)))
    rows, columns = rect.slices
    return Sample(document.pyramid.image_hwc[rows, columns][::step, ::step], rect, step, document.pyramid)
