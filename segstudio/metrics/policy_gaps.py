"""The same predictions under every policy, and which pixels make the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segstudio.metrics.averaging import iou_of_counts, mean_iou_of_images
from segstudio.metrics.policy import PRESETS, Policy
from segstudio.metrics.semantic import SemanticResult


@dataclass(frozen=True, kw_only=True)
class PolicyGap:
    """Mean IoU under one policy, its difference to the result's own, and the reasons as sentences with pixel counts."""

    policy: Policy
    mean_iou: float
    difference: float
    reasons: tuple[str, ...]


def policy_gaps(result: SemanticResult) -> tuple[PolicyGap, ...]:
    """Return the mean IoU under every preset policy, in the order of the presets, with what explains each gap."""
    own = result.mean_iou()
    return tuple(_gap(result, policy, own) for policy in PRESETS.values())


def _gap(result: SemanticResult, policy: Policy, own: float) -> PolicyGap:
    value = mean_iou_of_images(result.counts, policy.averaging, policy.absent)
    reasons = []
    if policy.averaging != result.policy.averaging:
        reasons.append(_averaging_reason(result, policy))
    if policy.absent != result.policy.absent:
        reasons += _absent_reasons(result, policy)
    return PolicyGap(policy=policy, mean_iou=value, difference=value - own, reasons=tuple(reasons))


_MANNERS = {
    "accumulate": "pixels of all images are summed per class, then classes are averaged",
    "per_image": "each image's classes are averaged, then images",
    "per_class_then_image": "each class is averaged over images, then classes",
    "image_class_pairs": "all pairs of image and class are averaged at once",
}


def _averaging_reason(result: SemanticResult, policy: Policy) -> str:
    """Say how the manner changes, and which class's pixels weigh most differently."""
    truth = result.counts[:, 1].sum(axis=0)
    images = (result.counts[:, 1] > 0).sum(axis=0)
    sentence = _MANNERS[policy.averaging]
    if not truth.any():
        return sentence
    rarest = int(np.where(truth > 0, truth, truth.max() + 1).argmin())
    name = result.classes.evaluated[rarest].name
    return f"{sentence}; {name} has {truth[rarest]} px in {images[rarest]} of {len(result.names)} images"


def _absent_reasons(result: SemanticResult, policy: Policy) -> list[str]:
    """Name every class whose part in the mean depends on the rule for absent classes."""
    total = result.counts.sum(axis=0)
    before, after = iou_of_counts(total, result.policy.absent), iou_of_counts(total, policy.absent)
    reasons = []
    for index, item in enumerate(result.classes.evaluated):
        if np.array_equal(before[index], after[index], equal_nan=True):
            continue
        change = f"{_part(after[index])} instead of {_part(before[index])}"
        reasons.append(f"{item.name}: {change} (0 px in the truth, {int(total[2, index])} px predicted)")
    return reasons


def _part(iou: float) -> str:
    return "left out" if np.isnan(iou) else f"counts as {iou:g}"
