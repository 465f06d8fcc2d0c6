"""Connected regions of one confusion, ordered by what mending each would give to the mean IoU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape

Pair = tuple[int, int | None]
"""Truth class and labelled class; None stands for void labels."""


@dataclass(frozen=True, kw_only=True)
class ErrorRegion:
    """One 8-connected region where `truth_class` is labelled `label_class`.

    `box` is half-open in pixels, `anchor_xy` a pixel (x, y) inside the region. The deltas say by how much the IoU of
    either class and the mean IoU of the given matrix would change if the region were mended (NaN where a class would
    vanish from both sides).
    """

    truth_class: int
    label_class: int | None
    pixels: int
    box: Rect
    anchor_xy: tuple[int, int]
    delta_iou_truth: float
    delta_iou_label: float
    delta_miou: float


def error_regions(
    truth_hw: IndexRaster,
    labels_hw: IndexRaster,
    matrix: ConfusionMatrix,
    *,
    pairs: Iterable[Pair] | None = None,
    min_pixels: int = 1,
) -> list[ErrorRegion]:
    """Return the regions of the given confusions (default: all that occur), the most rewarding first.

    `matrix` is the confusion of the dataset (or of the image alone) that contains this image: the deltas are gains in
    its mean IoU. Void is every value outside 0 … C-1. Equal gains come in order of size, then from the top left.
    Raises UserError when the shapes differ or a pair names an unknown class.
    """
    truth = require_index_raster(truth_hw, "truth")
    labels = require_index_raster(labels_hw, "labels")
    require_same_shape(truth, labels, names=("truth", "labels"))
    classes = matrix.num_classes
    codes = _codes(truth, classes) * (classes + 1) + _codes(labels, classes)
    wanted = _occurring(codes, classes) if pairs is None else [_checked(pair, classes) for pair in dict.fromkeys(pairs)]
    columns = [classes if label is None else label for _, label in wanted]
    # Number the wanted confusions from 1; everything else is 0.
    number_of_code = np.zeros((classes + 1) ** 2, np.int32)
    number_of_code[[pair[0] * (classes + 1) + column for pair, column in zip(wanted, columns, strict=True)]] = (
        np.arange(len(wanted)) + 1
    )
    found: list[list[_Component]] = [[] for _ in wanted]
    for number, component in _components(number_of_code[codes], len(wanted), min_pixels):
        found[number - 1].append(component)
    regions = []
    for pair, components in zip(wanted, found, strict=True):
        gains = gains_of_mending(matrix, *pair, np.array([component.pixels for component in components], np.int64))
        regions += [_region(pair, component, row) for component, row in zip(components, gains.tolist(), strict=True)]
    return sorted(regions, key=_most_rewarding)


def _most_rewarding(region: ErrorRegion) -> tuple[float, int, int, int]:
    gain = -np.inf if np.isnan(region.delta_miou) else region.delta_miou
    return -gain, -region.pixels, region.anchor_xy[1], region.anchor_xy[0]


def _codes(raster: IndexRaster, classes: int) -> npt.NDArray[np.int32]:
    valid = (raster >= 0) & (raster < classes)
    codes = np.full(raster.shape, classes, np.int32)
    np.copyto(codes, raster, where=valid, casting="unsafe")
    return codes


def _occurring(codes: npt.NDArray[np.int32], classes: int) -> list[Pair]:
    pairs: list[Pair] = []
    for code in np.flatnonzero(np.bincount(codes.ravel(), minlength=1)).tolist():
        truth_class, column = divmod(code, classes + 1)
        if truth_class < classes and truth_class != column:
            pairs.append((truth_class, None if column == classes else column))
    return pairs


def _checked(pair: Pair, classes: int) -> Pair:
    truth_class, label_class = pair
    if not 0 <= truth_class < classes or not (label_class is None or 0 <= label_class < classes):
        raise UserError(f"the pair {pair} names a class outside 0 … {classes - 1}")
    if truth_class == label_class:
        raise UserError(f"the pair {pair} is not a confusion")
    return pair


class _Component(NamedTuple):
    pixels: int
    box: Rect
    anchor_xy: tuple[int, int]


def _components(numbers: npt.NDArray[np.int32], count: int, min_pixels: int) -> Iterator[tuple[int, _Component]]:
    """Yield the number and the shape of every 8-connected region of equal number above 0.

    Numbers that never touch each other share one pass: their regions cannot run together.
    """
    for group in _apart(numbers, count):
        member = np.zeros(count + 1, np.uint8)
        member[group] = 1
        _, component, statistics, _ = cv2.connectedComponentsWithStats(member[numbers], connectivity=8)
        large = np.flatnonzero(statistics[:, cv2.CC_STAT_AREA] >= min_pixels)
        for index in large[large > 0].tolist():
            left, top, width, height, pixels = statistics[index].tolist()
            x = left + int(np.argmax(component[top, left : left + width] == index))
            yield int(numbers[top, x]), _Component(pixels, Rect(left, top, left + width, top + height), (x, top))


def _apart(numbers: npt.NDArray[np.int32], count: int) -> list[list[int]]:
    """Divide 1 … count into few groups within which no two numbers are 8-neighbours (greedy graph colouring)."""
    touches = np.zeros((count + 1, count + 1), bool)
    for first, second in (
        (numbers[:, :-1], numbers[:, 1:]),
        (numbers[:-1], numbers[1:]),
        (numbers[:-1, :-1], numbers[1:, 1:]),
        (numbers[:-1, 1:], numbers[1:, :-1]),
    ):
        meet = (first != second) & (first > 0) & (second > 0)
        touches[first[meet], second[meet]] = True
    touches |= touches.T
    groups: list[list[int]] = []
    for number in range(1, count + 1):
        for group in groups:
            if not touches[number, group].any():
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def _region(pair: Pair, component: _Component, gains: list[float]) -> ErrorRegion:
    delta_iou_truth, delta_iou_label, delta_miou = gains
    return ErrorRegion(
        truth_class=pair[0],
        label_class=pair[1],
        pixels=component.pixels,
        box=component.box,
        anchor_xy=component.anchor_xy,
        delta_iou_truth=delta_iou_truth,
        delta_iou_label=delta_iou_label,
        delta_miou=delta_miou,
    )


def gains_of_mending(
    matrix: ConfusionMatrix, truth_class: int, label_class: int | None, pixels: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Change of the truth class's IoU, the label class's IoU and the mean IoU, float64 [N, 3], for N regions of so
    many `pixels` of one confusion, each mended alone; NaN where a class would vanish from both sides.
    """
    iou = matrix.iou()
    hits = matrix.true_positives
    union = matrix.truth_pixels + matrix.predicted_pixels - hits
    after = np.tile(iou, (pixels.size, 1))
    # The union of the truth class stays: what joins the intersection leaves the misses.
    after[:, truth_class] = (hits[truth_class] + pixels) / union[truth_class] if union[truth_class] else np.nan
    label_gain = np.full(pixels.size, np.nan)
    if label_class is not None:
        rest = union[label_class] - pixels
        after[:, label_class] = np.where(rest > 0, hits[label_class] / np.maximum(rest, 1), np.nan)
        label_gain = after[:, label_class] - iou[label_class]
    defined = ~np.isnan(after)
    number = defined.sum(axis=1)
    means = np.where(number > 0, np.where(defined, after, 0).sum(axis=1) / np.maximum(number, 1), np.nan)
    return np.stack([after[:, truth_class] - iou[truth_class], label_gain, means - matrix.mean_iou()], axis=1)
