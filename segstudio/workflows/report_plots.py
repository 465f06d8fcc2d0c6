"""The plots of a comparison's report as SVG, drawn in the page's own colours so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil

_ROW, _NAME, _PLOT, _NUMBER = 22, 150, 420, 150
_SIDE, _MARGIN = 340, 44


def interval_plot(rows: Sequence[tuple[str, float, float | None, float | None]]) -> str:
    """One line per class: name, difference (fraction) and interval; zero in the middle, the largest at the edge."""
    ends = [abs(end) for _, delta, low, high in rows for end in (delta, low, high) if end is not None]
    reach = _nice(max(ends, default=0.01))
    height = _ROW * len(rows) + 40
    middle = _NAME + _PLOT / 2
    parts = []
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x = middle + share * _PLOT / 2
        parts.append(f'<path class="{"zero" if share == 0 else "grid"}" d="M{x:.1f} 18V{height - 20}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 6}">{_points(share * reach)}</text>')
    parts.append(f'<text class="tick a" x="{middle - _PLOT / 4:.1f}" y="12">A better</text>')
    parts.append(f'<text class="tick b" x="{middle + _PLOT / 4:.1f}" y="12">B better</text>')
    for place, (name, delta, low, high) in enumerate(rows):
        parts.append(_interval_row(name, delta, low, high, y=30 + place * _ROW, middle=middle, reach=reach))
    width = _NAME + _PLOT + _NUMBER
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Difference of each class with its 95 % interval">{"".join(parts)}</svg>'
    )


def _interval_row(
    name: str, delta: float, low: float | None, high: float | None, *, y: float, middle: float, reach: float
) -> str:
    def at(value: float) -> float:
        return middle + max(-1.0, min(1.0, value / reach)) * _PLOT / 2

    clear = low is not None and high is not None and (low > 0 or high < 0)
    kind = ("b" if delta > 0 else "a") if clear else "open"
    whisker = ""
    numbers = _points(delta)
    if low is not None and high is not None:
        whisker = f'<path class="whisker {kind}" d="M{at(low):.1f} {y}H{at(high):.1f}"/>'
        numbers += f" [{_points(low)}, {_points(high)}]"
    return (
        f'<text class="name" x="{_NAME - 10}" y="{y + 4}">{escape(name)}</text>{whisker}'
        f'<circle class="dot {kind}" cx="{at(delta):.1f}" cy="{y}" r="4.5"/>'
        f'<text class="number" x="{_NAME + _PLOT + 12}" y="{y + 4}">{numbers}</text>'
    )


def scatter_plot(points: Sequence[tuple[str, float, float]], *, title: str) -> str:
    """One dot per image at (score of A, score of B), fractions; above the diagonal B is better."""
    values = [value for _, a, b in points for value in (a, b)]
    low = max(0.0, ((min(values, default=0.0) * 20) // 1) / 20)
    high = min(1.0, ceil(max(values, default=1.0) * 20) / 20)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return (value - low) / span * _SIDE

    parts = [f'<rect class="frame" x="{_MARGIN}" y="10" width="{_SIDE}" height="{_SIDE}"/>']
    parts.append(f'<path class="zero" d="M{_MARGIN} {10 + _SIDE}L{_MARGIN + _SIDE} 10"/>')
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        text, along = f"{100 * (low + share * span):.0f}", share * _SIDE
        parts.append(f'<text class="tick" x="{_MARGIN + along:.1f}" y="{_SIDE + 26}">{text}</text>')
        parts.append(f'<text class="side" x="{_MARGIN - 6}" y="{14 + _SIDE - along:.1f}">{text}</text>')
    for name, a, b in points:
        kind = "b" if b > a else "a" if b < a else "open"
        tip = f"<title>{escape(name)}: A {100 * a:.2f}, B {100 * b:.2f}</title>"
        place = f'cx="{_MARGIN + at(a):.1f}" cy="{10 + _SIDE - at(b):.1f}"'
        parts.append(f'<circle class="point {kind}" {place} r="3.5">{tip}</circle>')
    parts.append(f'<text class="tick" x="{_MARGIN + _SIDE / 2}" y="{_SIDE + 44}">{escape(title)} of A, %</text>')
    upright = f'transform="translate(12 {10 + _SIDE / 2}) rotate(-90)"'
    parts.append(f'<text class="tick" {upright}>{escape(title)} of B, %</text>')
    width, height = _MARGIN + _SIDE + 16, _SIDE + 52
    return (
        f'<svg class="plot scatter" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)} of A and B, one dot per image">{"".join(parts)}</svg>'
    )


def _nice(value: float) -> float:
    """The next round number at or above a fraction: a few steps per power of ten, of percentage points."""
    step = 0.001
    while step < 1.0:
        for times in (1, 1.5, 2, 3, 4, 5, 7.5):
            if value <= times * step:
                return times * step
        step *= 10
    return 1.0


def _points(value: float) -> str:
    return f"{100 * value:+.2f}" if abs(value) >= 5e-5 else "0.00"
