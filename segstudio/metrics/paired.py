"""Is B better than A? Paired intervals, a p-value and the smallest difference that could be seen, of any score."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.averaging import ImageCounts, mean_iou_of_resamples
from segstudio.metrics.numbers import Fractions
from segstudio.metrics.policy import AbsentRule, Averaging

RESAMPLES = 2000
Interval = tuple[float, float]

# Two-sided 5 % test with a power of 80 %: the sum of the normal quantiles of 0.975 and 0.8.
_DETECTABLE_IN_STANDARD_ERRORS = 1.959963984540054 + 0.8416212335729143
_ELEMENTS = 1 << 22


class ScoredImages(Protocol):
    """N images of one model, in a form from which the score of any weighting of them follows."""

    def __len__(self) -> int: ...

    def weighted(self, weights: Fractions, /) -> tuple[Fractions, Fractions]:
        """Score [R] and score per class [R, C] of R weightings [R, N]; a weight says how often an image occurs."""

    def joined(self, other: Self, /) -> Self:
        """The images of both, these first."""


@dataclass(frozen=True, eq=False)
class CountedImages:
    """Images by `counts` [N, 3, C] (see `averaging.image_counts`), scored by mean IoU in the given manner."""

    counts: ImageCounts | Fractions
    averaging: Averaging = "accumulate"
    absent: AbsentRule = "skip_absent_from_both"

    def __len__(self) -> int:
        return len(self.counts)

    def weighted(self, weights: Fractions) -> tuple[Fractions, Fractions]:
        return mean_iou_of_resamples(weights, self.counts, self.averaging, self.absent)

    def joined(self, other: CountedImages) -> CountedImages:
        return CountedImages(np.concatenate([self.counts, other.counts]), self.averaging, self.absent)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedStatistics:
    """Differences B - A with 95 % percentile intervals from resampling images (or clusters) in pairs.

    `delta` is the score's, `class_deltas` float64 [C], `class_intervals` float64 [C, 2]. Undefined numbers are NaN: a
    class that one side lacks, every interval and the p-value when there are fewer than two units to resample.
    """

    delta: float
    interval: Interval
    probability_b_better: float
    p_value: float
    minimum_detectable: float
    class_deltas: Fractions
    class_intervals: Fractions
    units: int
    resamples: int


def paired_statistics(
    a: ScoredImages,
    b: ScoredImages,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedStatistics:
    """Compare two models on the same N images.

    `clusters` names the sequence, city or patient of every image; then whole clusters are drawn, because images of
    one cluster resemble each other. The interval is a paired percentile bootstrap of the score, the p-value a paired
    permutation test that exchanges A and B in random units, the minimum detectable difference that of a two-sided 5 %
    test with 80 % power. The same seed gives the same numbers. Raises UserError when images or clusters do not fit
    each other. Source: Efron & Tibshirani, An Introduction to the Bootstrap.
    """
    if len(a) != len(b):
        raise UserError(f"cannot compare {len(a)} and {len(b)} images in pairs")
    members = _members(clusters, len(a))
    units = int(members.max(initial=-1)) + 1
    once = np.ones((1, len(a)))
    (score_a, classes_a), (score_b, classes_b) = a.weighted(once), b.weighted(once)
    delta, class_deltas = float(score_b[0] - score_a[0]), classes_b[0] - classes_a[0]
    if units < 2:
        return _undefined(delta, class_deltas, units)

    rng = np.random.default_rng(seed)
    resampled, by_class = _bootstrap(a, b, members, resamples, rng)
    spread = resampled[~np.isnan(resampled)]
    return PairedStatistics(
        delta=delta,
        interval=_interval(resampled),
        probability_b_better=float((spread > 0).mean() + (spread == 0).mean() / 2) if spread.size else math.nan,
        p_value=_permutation_p_value(a, b, delta, members=members, resamples=resamples, rng=rng),
        minimum_detectable=_DETECTABLE_IN_STANDARD_ERRORS * float(spread.std(ddof=1)) if spread.size > 1 else math.nan,
        class_deltas=class_deltas,
        class_intervals=np.array([_interval(column) for column in by_class.T]).reshape(-1, 2),
        units=units,
        resamples=resamples,
    )


def _bootstrap(
    a: ScoredImages, b: ScoredImages, members: npt.NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> tuple[Fractions, Fractions]:
    """Differences of the score [R] and per class [R, C] when units are drawn with replacement, the same for both."""
    deltas, class_deltas = [], []
    for drawn in _draws(rng, int(members.max()) + 1, resamples, columns=len(members)):
        weights = drawn[:, members]
        (score_a, classes_a), (score_b, classes_b) = a.weighted(weights), b.weighted(weights)
        deltas.append(score_b - score_a)
        class_deltas.append(classes_b - classes_a)
    return np.concatenate(deltas), np.concatenate(class_deltas)


def _permutation_p_value(
    a: ScoredImages,
    b: ScoredImages,
    delta: float,
    *,
    members: npt.NDArray[np.int64],
    resamples: int,
    rng: np.random.Generator,
) -> float:
    """Share of random exchanges of A and B between units whose difference is at least as large as the observed."""
    if math.isnan(delta):
        return math.nan
    both = a.joined(b)
    units = int(members.max()) + 1
    extreme = 0
    for block in _blocks(resamples, 2 * len(members)):
        swapped = rng.integers(0, 2, (block, units), np.int8)[:, members].astype(np.float64)
        first, _ = both.weighted(np.hstack([1 - swapped, swapped]))
        second, _ = both.weighted(np.hstack([swapped, 1 - swapped]))
        # Rounding must not turn an exchange of equals into a smaller difference.
        extreme += int((np.abs(second - first) >= abs(delta) - 1e-12).sum())
    return (extreme + 1) / (resamples + 1)


def _draws(rng: np.random.Generator, units: int, resamples: int, *, columns: int) -> Iterator[Fractions]:
    """Yield how often each unit was drawn with replacement, float64 [block, units]."""
    for block in _blocks(resamples, max(units, columns)):
        picks = rng.integers(0, units, (block, units)) + units * np.arange(block)[:, None]
        yield np.bincount(picks.ravel(), minlength=block * units).reshape(block, units).astype(np.float64)


def _blocks(resamples: int, columns: int) -> Iterator[int]:
    size = max(1, _ELEMENTS // max(columns, 1))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)


def _members(clusters: Sequence[Hashable] | None, images: int) -> npt.NDArray[np.int64]:
    """Unit index of every image, int64 [N]."""
    if clusters is None:
        return np.arange(images)
    if len(clusters) != images:
        raise UserError(f"{len(clusters)} clusters are named for {images} images")
    number = {name: index for index, name in enumerate(dict.fromkeys(clusters))}
    return np.array([number[name] for name in clusters], np.int64)


def _interval(values: Fractions) -> Interval:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return math.nan, math.nan
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _undefined(delta: float, class_deltas: Fractions, units: int) -> PairedStatistics:
    return PairedStatistics(
        delta=delta,
        interval=(math.nan, math.nan),
        probability_b_better=math.nan,
        p_value=math.nan,
        minimum_detectable=math.nan,
        class_deltas=class_deltas,
        class_intervals=np.full((class_deltas.size, 2), np.nan),
        units=units,
        resamples=0,
    )
