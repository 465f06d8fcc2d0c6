"""The picture under the layers: samples of one level, interpolated or square, as words for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.render.pyramid import Pyramid
from segstudio.render.sampling import Axis, channels, sample
from segstudio.render.scratch import Scratch
from segstudio.render.tone import Tone

LINEAR_BELOW = 2.0
"""Below this scale photos are interpolated, from it on their pixels are shown as squares."""

_STEPS = 32
"""Positions between two pixels are rounded to 1/32: the weights and sums of 8-bit values are then exact in float32,
wherever the window that OpenCV sees begins."""


@dataclass(frozen=True, slots=True)
class _Between:
    """Positions between the pixels of an axis of `count`, in steps of 1/32."""

    position: NDArray[np.float64]
    count: int

    def part(self, start: int, stop: int) -> _Between:
        return _Between(self.position[start:stop], self.count)

    @property
    def covered(self) -> tuple[int, int]:
        """The pixels, from and to, that interpolation looks at."""
        low = floor(min(self.position[0], self.position[-1]))
        high = floor(max(self.position[0], self.position[-1])) + 2
        return min(max(0, low), self.count - 1), max(1, min(self.count, high))


class PhotoSampler:
    """Draws parts of what a rectangle of device pixels shows of a picture, in the image's own orientation.

    `x` and `y` are the image coordinates of the columns and rows that are drawn (`Grid`), `level` is where the samples
    come from and `scale` device pixels per image pixel. `tone` maps the samples (None only for 8-bit RGB).
    Interpolates below 200 % and shows square pixels from there; a level much finer than the screen (the coarser ones
    are not ready yet) is not filtered.
    """

    def __init__(
        self,
        photo: Pyramid,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        *,
        level: int,
        scale: float,
        tone: Tone | None = None,
    ) -> None:
        self._source = photo.level(level)
        self._is_plain = photo.is_plain
        self._tone = tone
        height, width = self._source.shape[:2]
        x, y = x / 2**level, y / 2**level
        self._x: Axis | _Between = Axis.of(x, width)
        self._y: Axis | _Between = Axis.of(y, height)
        if LINEAR_BELOW > scale * 2**level >= 0.5:
            between_x, between_y = (np.floor((at - 0.5) * _STEPS + 0.5) / _STEPS for at in (x, y))
            # Where each position falls on a pixel there is nothing to interpolate.
            if not (_are_whole(between_x) and _are_whole(between_y)):
                self._x, self._y = _Between(between_x, width), _Between(between_y, height)
            else:
                self._x, self._y = Axis.of(between_x, width), Axis.of(between_y, height)

    def draw(self, target_hw: NDArray[np.uint32], columns: slice, rows: slice, scratch: Scratch) -> None:
        """Write those columns and rows of the rectangle into `target_hw` as 0xFFRRGGBB."""
        x, y = (axis.part(part.start, part.stop) for axis, part in ((self._x, columns), (self._y, rows)))
        if not self._is_plain:
            self._draw_samples(target_hw, x, y, scratch)
            return
        if isinstance(x, Axis) and isinstance(y, Axis):
            _draw_nearest(self._source, target_hw, x, y, scratch)
        elif isinstance(x, _Between) and isinstance(y, _Between):
            _draw_interpolated(self._source, target_hw, x, y, scratch)
        if self._tone is not None:
            _apply_tone(target_hw, self._tone)

    def _draw_samples(
        self, target_hw: NDArray[np.uint32], x: Axis | _Between, y: Axis | _Between, scratch: Scratch
    ) -> None:
        """Other samples than 8-bit RGB: what is looked up are the samples of the view alone."""
        tone, pixels = self._tone, channels(target_hw)
        assert tone is not None
        for place, (channel, table) in enumerate(zip(tone.channels, tone.tables, strict=True)):
            plane = self._source if self._source.ndim == 2 else self._source[:, :, channel]
            if isinstance(x, Axis) and isinstance(y, Axis):
                sampled = sample(plane, x, y, scratch, "photo")
            else:
                assert isinstance(x, _Between)
                assert isinstance(y, _Between)
                sampled = _interpolated(plane, x, y, scratch)
            shown = scratch.array("photo shown", sampled.shape, np.uint8)
            np.take(table, sampled, out=shown, mode="clip")
            if len(tone.channels) == 1:
                cv2.cvtColor(shown, cv2.COLOR_GRAY2BGRA, dst=pixels)
            else:
                cv2.insertChannel(shown, pixels, 2 - place)
        pixels[:, :, 3] = 255


def _are_whole(position: NDArray[np.float64]) -> bool:
    return bool((position == np.floor(position)).all())


def _draw_nearest(source: NDArray[Any], target_hw: NDArray[np.uint32], x: Axis, y: Axis, scratch: Scratch) -> None:
    if source.ndim == 3 and 2 * len(x) * len(y) < (x.high - x.low) * (y.high - y.low):
        # Far fewer samples than pixels: pick first, then turn into words.
        cv2.cvtColor(source[y.index].take(x.index, axis=1), cv2.COLOR_RGB2BGRA, dst=channels(target_hw))
        return
    if source.ndim == 3 and x.step == y.step == 1:
        cv2.cvtColor(source[y.as_slice, x.as_slice], cv2.COLOR_RGB2BGRA, dst=channels(target_hw))
        return
    rect = Rect(x.low, y.low, x.high, y.high)
    within = Axis(x.index - x.low, x.step), Axis(y.index - y.low, y.step)
    target_hw[...] = sample(_words(source, rect, scratch), *within, scratch, "photo")


def _draw_interpolated(
    source: NDArray[Any], target_hw: NDArray[np.uint32], x: _Between, y: _Between, scratch: Scratch
) -> None:
    # OpenCV refuses sides of 32,767 and more: it only gets to see the part in view.
    (x0, x1), (y0, y1) = x.covered, y.covered
    words = _words(source, Rect(x0, y0, x1, y1), scratch)
    x_map, y_map = _maps(x, y, (x0, y0), scratch)
    cv2.remap(channels(words), x_map, y_map, cv2.INTER_LINEAR, dst=channels(target_hw), borderMode=cv2.BORDER_REPLICATE)


def _interpolated(plane_hw: NDArray[Any], x: _Between, y: _Between, scratch: Scratch) -> NDArray[Any]:
    (x0, x1), (y0, y1) = x.covered, y.covered
    window = scratch.array("photo plane", (y1 - y0, x1 - x0), plane_hw.dtype)
    window[...] = plane_hw[y0:y1, x0:x1]
    x_map, y_map = _maps(x, y, (x0, y0), scratch)
    sampled = scratch.array("photo", x_map.shape, plane_hw.dtype)
    cv2.remap(window, x_map, y_map, cv2.INTER_LINEAR, dst=sampled, borderMode=cv2.BORDER_REPLICATE)
    return sampled


def _maps(x: _Between, y: _Between, origin: tuple[int, int], scratch: Scratch) -> tuple[NDArray[Any], NDArray[Any]]:
    """The positions as OpenCV wants them, counted from `origin`: float32 `[len(y), len(x)]`, twice."""
    shape = len(y.position), len(x.position)
    x_map, y_map = scratch.array("photo x", shape, np.float32), scratch.array("photo y", shape, np.float32)
    x_map[...] = (x.position - origin[0]).astype(np.float32)
    y_map[...] = (y.position - origin[1]).astype(np.float32)[:, None]
    return x_map, y_map


def _words(source: NDArray[Any], rect: Rect, scratch: Scratch) -> NDArray[np.uint32]:
    """A rectangle of a level as screen words."""
    if source.ndim == 2:
        return source[rect.slices]
    words = scratch.array("photo words", (rect.height, rect.width), np.uint32)
    cv2.cvtColor(source[rect.slices], cv2.COLOR_RGB2BGRA, dst=channels(words))
    return words


def _apply_tone(words_hw: NDArray[np.uint32], tone: Tone) -> None:
    """Choose channels of drawn words and look their values up."""
    pixels = channels(words_hw)
    if len(tone.channels) == 1:
        plane = cv2.extractChannel(pixels, 2 - tone.channels[0])
        cv2.cvtColor(cv2.LUT(plane, tone.tables[0]), cv2.COLOR_GRAY2BGRA, dst=pixels)
        return
    if tone.channels != (0, 1, 2):
        pixels[:, :, :3] = pixels[:, :, [2 - channel for channel in reversed(tone.channels)]]
    # Four columns, so that the word's fourth byte stays opaque.
    table = np.stack((*reversed(tone.tables), np.full(256, 255, np.uint8)), axis=1)[None]
    cv2.LUT(pixels, table, dst=pixels)
