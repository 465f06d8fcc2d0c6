"""What is to be drawn: the picture and, over it, layers of numbers with their colours, from the bottom up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import Color
from segstudio.render.lut import ColorTable
from segstudio.render.pyramid import Pyramid
from segstudio.render.tone import Tone

Indices = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class RasterLayer:
    """Numbers `[H, W]` (segment ids, object slots or confidences; uint8 or uint16) and how they are coloured.

    The array may be a live view: what changed in it is drawn by `Compositor.update`. `outline_px` is the width of the
    line inside each area's border, in device pixels; 0 draws none. `drawn`, live as well, says which tiles may hold
    anything else than 0 (`LabelRaster.drawn`): where there are none, a table without a colour for 0 spares the look.
    """

    numbers_hw: NDArray[np.uint8] | NDArray[np.uint16]
    table: ColorTable
    outline_px: int = 0
    drawn: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ErrorLayer:
    """Truth against labels, compared on the drawn pixels only.

    `truth_index_hw` holds evaluation indices `[H, W]` (or is an `IndexView`), `labels_hw` segment ids (a live view is
    fine), which
    `labels_index` turns into indices (`SegmentTable.index_lut`). `code` turns two arrays of indices of one shape into
    uint8 error codes, which `table` colours.
    """

    truth_index_hw: Indices
    labels_hw: NDArray[np.uint16]
    labels_index: Indices
    code: Callable[[Any, Any], NDArray[np.uint8]]
    table: ColorTable


@dataclass(frozen=True, slots=True, eq=False)
class AgreementLayer:
    """Two layers A and B against the truth, compared on the drawn pixels only.

    As in `ErrorLayer`, `a_hw` and `b_hw` hold segment ids `[H, W]` and `a_index`, `b_index` their evaluation indices;
    `code` turns the indices of truth, A and B into uint8 codes, which `table` colours (and hatches where it says so).
    """

    truth_index_hw: Indices
    a_hw: NDArray[np.uint16]
    a_index: Indices
    b_hw: NDArray[np.uint16]
    b_index: Indices
    code: Callable[[Any, Any, Any], NDArray[np.uint8]]
    table: ColorTable


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything that the back buffer shows of one image of `size_hw`.

    `tone` says how the photo's samples are shown, None for a photo of 8-bit RGB as it is;
    `background` fills what lies beyond the image and, without a `photo`, the image itself; `pixel_grid` asks for lines
    between pixels that are large on the screen.
    """

    size_hw: tuple[int, int]
    photo: Pyramid | None = None
    tone: Tone | None = None
    layers: tuple[RasterLayer | ErrorLayer | AgreementLayer, ...] = ()
    background: Color = (32, 32, 32)
    pixel_grid: bool = False

    @property
    def margin_px(self) -> int:
        """How far, in device pixels, a changed pixel can reach by the outlines round it."""
        return max((layer.outline_px for layer in self.layers if isinstance(layer, RasterLayer)), default=0)
