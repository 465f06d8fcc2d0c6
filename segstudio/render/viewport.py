"""Where the view stands: the one transform between image pixels and the device pixels of the canvas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, frexp

from segstudio.core.geometry import EMPTY, Rect

MIN_SCALE, MAX_SCALE = 1 / 256, 128.0
"""Limits of the zoom, in device pixels per image pixel."""

_GRAIN = 256
"""The view's corner lies on multiples of 1/256 device pixel: adding whole pixels to such numbers never rounds."""

_TURNS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
"""(a, b, c, d) of u = a·x + b·y, v = c·x + d·y for 0 … 3 clockwise quarter turns."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """A window of `width_px` × `height_px` device pixels onto the image, turned about its origin, then scaled.

    `scale` is in device pixels per image pixel; `left`, `top` say where the window's corner lies in the turned and
    scaled image, in device pixels (rounded to 1/256, which makes a pan by whole pixels exact, and to whole pixels where
    the picture's own pixels then show unblended).
    """

    width_px: int
    height_px: int
    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0
    quarter_turns: int = 0

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError(f"a view of {self.width_px}×{self.height_px} device pixels shows nothing")
        object.__setattr__(self, "scale", min(max(float(self.scale), MIN_SCALE), MAX_SCALE))
        # At 100 %, 50 %, 25 % … pixels of the picture, or means of them, fall exactly on pixels of the screen.
        grain = 1 if self.scale <= 1 and frexp(self.scale)[0] == 0.5 else _GRAIN
        object.__setattr__(self, "left", round(self.left * grain) / grain)
        object.__setattr__(self, "top", round(self.top * grain) / grain)
        object.__setattr__(self, "quarter_turns", self.quarter_turns % 4)

    @property
    def bounds(self) -> Rect:
        """All device pixels of the view."""
        return Rect(0, 0, self.width_px, self.height_px)

    @property
    def offset(self) -> tuple[float, float]:
        """The image point (x, y) under the view's upper left corner."""
        return self.to_image(0.0, 0.0)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """The image point under the device point (x, y)."""
        u, v = (x + self.left) / self.scale, (y + self.top) / self.scale
        a, b, c, d = _TURNS[self.quarter_turns]
        return a * u + c * v, b * u + d * v

    def to_widget(self, x: float, y: float) -> tuple[float, float]:
        """The device point over the image point (x, y)."""
        a, b, c, d = _TURNS[self.quarter_turns]
        return (a * x + b * y) * self.scale - self.left, (c * x + d * y) * self.scale - self.top

    def visible_rect(self, bounds: Rect) -> Rect:
        """The image pixels, out of `bounds`, that the view shows at least in part."""
        x0, y0 = self.to_image(0.0, 0.0)
        x1, y1 = self.to_image(self.width_px, self.height_px)
        low_x, high_x, low_y, high_y = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        return Rect(floor(low_x), floor(low_y), ceil(high_x), ceil(high_y)).intersect(bounds)

    def device_rect(self, rect: Rect, margin: int = 0) -> Rect:
        """The device pixels of the view that show a pixel of the image rectangle, or lie `margin` round them."""
        if rect.is_empty:
            return EMPTY
        x0, y0 = self.to_widget(rect.x0, rect.y0)
        x1, y1 = self.to_widget(rect.x1, rect.y1)
        low_x, high_x, low_y, high_y = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        return Rect(floor(low_x), floor(low_y), ceil(high_x), ceil(high_y)).grown(margin + 1).intersect(self.bounds)

    def panned(self, dx: float, dy: float) -> Viewport:
        """The picture moved by (dx, dy) device pixels."""
        return replace(self, left=self.left - dx, top=self.top - dy)

    def zoomed_at(self, factor: float, x: float, y: float) -> Viewport:
        """Zoomed so that the image point under the device point (x, y) stays there."""
        return self.scaled_at(self.scale * factor, x, y)

    def scaled_at(self, scale: float, x: float, y: float) -> Viewport:
        """With another scale, the image point under the device point (x, y) staying there."""
        scale = min(max(scale, MIN_SCALE), MAX_SCALE)
        ratio = scale / self.scale
        return replace(self, scale=scale, left=(x + self.left) * ratio - x, top=(y + self.top) * ratio - y)

    def centred_on(self, x: float, y: float) -> Viewport:
        """With the image point (x, y) in the middle of the view."""
        at_x, at_y = self.to_widget(x, y)
        return self.panned(self.width_px / 2 - at_x, self.height_px / 2 - at_y)

    def resized(self, width_px: int, height_px: int) -> Viewport:
        """With another size, the image point in the middle staying in the middle."""
        x, y = self.to_image(self.width_px / 2, self.height_px / 2)
        return replace(self, width_px=width_px, height_px=height_px).centred_on(x, y)

    def turned(self, quarter_turns: int) -> Viewport:
        """Turned clockwise by that many quarter turns about the middle of the view."""
        x, y = self.to_image(self.width_px / 2, self.height_px / 2)
        return replace(self, quarter_turns=self.quarter_turns + quarter_turns).centred_on(x, y)

    def fit(self, size_hw: tuple[int, int], *, margin_px: int = 0) -> Viewport:
        """The whole image, of (height, width) pixels, centred and as large as the view allows."""
        return self.fit_rect(Rect.of_size(*size_hw), margin_px=margin_px)

    def fit_rect(self, rect: Rect, *, margin_px: int = 0, max_scale: float = MAX_SCALE) -> Viewport:
        """The image rectangle, centred and as large as the view and `max_scale` allow."""
        across, down = rect.width, rect.height
        if self.quarter_turns % 2:
            across, down = down, across
        room_x, room_y = max(1, self.width_px - 2 * margin_px), max(1, self.height_px - 2 * margin_px)
        scale = min(room_x / max(1, across), room_y / max(1, down), max_scale)
        return replace(self, scale=scale).centred_on((rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2)

    def kept_near(self, size_hw: tuple[int, int], *, keep_px: int = 64) -> Viewport:
        """Moved back just so far that at least `keep_px` device pixels of the image stay in the view."""
        height, width = size_hw
        x0, y0 = self.to_widget(0, 0)
        x1, y1 = self.to_widget(width, height)
        low_x, high_x, low_y, high_y = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        keep_x = min(keep_px, high_x - low_x, self.width_px)
        keep_y = min(keep_px, high_y - low_y, self.height_px)
        dx = max(0.0, keep_x - high_x) - max(0.0, low_x - (self.width_px - keep_x))
        dy = max(0.0, keep_y - high_y) - max(0.0, low_y - (self.height_px - keep_y))
        return self.panned(dx, dy)
