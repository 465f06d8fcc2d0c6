"""Superpixel painting: the picture in view is divided into patches along its edges; a drag takes whole patches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.brush import stroke_path
from segstudio.ops.superpixels import MIN_CELL, Cells, patches_under, superpixels
from segstudio.ui.canvas.overlay import bounds_of
from segstudio.ui.canvas.tools.area import Purpose, apply_mask
from segstudio.ui.canvas.tools.asking import Asking, work_out
from segstudio.ui.canvas.tools.paths import draw_mask, screen_corners
from segstudio.ui.canvas.tools.sample import Sample, sample_of
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_MAX_PIXELS = 2_000_000
_CELL = 24.0
"""Side of a patch in logical pixels of the screen: patches get finer as one zooms in."""
_TIP = 0.5
"""Radius of the line that picks patches, in pixels of the sample."""
_HOVER_ALPHA, _ALPHA = 80, 110

Mask = NDArray[np.bool_]


class SuperpixelTool(Tool):
    """The patch under the pointer is shown; a drag gathers patches, and releasing the button gives them all at once.

    The patches are made in a worker and kept until the view changes; what is dragged before they are there counts.
    """

    id = "superpixel"
    title = "S&uperpixels"
    icon = "superpixel"
    key = "G"
    hint = "click or drag over patches; zoom in for finer ones · Alt takes away · Shift adds to an object · Esc drops"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._sample: Sample | None = None
        self._cells_hw: Cells | None = None
        self._at: Pointer | None = None
        self._path: list[Pointer] | None = None
        self._released = False
        self._purpose = Purpose()
        self._gathered: tuple[Rect, Mask] = EMPTY, np.zeros((0, 0), np.bool_)
        # In pixels of the sample, so that gathering costs what is seen, not what the picture has.
        self._asking = Asking(context.session, self._divide, self._keep)

    def hover(self, at: Pointer | None) -> None:
        self._at = at
        if self._path is not None:
            return
        if at is None:
            self._clear()
            return
        self._purpose = Purpose.of(at)
        self._look()
        self._gathered = self._patches([at])

    def press(self, at: Pointer) -> None:
        self._drop_path()
        self._look()
        if self._sample is None:
            return
        self._purpose = Purpose.of(at)
        self._at = at
        self._path = [at]
        self._gather([at])

    def move(self, points: Sequence[Pointer]) -> None:
        self._at = points[-1]
        if self._path is not None and not self._released:
            new = [self._path[-1], *points]
            self._path += points
            self._gather(new)

    def release(self, at: Pointer) -> None:
        if self._path is None:
            return
        self._released = True
        if self._cells_hw is not None:
            self._commit()

    def cancel(self) -> bool:
        if self._sample is not None and not self._sample.is_of(self.context):
            self._asking.drop()
            self._sample = self._cells_hw = None
        return self._drop_path()

    def paint_overlay(self, painter: QPainter) -> None:
        (box, mask_hw), sample = self._gathered, self._sample
        if sample is not None and not box.is_empty:
            alpha = _HOVER_ALPHA if self._path is None else _ALPHA
            color = self._purpose.color(self.context)
            draw_mask(painter, self.context, mask_hw, sample.rect_of(box), color, alpha, step=sample.step)

    def overlay_bounds(self) -> QRectF | None:
        (box, _), sample = self._gathered, self._sample
        if sample is None or box.is_empty:
            return None
        return bounds_of(screen_corners(self.context, sample.rect_of(box)))

    def _look(self) -> None:
        """Have the patches made for what is in view, unless they are there or on their way."""
        if self._sample is not None and self._sample.shows(self.context):
            return
        self._cells_hw = None
        self._clear()
        self._asking.drop()
        self._sample = sample_of(self.context, _MAX_PIXELS)
        if self._sample is not None:
            side = round(_CELL * self.context.image_px / self._sample.step)
            self._asking.ask((self._sample, max(MIN_CELL, side)))

    def _divide(self, wanted: tuple[Sample, int]) -> Cells:
        sample, side = wanted
        return superpixels(sample.image_hwc, cell=side)

    def _keep(self, wanted: tuple[Sample, int], cells_hw: Cells) -> None:
        self._cells_hw = cells_hw
        if self._path is not None:
            self._gather(self._path)
            if self._released:
                self._commit()
        elif self._at is not None:
            self._gathered = self._patches([self._at])
        self.context.refresh()

    def _gather(self, path: Sequence[Pointer]) -> None:
        rect, mask_hw = self._patches(path)
        if rect.is_empty:
            return
        before, before_hw = self._gathered if len(self._path or ()) > 1 else (EMPTY, mask_hw[:0, :0])
        whole = before.union(rect)
        both = np.zeros((whole.height, whole.width), np.bool_)
        both[rect.moved(-whole.x0, -whole.y0).slices] = mask_hw
        if not before.is_empty:
            both[before.moved(-whole.x0, -whole.y0).slices] |= before_hw
        self._gathered = whole, both

    def _patches(self, path: Sequence[Pointer]) -> tuple[Rect, Mask]:
        """The patches under a line of pointers, as pixels of the sample."""
        sample, cells_hw = self._sample, self._cells_hw
        nothing = EMPTY, np.zeros((0, 0), np.bool_)
        if sample is None or cells_hw is None:
            return nothing
        line_xy = np.array([sample.place(at.xy) for at in path], np.float64)
        # The middle of the pixel under the pointer, so that a tip of half a pixel never falls between pixels.
        tip, tip_hw = stroke_path(np.floor(line_xy) + 0.5, _TIP, Rect.of_size(*cells_hw.shape))
        if tip.is_empty or not tip_hw.any():
            return nothing
        return patches_under(cells_hw, tip, tip_hw)

    def _commit(self) -> None:
        (box, mask_hw), purpose, sample = self._gathered, self._purpose, self._sample
        self._drop_path()
        if sample is None or box.is_empty:
            return

        def apply(pixels: tuple[Rect, Mask]) -> None:
            if sample.is_of(self.context):
                apply_mask(self.context, *pixels, purpose, name="superpixels", tool=self.id)

        # Over a huge picture one pixel of the sample is hundreds of the image.
        weight = sample.rect_of(box).area // 4
        work_out(self.context.session, lambda: sample.on_image(box, mask_hw), apply, weight=weight)

    def _drop_path(self) -> bool:
        had, self._path = self._path is not None, None
        self._released = False
        self._clear()
        return had

    def _clear(self) -> None:
        self._gathered = EMPTY, np.zeros((0, 0), np.bool_)
