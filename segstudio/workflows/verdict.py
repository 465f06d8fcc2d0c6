"""What a comparison allows to say, in words that claim no more than the numbers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segstudio.metrics.compare import HEADLINES

_LEVEL = 0.05
_TITLES = {"miou": "mean IoU", "ap": "AP", "pq": "PQ"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`text` is the headline, `winner` "a", "b" or "" where neither can be named, `small_print` what it rests on."""

    text: str
    winner: str
    small_print: str


def verdict(document: Mapping[str, Any], a: str, b: str) -> Verdict:
    """Put a `compare --json` document into words. One side is called better only where the interval leaves out zero
    and the permutation test agrees.
    """
    delta, task, images = document["delta"], document["a"]["task"], document["a"]["images"]
    head = HEADLINES[task]
    change, (low, high), p_value = delta[head], delta["ci95"], delta["p_value"]
    title = _TITLES[head]
    if change is None or low is None or high is None or p_value is None:
        plural = "" if images == 1 else "s"
        return Verdict(f"{images} image{plural} cannot tell {a} and {b} apart.", "", _apart(delta, images))
    between = f"B − A 95 % interval {_signed(low)} to {_signed(high)}, p = {p_value:.2g}"
    if low == high == 0:
        return Verdict(f"{a} and {b} score the same {title} on these images.", "", _apart(delta, images))
    if low <= 0 <= high or p_value >= _LEVEL:
        return Verdict(
            f"On these images {a} and {b} cannot be told apart: {title} differs by {_signed(change)} points "
            f"({between}).",
            "",
            _apart(delta, images),
        )
    winner, name, other = ("b", b, a) if change > 0 else ("a", a, b)
    text = f"On these images {name} is better than {other} by {100 * abs(change):.2f} points of {title} ({between})."
    return Verdict(text, winner, _apart(delta, images))


def _apart(delta: Mapping[str, Any], images: int) -> str:
    units = delta["units"]
    drawn = f"{images} images" if units == images else f"{images} images in {units} sequences"
    parts = [f"Based on {drawn}."]
    if delta["minimum_detectable"]:
        parts.append(
            f"A difference below about {100 * delta['minimum_detectable']:.2f} points would mostly go unseen here; "
            "not to see one is no proof that there is none."
        )
    parts.append("The interval speaks of images like these, not of other data, other training runs or other seeds.")
    return " ".join(parts)


def percent(value: float | None) -> str:
    """A fraction as a percentage with two decimals."""
    return "–" if value is None else f"{100 * value:.2f} %"


def _signed(value: float) -> str:
    return f"{100 * value:+.2f}"
