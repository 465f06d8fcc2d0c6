"""Clicks to a target IoU (NoC), the score of interactive segmentation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ClicksToIoU:
    """Mean number of clicks until the target, counting a failure as the whole budget, and the failures themselves.

    Reaching the target with the last click and never reaching it cost the same in the mean; `failed` tells them apart.
    """

    target: float
    budget: int
    images: int
    mean_clicks: float
    failed: int

    @property
    def failed_share(self) -> float:
        """Share of images that never reached the target, 0 … 1; NaN without images."""
        return self.failed / self.images if self.images else math.nan


def clicks_to_iou(ious_per_image: Iterable[Sequence[float]], *, target: float, budget: int = 20) -> ClicksToIoU:
    """Count clicks until IoU >= `target`; each sequence holds the IoU after click 1, 2, ….

    Clicks beyond the budget do not count. NaN for no images. Source: Sofiiuk et al., RITM, ICIP 2022 (NoC@target).
    """
    clicks: list[int | None] = []
    for ious in ious_per_image:
        reached = (number for number, iou in enumerate(ious[:budget], 1) if iou >= target)
        clicks.append(next(reached, None))
    total = sum(budget if count is None else count for count in clicks)
    return ClicksToIoU(
        target=target,
        budget=budget,
        images=len(clicks),
        mean_clicks=total / len(clicks) if clicks else math.nan,
        failed=clicks.count(None),
    )
