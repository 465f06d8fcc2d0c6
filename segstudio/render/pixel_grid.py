"""Lines between the pixels of the image, where a pixel is large enough on the screen to be told from its neighbours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.render.sampling import channels

GRID_FROM = 8.0
"""The scale, in device pixels per image pixel, from which there are lines."""

_GREY, _OPACITY = 128, 130 / 255
"""Seen on black and on white, and quiet beside the labels' outlines."""


def begins(position: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which of the device pixels 1, 2 … n-2, counted from 0, are the first of their image pixel.

    `position` holds the image coordinates of n device pixels, one more at either end than is drawn: whether a line
    runs through a pixel is told from the one before it, by the rule by which the picture is sampled.
    """
    pixel = np.floor(position)
    return np.flatnonzero(pixel[1:-1] != pixel[:-2])


def draw_lines(words_hw: NDArray[np.uint32], columns: NDArray[np.intp], rows: NDArray[np.intp]) -> None:
    """Draw lines, one device pixel wide, through those columns and rows."""
    if columns.size:
        words_hw[:, columns] = _greyed(words_hw[:, columns])
    if rows.size:
        words_hw[rows] = _greyed(words_hw[rows])


def _greyed(words_hw: NDArray[np.uint32]) -> NDArray[np.uint32]:
    pixels = channels(np.ascontiguousarray(words_hw))
    cv2.convertScaleAbs(pixels, dst=pixels, alpha=1 - _OPACITY, beta=_GREY * _OPACITY)
    pixels[:, :, 3] = 255
    return pixels.view(np.uint32)[:, :, 0]
