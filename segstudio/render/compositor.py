"""The back buffer: sample the layers at the view's resolution, colour them by table, blend them over the picture."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.render.lut import FILL, OUTLINE, STRIPE, ColorTable
from segstudio.render.sampling import Grid, channels, draw_photo, sample_nearest
from segstudio.render.scene import AgreementLayer, ErrorLayer, RasterLayer, Scene
from segstudio.render.scratch import Scratch
from segstudio.render.viewport import Viewport

_HATCH_PERIOD, _HATCH_WIDTH = 12, 3
"""Stripes of void areas, in device pixels."""

_OPAQUE = np.uint32(0xFF000000)

_FOURTH_BYTE, _THREE_BYTES = np.uint32(24), np.uint32(0x010101)

_THREADS = min(4, os.cpu_count() or 1)
"""numpy and OpenCV let other threads run while they work."""

_BAND_AREA = 128 * 1024
"""Device pixels that are drawn at a time: few enough that what lies between two steps stays in the cache."""

_SHARED_BANDS = 4
"""From so many bands on they are shared out; below, starting threads costs more than it saves."""


class Compositor:
    """Draws scenes into `buffer_hw`: uint32 `[height, width]` of 0xFFRRGGBB in device pixels.

    A pixel depends on its place in the scaled image alone, never on the rectangle that is being drawn: `update` and
    `pan` give bit for bit what `full` gives. The cost follows the view's size, not the image's. To be called from one
    thread; it shares large areas out to threads of its own.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        self._buffer_hw = np.zeros((height_px, width_px), np.uint32)
        self._viewport = Viewport(width_px, height_px)
        self._scene = Scene((1, 1))
        self._photo_level = 0
        self._scratches = [Scratch() for _ in range(_THREADS)]

    @property
    def buffer_hw(self) -> NDArray[np.uint32]:
        """The back buffer; a new array after a `full` of another size, else the same one."""
        return self._buffer_hw

    @property
    def viewport(self) -> Viewport:
        """The view that the buffer shows."""
        return self._viewport

    @property
    def scene(self) -> Scene:
        """The scene that the buffer shows."""
        return self._scene

    @property
    def is_coarse(self) -> bool:
        """Whether the picture was drawn from a level finer than wanted, because the right one was not built yet."""
        photo = self._scene.photo
        return photo is not None and self._photo_level < photo.wanted(self._viewport.scale)

    def full(self, viewport: Viewport, scene: Scene) -> NDArray[np.uint32]:
        """Draw everything; returns the buffer."""
        if self._buffer_hw.shape != (viewport.height_px, viewport.width_px):
            self._buffer_hw = np.zeros((viewport.height_px, viewport.width_px), np.uint32)
        self._viewport, self._scene = viewport, scene
        # Later updates keep to this level, else a level that is finished meanwhile would show as a patch.
        self._photo_level = scene.photo.best(viewport.scale) if scene.photo is not None else 0
        self._compose(viewport.bounds)
        return self._buffer_hw

    def replace_scene(self, scene: Scene) -> None:
        """Draw `scene` from now on; the caller updates the rectangles where it differs from the scene before."""
        self._scene = scene

    def update(self, image_rect: Rect) -> Rect:
        """Draw the view of a changed rectangle of the image anew; returns the device pixels that were drawn."""
        rect = self._viewport.device_rect(image_rect, self._scene.margin_px)
        self._compose(rect)
        return rect

    def pan(self, dx: int, dy: int) -> list[Rect]:
        """Move the picture by whole device pixels; returns the strips that came into view and were drawn."""
        self._viewport = self._viewport.panned(dx, dy)
        height, width = self._buffer_hw.shape
        if abs(dx) >= width or abs(dy) >= height:
            strips = [self._viewport.bounds]
        else:
            self._shift(dx, dy)
            rows = Rect(0, 0, width, dy) if dy > 0 else Rect(0, height + dy, width, height)
            left = Rect(0, 0, dx, height) if dx > 0 else Rect(width + dx, 0, width, height)
            strips = [rect for rect in (rows, left) if not rect.is_empty]
        for strip in strips:
            self._compose(strip)
        return strips

    def _shift(self, dx: int, dy: int) -> None:
        height, width = self._buffer_hw.shape
        source = self._buffer_hw[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
        target = self._buffer_hw[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
        target[...] = source

    def _compose(self, rect: Rect) -> None:
        count = max(1, ceil(rect.area / _BAND_AREA))
        edges = [rect.y0 + rect.height * i // count for i in range(count + 1)]
        bands = [Rect(rect.x0, top, rect.x1, bottom) for top, bottom in pairwise(edges)]
        if count < _SHARED_BANDS:
            for band in bands:
                self._compose_band(band, self._scratches[0])
            return
        # Threads that last one frame: starting one costs 0.05 ms, and none is left over when the view goes.
        waiting, failures = iter(bands), deque[BaseException]()
        helpers = [
            threading.Thread(target=self._compose_bands, args=(waiting, scratch, failures), name="compositor")
            for scratch in self._scratches[1:]
        ]
        for helper in helpers:
            helper.start()
        self._compose_bands(waiting, self._scratches[0], failures)
        for helper in helpers:
            helper.join()
        if failures:
            raise failures[0]

    def _compose_bands(self, waiting: Iterator[Rect], scratch: Scratch, failures: deque[BaseException]) -> None:
        try:
            for band in waiting:
                self._compose_band(band, scratch)
        except BaseException as error:  # noqa: BLE001 (goes to the caller's thread)
            failures.append(error)

    def _compose_band(self, rect: Rect, scratch: Scratch) -> None:
        if rect.is_empty:
            return
        scene, viewport = self._scene, self._viewport
        red, green, blue = scene.background
        background = _OPAQUE | np.uint32(red << 16 | green << 8 | blue)
        inside = Grid.of(viewport, rect).inside(scene.size_hw)
        if inside != rect:
            self._buffer_hw[rect.slices] = background
        if inside.is_empty:
            return
        grid = Grid.of(viewport, inside)
        pixels = self._buffer_hw[inside.slices]
        if scene.photo is None:
            pixels[...] = background
        else:
            level = self._photo_level
            draw_photo(scene.photo, grid, scratch, pixels, level=level, scale=viewport.scale, tone=scene.tone)
        for layer in scene.layers:
            if isinstance(layer, RasterLayer):
                index = _raster_index(layer, viewport, grid, scratch)
            elif isinstance(layer, AgreementLayer):
                index = _agreement_index(layer, viewport, grid, scratch)
            else:
                index = _error_index(layer, viewport, grid, scratch)
            if index is not None:
                _blend(pixels, layer.table, index, scratch)


def _blend(pixels: NDArray[np.uint32], table: ColorTable, index: NDArray[np.intp], scratch: Scratch) -> None:
    drawn = scratch.array("drawn", index.shape, np.uint32)
    target = channels(pixels)
    np.take(table.words, index, out=drawn, mode="clip")
    # What remains of the picture lies in the fourth byte: spread over the channels it costs less than a second look-up.
    keep = scratch.array("keep", index.shape, np.uint32)
    np.right_shift(drawn, _FOURTH_BYTE, out=keep)
    np.multiply(keep, _THREE_BYTES, out=keep)
    np.bitwise_or(keep, _OPAQUE, out=keep)
    cv2.multiply(target, channels(keep), dst=target, scale=1 / 255)
    cv2.add(target, channels(drawn), dst=target)


def _raster_index(layer: RasterLayer, viewport: Viewport, grid: Grid, scratch: Scratch) -> NDArray[np.intp] | None:
    """The entry of the layer's colour table for every device pixel; None where nothing is drawn at all."""
    table = layer.table
    margin = layer.outline_px if table.has_outline else 0
    wide = sample_nearest(layer.numbers_hw, Grid.of(viewport, grid.rect.grown(margin)) if margin else grid, scratch)
    largest = int(wide.max())
    if table.is_bare_at_zero and largest == 0:
        return None
    inner = slice(margin, wide.shape[0] - margin), slice(margin, wide.shape[1] - margin)
    numbers = wide[inner]
    if largest >= table.size:
        numbers = np.minimum(numbers, wide.dtype.type(table.size - 1))
    index: NDArray[np.intp] = scratch.array("index", numbers.shape, np.intp)
    if not (table.has_stripes or margin):
        index[...] = numbers
        return index
    # Narrow numbers as long as they can hold the entry: a quarter of the memory traffic.
    entry = scratch.array("entry", numbers.shape, np.uint16 if table.words.size <= 65536 else np.uint32)
    if table.has_stripes:
        look = np.where(_stripes(viewport, grid.rect), entry.dtype.type(STRIPE), entry.dtype.type(FILL))
        if margin:
            look[_borders(wide, inner, scratch)] = OUTLINE
        np.multiply(look, entry.dtype.type(table.size), out=entry)
    else:
        # True is OUTLINE, False is FILL.
        np.multiply(_borders(wide, inner, scratch), entry.dtype.type(table.size), out=entry, dtype=entry.dtype)
    np.add(numbers, entry, out=entry)
    index[...] = entry
    return index


def _borders(wide: NDArray[Any], inner: tuple[slice, slice], scratch: Scratch) -> NDArray[np.bool_]:
    """Where a pixel of `wide[inner]` has one of another number as near as `inner` is smaller."""
    margin = inner[0].start
    if margin == 1:
        return _thin_borders(wide, scratch)
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    low = cv2.erode(wide, kernel, dst=scratch.array("low", wide.shape, wide.dtype))
    high = cv2.dilate(wide, kernel, dst=scratch.array("high", wide.shape, wide.dtype))
    changed: NDArray[np.bool_] = scratch.array("changed", low[inner].shape, np.bool_)
    np.not_equal(low[inner], high[inner], out=changed)
    return changed


def _thin_borders(wide: NDArray[Any], scratch: Scratch) -> NDArray[np.bool_]:
    """For a margin of one pixel: where one of the four neighbours differs; twice as fast as looking at all eight."""
    height, width = wide.shape
    across: NDArray[np.bool_] = scratch.array("across", (height - 2, width - 1), np.bool_)
    down: NDArray[np.bool_] = scratch.array("down", (height - 1, width - 2), np.bool_)
    changed: NDArray[np.bool_] = scratch.array("changed", (height - 2, width - 2), np.bool_)
    np.not_equal(wide[1:-1, 1:], wide[1:-1, :-1], out=across)
    np.not_equal(wide[1:, 1:-1], wide[:-1, 1:-1], out=down)
    np.logical_or(across[:, 1:], across[:, :-1], out=changed)
    np.logical_or(changed, down[1:], out=changed)
    np.logical_or(changed, down[:-1], out=changed)
    return changed


def _stripes(viewport: Viewport, rect: Rect) -> NDArray[np.bool_]:
    """Where the hatching runs; it hangs on the scaled image, not on the window, and so moves with a pan."""
    columns = np.arange(rect.x0, rect.x1) + floor(viewport.left)
    rows = np.arange(rect.y0, rect.y1) + floor(viewport.top)
    on = np.zeros(_HATCH_PERIOD, np.bool_)
    on[:_HATCH_WIDTH] = True
    pattern = np.resize(on, len(columns) + _HATCH_PERIOD)
    phases = (rows + columns[0]) % _HATCH_PERIOD
    stripes: NDArray[np.bool_] = np.lib.stride_tricks.sliding_window_view(pattern, len(columns))[phases]
    return stripes


def _error_index(layer: ErrorLayer, viewport: Viewport, grid: Grid, scratch: Scratch) -> NDArray[np.intp]:
    truth = sample_nearest(layer.truth_index_hw, grid, scratch, "truth")
    labels = layer.labels_index.take(sample_nearest(layer.labels_hw, grid, scratch))
    index = scratch.array("index", truth.shape, np.intp)
    index[...] = layer.code(truth, labels)
    if layer.table.has_stripes:
        index[_stripes(viewport, grid.rect)] += STRIPE * layer.table.size
    return index


def _agreement_index(layer: AgreementLayer, viewport: Viewport, grid: Grid, scratch: Scratch) -> NDArray[np.intp]:
    truth = sample_nearest(layer.truth_index_hw, grid, scratch, "truth")
    a = layer.a_index.take(sample_nearest(layer.a_hw, grid, scratch))
    b = layer.b_index.take(sample_nearest(layer.b_hw, grid, scratch))
    index = scratch.array("index", truth.shape, np.intp)
    index[...] = layer.code(truth, a, b)
    if layer.table.has_stripes:
        index[_stripes(viewport, grid.rect)] += STRIPE * layer.table.size
    return index
