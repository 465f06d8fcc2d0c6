"""Is model B better than model A? Paired intervals, p-value and the smallest difference that could be seen."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.averaging import ImageCounts, iou_of_counts, mean_iou_of_images, mean_iou_of_resamples
from segstudio.metrics.numbers import Fractions, mean_of_defined, number_or_none
from segstudio.metrics.policy import AbsentRule, Averaging, Policy
from segstudio.metrics.semantic import SemanticResult

RESAMPLES = 2000
Interval = tuple[float, float]

# Two-sided 5 % test with a power of 80 %: the sum of the normal quantiles of 0.975 and 0.8.
_DETECTABLE_IN_STANDARD_ERRORS = 1.959963984540054 + 0.8416212335729143
_ELEMENTS = 1 << 22


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedStatistics:
    """Differences B - A with 95 % percentile intervals from resampling images (or clusters) in pairs.

    `delta_iou` is float64 [C], `iou_interval` float64 [C, 2]. Undefined numbers are NaN: a class that one side lacks,
    every interval and the p-value when there are fewer than two units to resample.
    """

    delta_miou: float
    miou_interval: Interval
    probability_b_better: float
    p_value: float
    minimum_detectable: float
    delta_iou: Fractions
    iou_interval: Fractions
    units: int
    resamples: int


def paired_statistics(
    counts_a: ImageCounts,
    counts_b: ImageCounts,
    *,
    averaging: Averaging = "accumulate",
    absent: AbsentRule = "skip_absent_from_both",
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedStatistics:
    """Compare two models on the same N images from their counts [N, 3, C] (see `averaging.image_counts`).

    `clusters` names the sequence, city or patient of every image; then whole clusters are drawn, because images of
    one cluster resemble each other. The interval is a paired percentile bootstrap of the mean IoU in the given
    manner, the p-value a paired permutation test that exchanges A and B in random units, the minimum detectable
    difference that of a two-sided 5 % test with 80 % power. The same seed gives the same numbers. Raises UserError
    when the counts or clusters do not fit each other. Source: Efron & Tibshirani, An Introduction to the Bootstrap.
    """
    if counts_a.shape != counts_b.shape:
        raise UserError(f"cannot compare counts of shapes {counts_a.shape} and {counts_b.shape} in pairs")
    members = _members(clusters, len(counts_a))
    units = int(members.max(initial=-1)) + 1
    delta = mean_iou_of_images(counts_b, averaging, absent) - mean_iou_of_images(counts_a, averaging, absent)
    total_a, total_b = (iou_of_counts(counts.sum(axis=0), absent) for counts in (counts_a, counts_b))
    if units < 2:
        return _undefined(delta, total_b - total_a, units)

    rng = np.random.default_rng(seed)
    float_a, float_b = counts_a.astype(np.float64), counts_b.astype(np.float64)
    deltas, class_deltas = [], []
    for drawn in _draws(rng, units, resamples, columns=len(counts_a)):
        weights = drawn[:, members]
        miou_a, iou_a = mean_iou_of_resamples(weights, float_a, averaging, absent)
        miou_b, iou_b = mean_iou_of_resamples(weights, float_b, averaging, absent)
        deltas.append(miou_b - miou_a)
        class_deltas.append(iou_b - iou_a)
    resampled = np.concatenate(deltas)
    spread = resampled[~np.isnan(resampled)]
    return PairedStatistics(
        delta_miou=delta,
        miou_interval=_interval(resampled),
        probability_b_better=float((spread > 0).mean() + (spread == 0).mean() / 2) if spread.size else math.nan,
        p_value=_permutation_p_value(
            float_a, float_b, delta, averaging=averaging, absent=absent, members=members, resamples=resamples, rng=rng
        ),
        minimum_detectable=_DETECTABLE_IN_STANDARD_ERRORS * float(spread.std(ddof=1)) if spread.size > 1 else math.nan,
        delta_iou=total_b - total_a,
        iou_interval=np.array([_interval(column) for column in np.concatenate(class_deltas).T]).reshape(-1, 2),
        units=units,
        resamples=resamples,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two evaluations of the same images and what can be said about their difference."""

    a: SemanticResult
    b: SemanticResult
    statistics: PairedStatistics

    def to_json(self) -> dict[str, Any]:
        """Return the document that `compare --json` prints; undefined numbers are None."""
        found, policy = self.statistics, self.a.policy
        return {
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "delta": {
                "miou": number_or_none(found.delta_miou),
                "ci95": [number_or_none(end) for end in found.miou_interval],
                "p_value": number_or_none(found.p_value),
                "minimum_detectable": number_or_none(found.minimum_detectable),
                "probability_b_better": number_or_none(found.probability_b_better),
                "units": found.units,
                "resamples": found.resamples,
            },
            "classes": [
                {
                    "id": item.id,
                    "name": item.name,
                    "delta_iou": number_or_none(found.delta_iou[index]),
                    "ci95": [number_or_none(end) for end in found.iou_interval[index]],
                }
                for index, item in enumerate(self.a.classes.evaluated)
            ],
            "per_image": [
                {"name": name, "miou_a": number_or_none(miou_a), "miou_b": number_or_none(miou_b)}
                for name, miou_a, miou_b in zip(
                    self.a.names, _image_mious(self.a, policy), _image_mious(self.b, policy), strict=True
                )
            ],
        }


def compare_semantic(
    a: SemanticResult,
    b: SemanticResult,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two evaluations of the same images under the policy of `a`; see `paired_statistics`.

    Raises UserError when the images, their order or the classes differ.
    """
    if a.names != b.names:
        raise UserError(f"the two evaluations hold different images ({len(a.names)} and {len(b.names)})")
    if [item.id for item in a.classes.evaluated] != [item.id for item in b.classes.evaluated]:
        raise UserError("the two evaluations hold different classes")
    statistics = paired_statistics(
        a.counts,
        b.counts,
        averaging=a.policy.averaging,
        absent=a.policy.absent,
        clusters=clusters,
        resamples=resamples,
        seed=seed,
    )
    return Comparison(a=a, b=b, statistics=statistics)


def _permutation_p_value(
    counts_a: Fractions,
    counts_b: Fractions,
    delta: float,
    *,
    averaging: Averaging,
    absent: AbsentRule,
    members: npt.NDArray[np.int64],
    resamples: int,
    rng: np.random.Generator,
) -> float:
    """Share of random exchanges of A and B between units whose difference is at least as large as the observed."""
    if math.isnan(delta):
        return math.nan
    both = np.concatenate([counts_a, counts_b])
    units = int(members.max()) + 1
    extreme = 0
    for block in _blocks(resamples, 2 * len(members)):
        swapped = rng.integers(0, 2, (block, units), np.int8)[:, members].astype(np.float64)
        first, _ = mean_iou_of_resamples(np.hstack([1 - swapped, swapped]), both, averaging, absent)
        second, _ = mean_iou_of_resamples(np.hstack([swapped, 1 - swapped]), both, averaging, absent)
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


def _undefined(delta: float, delta_iou: Fractions, units: int) -> PairedStatistics:
    return PairedStatistics(
        delta_miou=delta,
        miou_interval=(math.nan, math.nan),
        probability_b_better=math.nan,
        p_value=math.nan,
        minimum_detectable=math.nan,
        delta_iou=delta_iou,
        iou_interval=np.full((delta_iou.size, 2), np.nan),
        units=units,
        resamples=0,
    )


def _image_mious(result: SemanticResult, policy: Policy) -> list[float]:
    return [mean_of_defined(iou) for iou in iou_of_counts(result.counts, policy.absent)]
