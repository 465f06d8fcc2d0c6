"""Colour range: press a colour and all of its like in view, or in the selected object, is taken at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.fill import wand, wand_space
from segstudio.ops.shapes import mask_of
from segstudio.ui.canvas.tools.tool import ToolContext
from segstudio.ui.canvas.tools.wand import WandTool, Wanted


class ColourRangeTool(WandTool):
    """As the wand, but what it takes need not hang together. Objects that are selected limit it."""

    id = "colour_range"
    title = "Colour ra&nge"
    icon = "colourrange"
    key = "Shift+W"
    hint = (
        "press a colour: all like it in view, or in the selected object; drag right for more or left for less · "
        "Alt takes away · Esc drops"
    )
    edit_name = "colour range"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._limit: tuple[Rect, NDArray[np.bool_]] | None = None

    def _begin(self) -> None:
        """The selection as it is at the press is the limit."""
        self._limit = None
        document, chosen = self.context.document, self.context.view.selection
        if document is None or self.context.view.mode != "objects":
            return
        items = [item for key in sorted(chosen) if (item := document.labels.objects.get(key)) is not None]
        whole = Rect.of_size(*document.size_hw)
        boxes = [item.bounds().grown(1).intersect(whole) for item in items]
        boxes = [box for box in boxes if not box.is_empty]
        if not boxes:
            return
        room = boxes[0]
        for box in boxes[1:]:
            room = room.union(box)
        limit_hw = np.zeros((room.height, room.width), np.bool_)
        for item in items:
            limit_hw |= mask_of(item.shape, room, document.size_hw)
        self._limit = room, limit_hw

    def _search(self, wanted: Wanted) -> tuple[Rect, NDArray[np.bool_]]:
        sample = wanted.sample
        if self._space is None or self._space[0] is not sample:
            self._space = sample, wand_space(sample.image_hwc)
        seed_xy = sample.place(wanted.seed_xy)
        box, mask_hw = wand(self._space[1], seed_xy, wanted.tolerance, contiguous=False)
        if box.is_empty:
            return EMPTY, mask_hw
        rect, mask_hw = sample.on_image(box, mask_hw)
        if self._limit is None:
            return rect, mask_hw
        room, limit_hw = self._limit
        inside = rect.intersect(room)
        if inside.is_empty:
            return EMPTY, np.zeros((0, 0), np.bool_)
        both = mask_hw[inside.moved(-rect.x0, -rect.y0).slices] & limit_hw[inside.moved(-room.x0, -room.y0).slices]
        return inside, both
