"""Which image pixel each device pixel shows, and gathering those pixels; the same device pixel always samples alike."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.render.pyramid import Pyramid
from segstudio.render.scratch import Scratch
from segstudio.render.tone import Tone
from segstudio.render.viewport import Viewport

LINEAR_BELOW = 2.0
"""Below this scale photos are interpolated, from it on their pixels are shown as squares."""

_STEPS = 32
"""Positions between two pixels are rounded to 1/32: the weights and sums of 8-bit values are then exact in float32,
wherever the window that OpenCV sees begins."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The image positions of a rectangle of device pixels.

    `x` and `y` are float64 image coordinates of the pixel middles; `x` runs along the columns of `rect` and `y` along
    its rows, or the other way round where `is_swapped` (odd quarter turns). Each value follows from the absolute
    device position alone, so that any two rectangles agree where they overlap.
    """

    rect: Rect
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    is_swapped: bool

    @classmethod
    def of(cls, viewport: Viewport, rect: Rect) -> Grid:
        """The grid of `rect`, in device pixels of `viewport`; it may reach beyond the view."""
        columns = np.arange(rect.x0, rect.x1, dtype=np.float64)
        rows = np.arange(rect.y0, rect.y1, dtype=np.float64)
        u: NDArray[np.float64] = (columns + (viewport.left + 0.5)) / viewport.scale
        v: NDArray[np.float64] = (rows + (viewport.top + 0.5)) / viewport.scale
        match viewport.quarter_turns:
            case 0:
                return cls(rect, u, v, False)
            case 1:
                return cls(rect, v, -u, True)
            case 2:
                return cls(rect, -u, -v, False)
            case _:
                return cls(rect, -v, u, True)

    def inside(self, size_hw: tuple[int, int]) -> Rect:
        """The part of `rect` (device pixels) whose middles lie on the image of that (height, width)."""
        height, width = size_hw
        in_x = np.flatnonzero((self.x >= 0) & (self.x < width))
        in_y = np.flatnonzero((self.y >= 0) & (self.y < height))
        if in_x.size == 0 or in_y.size == 0:
            return Rect(self.rect.x0, self.rect.y0, self.rect.x0, self.rect.y0)
        columns, rows = (in_y, in_x) if self.is_swapped else (in_x, in_y)
        return Rect(
            self.rect.x0 + int(columns[0]),
            self.rect.y0 + int(rows[0]),
            self.rect.x0 + int(columns[-1]) + 1,
            self.rect.y0 + int(rows[-1]) + 1,
        )


def sample_nearest(source: NDArray[Any], grid: Grid, scratch: Scratch, name: str = "sampled") -> NDArray[Any]:
    """The pixel of `source`, `[H, W]`, under each device pixel: `[rect.height, rect.width]`, in scratch memory `name`.

    Positions beyond the border take the nearest border pixel.
    """
    height, width = source.shape
    x = np.clip(np.floor(grid.x), 0, width - 1).astype(np.intp)
    y = np.clip(np.floor(grid.y), 0, height - 1).astype(np.intp)
    return gather(source, x, y, scratch, name, is_swapped=grid.is_swapped)


def gather(
    source: NDArray[Any],
    x: NDArray[np.intp],
    y: NDArray[np.intp],
    scratch: Scratch,
    name: str,
    *,
    is_swapped: bool,
) -> NDArray[Any]:
    """`source[y, x]` for every pair of a row index and a column index, rows along the first axis unless swapped."""
    x0, x1 = int(min(x[0], x[-1])), int(max(x[0], x[-1])) + 1
    y0, y1 = int(min(y[0], y[-1])), int(max(y[0], y[-1])) + 1
    window = source[y0:y1, x0:x1]
    sampled = scratch.array(name, (len(y), len(x)), source.dtype)
    if _is_identity(x - x0, x1 - x0):
        _take(window, y - y0, 0, sampled)
    elif len(y) <= y1 - y0:
        # The smaller intermediate first: fewer rows when shrinking, fewer columns when enlarging.
        _take(window[y - y0], x - x0, 1, sampled)
    else:
        narrow = scratch.array(name + " columns", (y1 - y0, len(x)), source.dtype)
        _take(window, x - x0, 1, narrow)
        _take(narrow, y - y0, 0, sampled)
    if not is_swapped:
        return sampled
    turned = scratch.array(name + " turned", (len(x), len(y)), source.dtype)
    turned[...] = sampled.T
    return turned


def _take(source: NDArray[Any], index: NDArray[np.intp], axis: int, out: NDArray[Any]) -> None:
    if axis == 0 and _is_identity(index, source.shape[0]):
        out[...] = source
    elif axis == 0 and not source.flags.c_contiguous:
        out[...] = source[index]
    else:
        # Without "clip" numpy gathers into a buffer of its own first; the indices are in range as they are.
        np.take(source, index, axis=axis, out=out, mode="clip")


def _is_identity(index: NDArray[np.intp], count: int) -> bool:
    return len(index) == count and bool((index == np.arange(count)).all())


def draw_photo(
    photo: Pyramid,
    grid: Grid,
    scratch: Scratch,
    target_hw: NDArray[np.uint32],
    *,
    level: int,
    scale: float,
    tone: Tone | None = None,
) -> None:
    """Write the picture under each device pixel, taken from `level`, into `target_hw` as 0xFFRRGGBB.

    `tone` maps the picture's samples (None only for 8-bit RGB). Interpolates below 200 % and shows square pixels from
    there; a level much finer than the screen (the coarser ones are not ready yet) is not filtered.
    """
    level_scale = scale * 2**level
    if not photo.is_plain:
        assert tone is not None
        draw_samples(photo, grid, scratch, target_hw, level=level, smooth=LINEAR_BELOW > level_scale >= 0.5, tone=tone)
        return
    if LINEAR_BELOW > level_scale >= 0.5:
        _draw_interpolated(photo, grid, scratch, target_hw, level)
    else:
        _draw_nearest(photo, grid, scratch, target_hw, level)
    if tone is not None:
        _apply_tone(target_hw, tone)


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


def draw_samples(
    photo: Pyramid,
    grid: Grid,
    scratch: Scratch,
    target_hw: NDArray[np.uint32],
    *,
    level: int,
    smooth: bool,
    tone: Tone,
) -> None:
    """As `draw_photo`, for other samples than 8-bit RGB: what is looked up are the samples of the view alone."""
    source = photo.samples if level == 0 else photo.smaller(level)
    pixels = channels(target_hw)
    for place, (channel, table) in enumerate(zip(tone.channels, tone.tables, strict=True)):
        plane = source if source.ndim == 2 else source[:, :, channel]
        sampled = (_interpolated if smooth else _nearest)(plane, grid, scratch, level)
        shown = scratch.array("photo shown", sampled.shape, np.uint8)
        np.take(table, sampled, out=shown, mode="clip")
        if len(tone.channels) == 1:
            cv2.cvtColor(shown, cv2.COLOR_GRAY2BGRA, dst=pixels)
        else:
            cv2.insertChannel(shown, pixels, 2 - place)
    pixels[:, :, 3] = 255


def _nearest(plane_hw: NDArray[Any], grid: Grid, scratch: Scratch, level: int) -> NDArray[Any]:
    height, width = plane_hw.shape
    x = np.clip(np.floor(grid.x / 2**level), 0, width - 1).astype(np.intp)
    y = np.clip(np.floor(grid.y / 2**level), 0, height - 1).astype(np.intp)
    return gather(plane_hw, x, y, scratch, "photo", is_swapped=grid.is_swapped)


def _interpolated(plane_hw: NDArray[Any], grid: Grid, scratch: Scratch, level: int) -> NDArray[Any]:
    height, width = plane_hw.shape
    x = np.floor((grid.x / 2**level - 0.5) * _STEPS + 0.5) / _STEPS
    y = np.floor((grid.y / 2**level - 0.5) * _STEPS + 0.5) / _STEPS
    shape = (grid.rect.height, grid.rect.width)
    at = _pixel_on_pixel(x, y, (height, width)) if not grid.is_swapped else None
    if at is not None:
        return plane_hw[at.slices]
    x0, x1 = _covered(x, width)
    y0, y1 = _covered(y, height)
    x_map, y_map = scratch.array("photo x", shape, np.float32), scratch.array("photo y", shape, np.float32)
    x_map[...] = (x - x0)[:, None] if grid.is_swapped else (x - x0)[None, :]
    y_map[...] = (y - y0)[None, :] if grid.is_swapped else (y - y0)[:, None]
    window = scratch.array("photo plane", (y1 - y0, x1 - x0), plane_hw.dtype)
    window[...] = plane_hw[y0:y1, x0:x1]
    sampled = scratch.array("photo", shape, plane_hw.dtype)
    cv2.remap(window, x_map, y_map, cv2.INTER_LINEAR, dst=sampled, borderMode=cv2.BORDER_REPLICATE)
    return sampled


def channels(words_hw: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The same memory as uint8 `[H, W, 4]` (blue, green, red, alpha on little-endian machines)."""
    return words_hw.view(np.uint8).reshape(*words_hw.shape, 4)


def _draw_nearest(photo: Pyramid, grid: Grid, scratch: Scratch, target_hw: NDArray[np.uint32], level: int) -> None:
    height, width = _level_size(photo, level)
    x = np.clip(np.floor(grid.x / 2**level), 0, width - 1).astype(np.intp)
    y = np.clip(np.floor(grid.y / 2**level), 0, height - 1).astype(np.intp)
    if level == 0 and 2 * len(x) * len(y) < (1 + abs(x[-1] - x[0])) * (1 + abs(y[-1] - y[0])):
        # Far fewer samples than pixels: pick first, then turn into words.
        sampled = photo.samples[y].take(x, axis=1)
        if grid.is_swapped:
            sampled = np.ascontiguousarray(sampled.transpose(1, 0, 2))
        cv2.cvtColor(sampled, cv2.COLOR_RGB2BGRA, dst=channels(target_hw))
        return
    x0, x1 = int(min(x[0], x[-1])), int(max(x[0], x[-1])) + 1
    y0, y1 = int(min(y[0], y[-1])), int(max(y[0], y[-1])) + 1
    words = _words(photo, level, Rect(x0, y0, x1, y1), scratch)
    target_hw[...] = gather(words, x - x0, y - y0, scratch, "photo", is_swapped=grid.is_swapped)


def _draw_interpolated(photo: Pyramid, grid: Grid, scratch: Scratch, target_hw: NDArray[np.uint32], level: int) -> None:
    height, width = _level_size(photo, level)
    x = np.floor((grid.x / 2**level - 0.5) * _STEPS + 0.5) / _STEPS
    y = np.floor((grid.y / 2**level - 0.5) * _STEPS + 0.5) / _STEPS
    # OpenCV refuses sides of 32,767 and more: it only gets to see the part in view.
    x0, x1 = _covered(x, width)
    y0, y1 = _covered(y, height)
    at = _pixel_on_pixel(x, y, (height, width)) if not grid.is_swapped else None
    if at is not None:
        target_hw[...] = _words(photo, level, at, scratch)
        return
    x_map = scratch.array("photo x", target_hw.shape, np.float32)
    y_map = scratch.array("photo y", target_hw.shape, np.float32)
    x_map[...] = (x - x0)[:, None] if grid.is_swapped else (x - x0)[None, :]
    y_map[...] = (y - y0)[None, :] if grid.is_swapped else (y - y0)[:, None]
    words = _words(photo, level, Rect(x0, y0, x1, y1), scratch)
    cv2.remap(channels(words), x_map, y_map, cv2.INTER_LINEAR, dst=channels(target_hw), borderMode=cv2.BORDER_REPLICATE)


def _level_size(photo: Pyramid, level: int) -> tuple[int, int]:
    if level == 0:
        return photo.size_hw
    height, width = photo.smaller(level).shape
    return height, width


def _words(photo: Pyramid, level: int, rect: Rect, scratch: Scratch) -> NDArray[np.uint32]:
    """A rectangle of a level as screen words."""
    if level > 0:
        return photo.smaller(level)[rect.slices]
    words = scratch.array("photo words", (rect.height, rect.width), np.uint32)
    cv2.cvtColor(photo.samples[rect.slices], cv2.COLOR_RGB2BGRA, dst=channels(words))
    return words


def _pixel_on_pixel(x: NDArray[np.float64], y: NDArray[np.float64], size_hw: tuple[int, int]) -> Rect | None:
    """The pixels at these positions where there is nothing to interpolate: each falls on one, side by side."""
    height, width = size_hw
    if x[0] < 0 or y[0] < 0 or x[-1] >= width or y[-1] >= height or not (_is_run(x) and _is_run(y)):
        return None
    return Rect(int(x[0]), int(y[0]), int(x[-1]) + 1, int(y[-1]) + 1)


def _is_run(position: NDArray[np.float64]) -> bool:
    """Whether the positions are consecutive whole numbers."""
    start = position[0]
    return bool(start == floor(start)) and bool((position == np.arange(start, start + len(position))).all())


def _covered(position: NDArray[np.float64], count: int) -> tuple[int, int]:
    low = floor(min(position[0], position[-1]))
    high = floor(max(position[0], position[-1])) + 2
    return min(max(0, low), count - 1), max(1, min(count, high))
