"""Pictures as segmenters get them: whole, and the part in view of those that are larger than a network sees."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.prompt import Prompt

if TYPE_CHECKING:
    from segstudio.core.layer import Layer
    from segstudio.render.pyramid import Pyramid

WHOLES, PARTS = 4, 6
"""Pictures and parts whose numbers are remembered."""
COARSE = 2.0
"""From so many pixels of the picture to one of the network on, a part is embedded where one is looked at closely."""
_ROOM = 4 / 3
"""Sides of a part, relative to what is in view: the view may move by a tenth before another part is needed."""
_FINEST = 0.5
"""A part is at least so large, relative to the network's side: to enlarge it further shows nothing new."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A frame of what lies within `rect` of an image of `size_hw`."""

    rect: Rect
    size_hw: tuple[int, int]
    frame: Frame

    @property
    def is_whole(self) -> bool:
        return self.rect == Rect.of_size(*self.size_hw)

    def holds(self, prompt: Prompt) -> bool:
        """Whether everything that a prompt points at, and the mask that it starts from, lie within."""
        if self.is_whole:
            return True
        bounds = prompt.bounds().intersect(Rect.of_size(*self.size_hw))
        return bounds.is_empty or self.rect.intersect(bounds) == bounds

    def cuts(self, found: Rect) -> bool:
        """Whether something that was found goes on beyond a side which is not one of the image's."""
        inner, (height, width) = self.rect, self.size_hw
        return (
            (0 < inner.x0 >= found.x0)
            or (0 < inner.y0 >= found.y0)
            or (width > inner.x1 <= found.x1)
            or (height > inner.y1 <= found.y1)
        )


def part_in_view(seen: Rect, size_hw: tuple[int, int], side: int | None) -> Rect | None:
    """The part to embed while `seen` is in view; None where the whole picture is fine enough.

    `side` is what the network sees of a picture (longer side, pixels). Parts have sides of a half, a quarter … of the
    picture's and lie on a grid of a quarter of their own, so that a view that moves a little meets the same part.
    """
    height, width = size_hw
    longer, wanted = max(height, width), _ROOM * max(seen.width, seen.height)
    if side is None or seen.is_empty or longer < COARSE * side:
        return None
    length = float(longer)
    while length / 2 >= max(wanted, _FINEST * side):
        length /= 2
    if length == longer:
        return None
    step = length / 4
    spans = []
    for low, high, full in ((seen.x0, seen.x1, width), (seen.y0, seen.y1, height)):
        size = min(full, round(length))
        start = round(round(((low + high - length) / 2) / step) * step)
        start = min(max(0, start), full - size)
        spans.append((start, start + size))
    (x0, x1), (y0, y1) = spans
    return Rect(x0, y0, x1, y1)


class PromptFrames:
    """Frames by picture, each with a number of its own; the last ones are remembered. Safe from any thread only where
    it says so.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._wholes: OrderedDict[int, tuple[Pyramid, Frame]] = OrderedDict()
        self._parts: OrderedDict[tuple[str, Rect], Part] = OrderedDict()

    def make(self, pyramid: Pyramid, truth: Layer | None) -> Frame:
        """A frame to send, with the things of a truth. Takes a while; from any thread."""
        from segstudio.session.assist.prompt_results import things_of

        things_hw = None if truth is None else things_of(truth)
        return Frame(f"{next(self._numbers)}", np.ascontiguousarray(pyramid.image_hwc), things_hw)

    def known(self, pyramid: Pyramid, *, with_truth: bool) -> Frame | None:
        """The frame that a picture has, where it has what is needed."""
        found = self._wholes.get(id(pyramid))
        if found is None or (with_truth and found[1].truth_hw is None):
            return None
        return found[1]

    def remember(self, pyramid: Pyramid, frame: Frame) -> Frame:
        """The pyramid is held too: as long as it is, no other has its `id`."""
        self._wholes[id(pyramid)] = pyramid, frame
        self._wholes.move_to_end(id(pyramid))
        while len(self._wholes) > WHOLES:
            self._wholes.popitem(last=False)
        return frame

    def whole(self, frame: Frame) -> Part:
        """The frame of a picture as a part that lacks nothing."""
        return Part(Rect.of_size(*frame.size_hw), frame.size_hw, frame)

    def part(self, frame: Frame, rect: Rect) -> Part | None:
        """A part that was cut out before."""
        return self._parts.get((frame.id, rect))

    def cut(self, frame: Frame, rect: Rect) -> Part:
        """Cut a part out of the frame of a whole picture. Copies; from any thread."""
        truth_hw: Any = None if frame.truth_hw is None else np.ascontiguousarray(frame.truth_hw[rect.slices])
        image_hwc = np.ascontiguousarray(frame.image_hwc[rect.slices])
        return Part(rect, frame.size_hw, Frame(f"{next(self._numbers)}", image_hwc, truth_hw))

    def forget(self) -> None:
        """Forget all pictures: their pixels or their truth are others now."""
        self._wholes.clear()
        self._parts.clear()

    def keep(self, frame: Frame, part: Part) -> Part:
        """Remember a part, unless another was faster."""
        found = self._parts.setdefault((frame.id, part.rect), part)
        self._parts.move_to_end((frame.id, part.rect))
        while len(self._parts) > PARTS:
            self._parts.popitem(last=False)
        return found
