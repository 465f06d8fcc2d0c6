"""The back buffer: sample the layers at the view's resolution, colour them by table, blend them over the picture."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import Color
from segstudio.core.geometry import Rect
from segstudio.core.raster import TILE
from segstudio.ops.index_view import IndexView, Indices, indices_of
from segstudio.render.lut import FILL, OUTLINE, STRIPE, ColorTable
from segstudio.render.photo import PhotoSampler
from segstudio.render.pixel_grid import GRID_FROM, begins, draw_lines
from segstudio.render.sampling import Axis, Grid, channels, sample
from segstudio.render.scene import AgreementLayer, ErrorLayer, RasterLayer, Scene
from segstudio.render.scratch import Scratch
from segstudio.render.viewport import Viewport

_HATCH_PERIOD, _HATCH_WIDTH = 12, 3
"""Stripes of void areas, in device pixels."""

_OPAQUE = np.uint32(0xFF000000)

_FOURTH_BYTE, _THREE_BYTES = np.uint32(24), np.uint32(0x010101)

_THREADS = min(4, os.cpu_count() or 1)
"""numpy and OpenCV let other threads run while they work."""

_BAND_AREA = 256 * 1024
"""Device pixels that are drawn at a time: few enough that what lies between two steps is small, and many enough that
threads compute and do not wait for each other at the interpreter's lock."""

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
        grid = Grid.of(self._viewport, rect)
        inside = grid.inside(self._scene.size_hw)
        if inside != rect:
            self._buffer_hw[rect.slices] = _word(self._scene.background)
        if inside.is_empty:
            return
        part = _Part(self._scene, self._viewport, inside, self._photo_level, self._buffer_hw[inside.slices])
        count = ceil(inside.area / _BAND_AREA)
        if count < _SHARED_BANDS or len(self._scratches) == 1:
            for band in _bands(part.length, count):
                part.draw(band, self._scratches[0])
            return
        # As many for one thread as for the other.
        count = ceil(count / len(self._scratches)) * len(self._scratches)
        waiting, failures = iter(_bands(part.length, count)), deque[BaseException]()
        # Threads that last one frame: starting one costs 0.05 ms, and none is left over when the view goes.
        helpers = [
            threading.Thread(target=_draw_bands, args=(part, waiting, scratch, failures), name="compositor")
            for scratch in self._scratches[1:]
        ]
        for helper in helpers:
            helper.start()
        _draw_bands(part, waiting, self._scratches[0], failures)
        for helper in helpers:
            helper.join()
        if failures:
            raise failures[0]


def _bands(length: int, count: int) -> list[slice]:
    """So many runs of about the same length."""
    edges = [length * i // count for i in range(count + 1)]
    return [slice(top, bottom) for top, bottom in pairwise(edges) if top < bottom]


def _draw_bands(part: _Part, waiting: Iterator[slice], scratch: Scratch, failures: deque[BaseException]) -> None:
    try:
        for band in waiting:
            part.draw(band, scratch)
    except BaseException as error:  # noqa: BLE001 (goes to the caller's thread)
        failures.append(error)


def _word(color: Color) -> np.uint32:
    red, green, blue = color
    return _OPAQUE | np.uint32(red << 16 | green << 8 | blue)


class _Part:
    """A rectangle of the view that lies on the image, and everything that its bands have in common.

    A band is a run along the image's y. What it holds while it is drawn has the image's own orientation, whichever way
    the view is turned: axis 1 runs along the image's x.
    """

    def __init__(
        self, scene: Scene, viewport: Viewport, rect: Rect, photo_level: int, target_hw: NDArray[np.uint32]
    ) -> None:
        self.scene = scene
        self._target_hw = target_hw
        self._margin = scene.margin_px
        grid = Grid.of(viewport, rect.grown(self._margin))
        self._is_turned = grid.is_swapped
        height, width = scene.size_hw
        self._x, self._y = Axis.of(grid.x, width), Axis.of(grid.y, height)
        inner = slice(self._margin, -self._margin or None)
        self._photo = None
        if scene.photo is not None:
            x, y = grid.x[inner], grid.y[inner]
            self._photo = PhotoSampler(scene.photo, x, y, level=photo_level, scale=viewport.scale, tone=scene.tone)
        self._lines = None
        if scene.pixel_grid and viewport.scale >= GRID_FROM:
            around = Grid.of(viewport, rect.grown(1))
            self._lines = begins(around.x), begins(around.y)
        columns = np.arange(rect.x0, rect.x1) + floor(viewport.left)
        rows = np.arange(rect.y0, rect.y1) + floor(viewport.top)
        self._device_x, self._device_y = (rows, columns) if self._is_turned else (columns, rows)

    @property
    def length(self) -> int:
        """Device pixels along the image's y."""
        return len(self._device_y)

    def draw(self, rows: slice, scratch: Scratch) -> None:
        """Draw a run of the rectangle's rows; of its columns, where the view is turned by 90°."""
        columns = slice(0, len(self._device_x))
        target_hw = self._target_hw[:, rows] if self._is_turned else self._target_hw[rows]
        pixels = target_hw
        if self._is_turned:
            pixels = scratch.array("turned", target_hw.shape[::-1], np.uint32)
        if self._photo is None:
            pixels[...] = _word(self.scene.background)
        else:
            self._photo.draw(pixels, columns, rows, scratch)
        piece = _Piece(self, columns, rows, scratch)
        for layer in self.scene.layers:
            if isinstance(layer, RasterLayer):
                entry = _raster_entries(layer, piece)
            elif isinstance(layer, AgreementLayer):
                entry = _agreement_entries(layer, piece)
            else:
                entry = _error_entries(layer, piece)
            if entry is not None:
                _blend(pixels, layer.table, entry, scratch)
        if self._lines is not None:
            across, down = self._lines
            draw_lines(pixels, across, down[(down >= rows.start) & (down < rows.stop)] - rows.start)
        if self._is_turned:
            cv2.transpose(channels(pixels), dst=channels(target_hw))

    def axes(self, columns: slice, rows: slice, margin: int) -> tuple[Axis, Axis]:
        """The image pixels of those columns and rows and of `margin` round them."""
        x, y = (
            axis.part(self._margin - margin + part.start, self._margin + margin + part.stop)
            for axis, part in ((self._x, columns), (self._y, rows))
        )
        return x, y

    def stripes(self, columns: slice, rows: slice) -> NDArray[np.bool_]:
        """Where the hatching runs; it hangs on the scaled image, not on the window, and so moves with a pan."""
        across, down = self._device_x[columns], self._device_y[rows]
        on = np.zeros(_HATCH_PERIOD, np.bool_)
        on[:_HATCH_WIDTH] = True
        pattern = np.resize(on, len(across) + _HATCH_PERIOD)
        phases = (down + across[0]) % _HATCH_PERIOD
        stripes: NDArray[np.bool_] = np.lib.stride_tricks.sliding_window_view(pattern, len(across))[phases]
        return stripes


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one band shows of the layers."""

    part: _Part
    columns: slice
    rows: slice
    scratch: Scratch

    def sampled(self, source_hw: NDArray[Any], name: str = "sampled", *, margin: int = 0) -> NDArray[Any]:
        """The numbers under each device pixel and `margin` round them; only to read."""
        return sample(source_hw, *self.part.axes(self.columns, self.rows, margin), self.scratch, name)

    def indices(self, source_hw: Indices, name: str) -> NDArray[Any]:
        """`sampled`, of what may be an `IndexView`."""
        if isinstance(source_hw, IndexView):
            return indices_of(source_hw.table, self.sampled(source_hw.ids_hw, name))
        return self.sampled(source_hw, name)

    def is_empty(self, drawn: NDArray[np.bool_], margin: int) -> bool:
        """Whether none of the tiles that are shown, or lie within `margin` device pixels, is one of `drawn`."""
        x, y = self.part.axes(self.columns, self.rows, margin)
        shown = drawn[y.low // TILE : -(-y.high // TILE), x.low // TILE : -(-x.high // TILE)]
        return not shown.any()

    def stripes(self) -> NDArray[np.bool_]:
        return self.part.stripes(self.columns, self.rows)


def _blend(pixels: NDArray[np.uint32], table: ColorTable, entry: NDArray[Any], scratch: Scratch) -> None:
    target, drawn = channels(pixels), _looked_up(table, entry, scratch)
    # What remains of the picture lies in the fourth byte: spread over the channels it costs less than a second look-up.
    keep = scratch.array("keep", drawn.shape, np.uint32)
    np.right_shift(drawn, _FOURTH_BYTE, out=keep)
    np.multiply(keep, _THREE_BYTES, out=keep)
    np.bitwise_or(keep, _OPAQUE, out=keep)
    cv2.multiply(target, channels(keep), dst=target, scale=1 / 255)
    cv2.add(target, channels(drawn), dst=target)


def _looked_up(table: ColorTable, entry: NDArray[Any], scratch: Scratch) -> NDArray[np.uint32]:
    """The words of a contiguous array of entries."""
    drawn: NDArray[np.uint32] = scratch.array("drawn", entry.shape, np.uint32)
    if entry.dtype == np.uint8 and entry.size % 2 == 0 and table.words.size <= 256 and sys.byteorder == "little":
        # Two pixels at a time: half as many look-ups.
        pairs = scratch.array("index", (entry.size // 2,), np.intp)
        pairs[...] = entry.reshape(-1).view(np.uint16)
        np.take(table.pairs, pairs, out=drawn.reshape(-1).view(np.uint64), mode="clip")
        return drawn
    index = scratch.array("index", entry.shape, np.intp)
    index[...] = entry
    np.take(table.words, index, out=drawn, mode="clip")
    return drawn


def _raster_entries(layer: RasterLayer, piece: _Piece) -> NDArray[Any] | None:
    """The entry of the layer's colour table for every device pixel; None where nothing is drawn at all."""
    table, scratch = layer.table, piece.scratch
    margin = layer.outline_px if table.has_outline else 0
    if layer.drawn is not None and table.is_bare_at_zero and piece.is_empty(layer.drawn, margin):
        return None
    wide = piece.sampled(layer.numbers_hw, margin=margin)
    largest = int(wide.max())
    if table.is_bare_at_zero and largest == 0:
        return None
    if largest < 256 and table.words.size <= 256 and wide.dtype != np.uint8:
        # Half the memory traffic of all that follows.
        narrow = scratch.array("narrow", wide.shape, np.uint8)
        np.copyto(narrow, wide, casting="unsafe")
        wide = narrow
    inner = slice(margin, wide.shape[0] - margin), slice(margin, wide.shape[1] - margin)
    numbers = wide[inner]
    if largest >= table.size:
        numbers = np.minimum(numbers, wide.dtype.type(table.size - 1))
    kind = np.uint8 if wide.dtype == np.uint8 and table.words.size <= 256 else np.uint16
    entry = scratch.array("entry", numbers.shape, kind if table.words.size <= 65536 else np.uint32)
    if not (table.has_stripes or margin):
        entry[...] = numbers
        return entry
    size = entry.dtype.type(table.size)
    if table.has_stripes:
        look = np.where(piece.stripes(), entry.dtype.type(STRIPE), entry.dtype.type(FILL))
        if margin:
            look[_borders(wide, inner, scratch)] = OUTLINE
        np.multiply(look, size, out=entry)
    else:
        # True, which lies in memory as 1, is OUTLINE, False is FILL.
        np.multiply(_borders(wide, inner, scratch).view(np.uint8), size, out=entry, dtype=entry.dtype)
    np.add(numbers, entry, out=entry)
    return entry


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


def _error_entries(layer: ErrorLayer, piece: _Piece) -> NDArray[Any]:
    truth = piece.indices(layer.truth_index_hw, "truth")
    labels = layer.labels_index.take(piece.sampled(layer.labels_hw))
    return _coded(layer.code(truth, labels), layer.table, piece)


def _agreement_entries(layer: AgreementLayer, piece: _Piece) -> NDArray[Any]:
    truth = piece.indices(layer.truth_index_hw, "truth")
    a = layer.a_index.take(piece.sampled(layer.a_hw))
    b = layer.b_index.take(piece.sampled(layer.b_hw))
    return _coded(layer.code(truth, a, b), layer.table, piece)


def _coded(code: NDArray[np.uint8], table: ColorTable, piece: _Piece) -> NDArray[Any]:
    entry: NDArray[np.uint16] = piece.scratch.array("entry", code.shape, np.uint16)
    entry[...] = code
    if table.has_stripes:
        # Added everywhere, of which most is zero: choosing pixels would take longer.
        np.add(entry, np.multiply(piece.stripes(), np.uint16(STRIPE * table.size), dtype=np.uint16), out=entry)
    return entry
