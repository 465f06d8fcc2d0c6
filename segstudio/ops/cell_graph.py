"""Which patches lie beside which, and how alike they look: the ways along which an answer may spread."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.ops.superpixels import Cells

ALIKE = 5.0
"""Difference of two patches' mean colours (CIE Lab units) from which an answer hardly passes between them."""
_DOUBTFUL_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class CellGraph:
    """Pairs of neighbouring patches: `first` < `second`, int64 `[E]`, and `weight` float32 `[E]`, more than 0."""

    count: int
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    weight: NDArray[np.float32]


def cell_graph(cells_hw: Cells, lab: NDArray[np.float32]) -> CellGraph:
    """The graph of patches numbered 0 … n − 1 with mean colours `lab`, float32 `[n, 3]`.

    A weight is the length of the common border times exp(−d² / 2·`ALIKE`²) for a colour difference d.
    """
    count = lab.shape[0]
    keys = []
    for before, after in ((cells_hw[:, :-1], cells_hw[:, 1:]), (cells_hw[:-1], cells_hw[1:])):
        rows, columns = np.nonzero(before != after)
        one, other = before[rows, columns].astype(np.int64), after[rows, columns].astype(np.int64)
        keys.append(np.minimum(one, other) * count + np.maximum(one, other))
    pairs, borders = np.unique(np.concatenate(keys), return_counts=True)
    first, second = pairs // count, pairs % count
    squared = ((lab[first] - lab[second]) ** 2).sum(axis=1)
    weight = borders * np.exp(-squared / (2 * ALIKE * ALIKE)) + 1e-6
    return CellGraph(count, first, second, weight.astype(np.float32))


def doubtful_regions(cells_hw: Cells, doubt: NDArray[np.float32], *, most: int = 50) -> list[Rect]:
    """The regions of the most doubtful patches, the one with the most doubt times pixels first.

    `doubt` is float32 `[n]`, at least 0; patches with 0 never belong to a region. Rectangles are in pixels of
    `cells_hw`.
    """
    if not (doubt > 0).any():
        return []
    limit = max(float(np.quantile(doubt, 1 - _DOUBTFUL_SHARE)), 1e-6)
    doubt_hw = np.where(doubt >= limit, doubt, 0).astype(np.float32)[cells_hw]
    count, parts_hw, stats, _ = cv2.connectedComponentsWithStats((doubt_hw > 0).view(np.uint8), connectivity=4)
    sums = np.bincount(parts_hw.ravel(), weights=doubt_hw.ravel(), minlength=count)
    order = np.argsort(-sums[1:], kind="stable")[:most] + 1
    boxes = (stats[number, :4].tolist() for number in order.tolist())
    return [Rect(x, y, x + width, y + height) for x, y, width, height in boxes]
