"""From stored samples to something to look at: 16-bit, float and many channels to 8-bit RGB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SAMPLES = 1_000_000
"""Percentiles are taken from about this many evenly spaced pixels."""

DEFAULT_PERCENT = (0.5, 99.5)
"""The percentiles that are shown as black and white where nobody chose others."""

_ROWS = 512
_STEPS = 2000
"""Percentiles are kept in steps of 0.05."""


def window(
    source: NDArray[Any], *, low: float = 0.5, high: float = 99.5, channels: Sequence[int] | None = None
) -> NDArray[np.uint8]:
    """Stretch the values between two percentiles (0…100) of `source` to 0…255; uint8 `[H, W, 3]`.

    `source` is `[H, W]` or `[H, W, C]` of any real dtype; NaN and infinities show as black and white. `channels`
    names one to three channels to show as grey, or as red, green, blue; by default the first three where there are
    three or more, else the first. Three channels of an RGB picture share one window so that colours keep their hue;
    channels of other pictures are stretched one by one.
    """
    planes = source[:, :, None] if source.ndim == 2 else source
    count = planes.shape[2]
    shown = tuple(channels) if channels else ((0, 1, 2) if count >= 3 else (0,))
    if not 1 <= len(shown) <= 3 or not all(0 <= channel < count for channel in shown):
        raise ValueError(f"channels {shown} of a picture that has {count}")
    together = len(shown) > 1 and count in (3, 4)
    limits = [_limits(planes[:, :, list(shown)], low, high)] * len(shown) if together else None
    out = np.zeros((*planes.shape[:2], 3), np.uint8)
    for place, channel in enumerate(shown):
        plane = planes[:, :, channel]
        bottom, top = limits[place] if limits else _limits(plane, low, high)
        for row in range(0, len(plane), _ROWS):  # the temporary arrays of a whole large picture would not fit beside it
            out[row : row + _ROWS, :, place] = _stretched(plane[row : row + _ROWS], bottom, top)
    if len(shown) == 1:
        out[:, :, 1] = out[:, :, 2] = out[:, :, 0]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """Percentiles of a picture's channels, looked up instead of counted.

    `values` is float64 `[C + 1, 2001]`: one row for each channel and one for all of them together, in steps of 0.05 %.
    """

    values: NDArray[np.float64]

    @classmethod
    def of(cls, samples: NDArray[Any]) -> Quantiles:
        """Those of samples `[H, W]` or `[H, W, C]`, from about a million evenly spaced pixels."""
        planes = samples[:, :, None] if samples.ndim == 2 else samples
        step = max(1, int((planes.shape[0] * planes.shape[1] / SAMPLES) ** 0.5))
        sample = planes[::step, ::step]
        at = np.linspace(0, 1, _STEPS + 1)
        rows = [np.quantile(sample[:, :, channel], at) for channel in range(planes.shape[2])]
        return cls(np.stack([*rows, np.quantile(sample[:, :, :3], at)]))

    def limits(self, channel: int, low: float, high: float, *, together: bool = False) -> tuple[float, float]:
        """The values at two percentiles (0…100) of a channel; the second one is always larger.

        `together` gives three and four channels one window, so that colours keep their hue.
        """
        row = self.values[-1 if together and len(self.values) in (4, 5) else channel]
        bottom, top = (float(np.interp(percent * _STEPS / 100, np.arange(_STEPS + 1), row)) for percent in (low, high))
        return bottom, (top if top > bottom else bottom + 1.0)


def as_samples(source: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Samples of any real dtype as uint8 or uint16, which fit into tables.

    8 and 16 bits stay what they are, the same array; other values are spread over 0…65535 between their extremes
    (for floats: between the 0.01 and the 99.99 percentile), NaN becoming 0.
    """
    if source.dtype in (np.uint8, np.uint16):
        return source
    if source.dtype.kind == "f":
        bottom, top = _limits(source, 0.01, 99.99)
    else:
        bottom, top = float(source.min()), float(source.max())
        # Whole numbers that fit keep their distances.
        top = bottom + max(65535.0, top - bottom)
    samples = np.empty(source.shape, np.uint16)
    for row in range(0, len(source), _ROWS):
        part = (source[row : row + _ROWS].astype(np.float64) - bottom) * (65535.0 / (top - bottom))
        part = np.nan_to_num(part, nan=0.0, posinf=65535.0, neginf=0.0)
        samples[row : row + _ROWS] = np.clip(np.rint(part), 0, 65535)
    return samples


def _limits(values: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    step = max(1, int((values.size / SAMPLES) ** 0.5))
    sample = values[::step, ::step]
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    bottom, top = (float(value) for value in np.percentile(sample, (low, high)))
    return bottom, (top if top > bottom else bottom + 1.0)


def _stretched(plane: NDArray[Any], bottom: float, top: float) -> NDArray[np.uint8]:
    if plane.dtype in (np.uint8, np.uint16):
        values = np.arange(np.iinfo(plane.dtype).max + 1, dtype=np.float64)
        table = np.clip(np.rint((values - bottom) * (255.0 / (top - bottom))), 0, 255).astype(np.uint8)
        return np.asarray(table[plane])
    scaled = (plane.astype(np.float32) - np.float32(bottom)) * np.float32(255.0 / (top - bottom))
    scaled = np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0)
    return np.asarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))


def grey_as_rgb(grey_hw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 `[H, W]` as `[H, W, 3]`."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(grey_hw), cv2.COLOR_GRAY2RGB), np.uint8)
