"""Numbers as the inspector writes them: short where space is short, in full in tool tips."""

from __future__ import annotations

from math import isnan

from segstudio.metrics.policy import Policy

_STEPS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def short(count: int) -> str:
    """A count in at most four signs."""
    for size, letter in _STEPS:
        if count >= size:
            value = count / size
            return f"{value:.0f}{letter}" if value >= 10 else f"{value:.1f}{letter}"
    return str(count)


def grouped(count: int) -> str:
    """A count in full, in groups of three."""
    return f"{count:,}".replace(",", "\u202f")


def percent(share: float) -> str:
    """A share as a percentage with one decimal; empty where undefined."""
    if isnan(share):
        return ""
    return "<0.1" if 0 < share < 0.0005 else f"{100 * share:.1f}"


def points(change: float) -> str:
    """A change of a fraction in percentage points, with its sign; "–" where undefined."""
    if isnan(change):
        return "–"
    return f"{100 * change:+.3f}" if abs(change) < 0.001 else f"{100 * change:+.2f}"


_ABSENT = {
    "skip_absent_from_both": "a class counts where truth or labels have it",
    "skip_absent_from_truth": "a class counts where the truth has it",
    "absent_from_both_is_one": "a class that neither has counts as 1",
}
_AVERAGING = {
    "accumulate": "pixels of all images summed, then averaged over classes",
    "per_image": "averaged over each image's classes, then over images",
    "per_class_then_image": "each class averaged over images, then over classes",
    "image_class_pairs": "averaged over all pairs of image and class",
}
_VOID = {
    "truth_only": "pixels without truth do not count",
    "truth_and_prediction": "pixels void on either side do not count",
}


def policy_text(policy: Policy) -> str:
    """The rules that a number was measured under, for its tool tip."""
    rules = (_AVERAGING[policy.averaging], _VOID[policy.void], _ABSENT[policy.absent])
    return f"{policy.name} rules, version {policy.version}:\n" + "\n".join(f"• {rule}" for rule in rules)
