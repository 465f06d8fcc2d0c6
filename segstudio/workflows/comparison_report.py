"""The comparison of two models as one HTML page that needs nothing else: verdict, classes, images."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from segstudio.workflows.tables import write_text

_SHOWN_IMAGES = 20
_STYLE = """
:root { color-scheme: light dark; --a: #b35900; --b: #2563a8; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .25rem .6rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr { border-bottom: 1px solid var(--line); }
.verdict { font-size: 1.15rem; } .worse { color: var(--a); } .better { color: var(--b); }
svg { vertical-align: middle; }
"""


def write_report(path: str | Path, document: Mapping[str, Any], *, name_a: str, name_b: str) -> None:
    """Write the page for a `compare --json` document. Raises `EnvironmentFault` where the file cannot be written."""
    title = f"{escape(name_a)} against {escape(name_b)}"
    body = [
        f"<h1>{title}</h1>",
        f'<p class="verdict">{_verdict(document, escape(name_a), escape(name_b))}</p>',
        _summary(document, escape(name_a), escape(name_b)),
        "<h2>Classes: change of IoU with its 95 % interval</h2>",
        _classes(document),
        "<h2>Images that changed most</h2>",
        _images(document),
        f"<p>Policy: {escape(str(document['a']['policy']))}</p>",
    ]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )
    write_text(Path(path), page)


def _verdict(document: Mapping[str, Any], a: str, b: str) -> str:
    delta, images = document["delta"], document["a"]["images"]
    low, high = delta["ci95"]
    if delta["miou"] is None or low is None:
        return f"{images} images are too few to tell {a} and {b} apart."
    if low <= 0 <= high:
        seen = (
            "" if delta["minimum_detectable"] is None else f" Differences below {_percent(delta['minimum_detectable'])}"
        )
        tail = f"{seen} could not be seen on these {images} images." if seen else ""
        return f"No difference between {a} and {b} can be told (p = {delta['p_value']:.3f}).{tail}"
    winner, loser = (b, a) if delta["miou"] > 0 else (a, b)
    return (
        f"{winner} is better than {loser} by {_percent(abs(delta['miou']))} of mean IoU (p = {delta['p_value']:.3f})."
    )


def _summary(document: Mapping[str, Any], a: str, b: str) -> str:
    rows = [f"<tr><th>metric</th><th>{a}</th><th>{b}</th><th>change</th></tr>"]
    for name, value in document["a"]["metrics"].items():
        other = document["b"]["metrics"].get(name)
        rows.append(
            f"<tr><td>{escape(name)}</td><td>{_percent(value)}</td><td>{_percent(other)}</td>"
            f"{_change(value, other)}</tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _classes(document: Mapping[str, Any]) -> str:
    ious = {side: {row["id"]: row["iou"] for row in document[side]["classes"]} for side in ("a", "b")}
    rows = ["<tr><th>class</th><th>A</th><th>B</th><th>change</th><th>95 % interval</th><th></th></tr>"]
    reach = max((abs(end) for row in document["classes"] for end in row["ci95"] if end is not None), default=0) or 1
    for row in document["classes"]:
        before, after = ious["a"][row["id"]], ious["b"][row["id"]]
        if before is None and after is None:
            continue
        low, high = row["ci95"]
        rows.append(
            f"<tr><td>{escape(row['name'])}</td><td>{_percent(before)}</td><td>{_percent(after)}</td>"
            f"{_change(before, after)}<td>{_percent(low)} … {_percent(high)}</td>"
            f"<td>{_bar(row['delta_iou'], low, high, reach)}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _images(document: Mapping[str, Any]) -> str:
    defined = [row for row in document["per_image"] if row["miou_a"] is not None and row["miou_b"] is not None]
    ranked = sorted(defined, key=lambda row: -abs(row["miou_b"] - row["miou_a"]))[:_SHOWN_IMAGES]
    rows = ["<tr><th>image</th><th>A</th><th>B</th><th>change</th></tr>"]
    for row in ranked:
        a, b = row["miou_a"], row["miou_b"]
        rows.append(
            f"<tr><td>{escape(row['name'])}</td><td>{_percent(a)}</td><td>{_percent(b)}</td>{_change(a, b)}</tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f} %"


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "<td>–</td>"
    kind = "better" if after > before else "worse" if after < before else ""
    return f'<td class="{kind}">{100 * (after - before):+.2f}</td>'


def _bar(delta: float | None, low: float | None, high: float | None, reach: float) -> str:
    """A whisker from `low` to `high` with a dot at `delta`, zero in the middle."""
    if delta is None or low is None or high is None:
        return ""
    left, dot, right = (80 + 76 * max(-1.0, min(1.0, value / reach)) for value in (low, delta, high))
    color = "var(--b)" if delta > 0 else "var(--a)"
    return (
        '<svg width="160" height="14" role="img"><path d="M80 0V14" stroke="#888"/>'
        f'<path d="M{left:.1f} 7H{right:.1f}" stroke="{color}" stroke-width="2"/>'
        f'<circle cx="{dot:.1f}" cy="7" r="4" fill="{color}"/></svg>'
    )
