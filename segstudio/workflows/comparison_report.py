"""The comparison of two models as one HTML page that needs nothing else: verdict, classes, images, inputs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from segstudio.metrics.agreement import Agreement
from segstudio.metrics.compare import CLASS_SCORES, HEADLINES, IMAGE_SCORES
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.workflows.fingerprint import Fingerprint
from segstudio.workflows.report_plots import interval_plot, scatter_plot
from segstudio.workflows.report_style import STYLE
from segstudio.workflows.tables import write_text
from segstudio.workflows.telling_images import TellingImage
from segstudio.workflows.verdict import percent, verdict

_SHOWN_IMAGES = 30
_TITLES = {"miou": "mIoU", "iou": "IoU", "ap": "AP", "pq": "PQ", "f1_50": "F1 at IoU 0.5"}
_UPPER = ("AP", "AR", "PQ", "SQ", "RQ")
_CASES = {
    Agreement.ONLY_A_RIGHT: "only A right",
    Agreement.ONLY_B_RIGHT: "only B right",
    Agreement.BOTH_WRONG_ALIKE: "both wrong alike",
    Agreement.BOTH_WRONG_DIFFERENTLY: "both wrong differently",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What belongs into a report beside the numbers; `costs` are the rows measured of A and of B on this machine."""

    inputs: Mapping[str, Fingerprint] | None = None
    versions: Mapping[str, str] | None = None
    images: Sequence[TellingImage] = ()
    costs: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]] | None = None
    notes: Sequence[str] = ()


def write_report(
    path: str | Path,
    document: Mapping[str, Any],
    *,
    name_a: str,
    name_b: str,
    circumstances: Circumstances | None = None,
) -> None:
    """Write the page for a `compare --json` document. Raises `EnvironmentFault` where the file cannot be written."""
    around = circumstances or Circumstances()
    names = escape(name_a), escape(name_b)
    title = f"{names[0]} against {names[1]}"
    said = verdict(document, name_a, name_b)
    sections = [
        f"<h1>{title}</h1>",
        f'<p class="lead">A is <b class="a">{names[0]}</b>, B is <b class="b">{names[1]}</b>, measured on '
        f"{document['a']['images']} images that both have. All differences are B − A, in percentage points.</p>",
        f'<p class="verdict {said.winner}">{escape(said.text)}</p>',
        f'<p class="dim">{escape(said.small_print)}</p>',
        "<h2>All metrics</h2>",
        _summary(document, *names),
        "<h2>Classes: difference with its 95 % interval</h2>",
        _classes(document),
        "<h2>Images</h2>",
        _images(document),
        _pictures(around.images),
        "<h2>Speed and size on this machine</h2>",
        _costs(around.costs, *names),
        "<h2>What was measured, and how</h2>",
        _contract(document, around),
    ]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>\n" + "\n".join(sections) + "\n</body></html>\n"
    )
    write_text(Path(path), page)


def _summary(document: Mapping[str, Any], a: str, b: str) -> str:
    rows = []
    for name, value in document["a"]["metrics"].items():
        other = document["b"]["metrics"].get(name)
        rows.append([metric_title(name), percent(value), percent(other), _change(value, other)])
    return _table(["metric", f"A {a}", f"B {b}", "B − A"], rows)


def _classes(document: Mapping[str, Any]) -> str:
    score = CLASS_SCORES[document["a"]["task"]]
    sides = [{row["id"]: row[score] for row in document[side]["classes"]} for side in ("a", "b")]
    shown = [row for row in document["classes"] if any(side[row["id"]] is not None for side in sides)]
    known = [row for row in shown if row[f"delta_{score}"] is not None]
    ranked = sorted(known, key=lambda row: -row[f"delta_{score}"])
    plot = interval_plot([(row["name"], row[f"delta_{score}"], *row["ci95"]) for row in ranked])
    rows = []
    for row in shown:
        before, after = (side[row["id"]] for side in sides)
        low, high = row["ci95"]
        rows.append([escape(row["name"]), percent(before), percent(after), _change(before, after), _range(low, high)])
    title = _TITLES.get(score, score)
    many = (
        '<p class="dim">Each interval is right in 95 % of cases when looked at alone; of twenty classes without any '
        "difference about one looks clear by chance. Filled: the interval leaves out zero.</p>"
    )
    return plot + many + _table(["class", f"{title} of A", f"{title} of B", "B − A", "95 % interval"], rows)


def _images(document: Mapping[str, Any]) -> str:
    score = IMAGE_SCORES[document["a"]["task"]]
    known = [
        (row["name"], row[f"{score}_a"], row[f"{score}_b"])
        for row in document["per_image"]
        if row[f"{score}_a"] is not None and row[f"{score}_b"] is not None
    ]
    title = _TITLES.get(score, score)
    wins = sum(b > a for _, a, b in known), sum(a > b for _, a, b in known)
    head = (
        f'<p>{title} of each image: <b class="b">B is higher in {wins[0]}</b>, <b class="a">A in {wins[1]}</b>, '
        f"equal in {len(known) - sum(wins)}.</p>"
    )
    ranked = sorted(known, key=lambda row: -abs(row[2] - row[1]))[:_SHOWN_IMAGES]
    rows = [[escape(name), percent(a), percent(b), _change(a, b)] for name, a, b in ranked]
    return head + scatter_plot(known, title=title) + _table(["image that changed most", "A", "B", "B − A"], rows)


def _pictures(images: Sequence[TellingImage]) -> str:
    if not images:
        return ""
    keys = []
    for case, words in _CASES.items():
        hatch = " hatch" if case is Agreement.BOTH_WRONG_DIFFERENTLY else ""
        color = "" if hatch else f' style="background:rgb{AGREEMENT_COLORS[case]}"'
        keys.append(f'<span class="key{hatch}"{color}></span>{words}')
    parts = ["<h2>The most telling images</h2>", f"<p>Difference:{''.join(keys)}</p>"]
    return "".join(parts) + "".join(_figure(image) for image in images)


def _figure(image: TellingImage) -> str:
    total = max(1, sum(image.pixels.values()) - image.pixels[Agreement.VOID])
    shares = ", ".join(f"{words} {100 * image.pixels[case] / total:.1f}\u00a0%" for case, words in _CASES.items())
    tiles = (("truth", image.truth), ("A", image.a), ("B", image.b), ("difference", image.difference))
    strip = "".join(
        f'<div><img src="data:image/jpeg;base64,{b64encode(data).decode()}" alt="{what} of {escape(image.name)}">'
        f"<span>{what}</span></div>"
        for what, data in tiles
    )
    caption = f'<b>{escape(image.name)}</b> <span class="dim">{shares}</span>'
    return f'<figure><figcaption>{caption}</figcaption><div class="strip">{strip}</div></figure>'


def _costs(costs: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]] | None, a: str, b: str) -> str:
    rows = []
    for letter, name, found in zip("AB", (a, b), costs or ((), ()), strict=True):
        for row in found:
            peak = "–" if row.get("peak_bytes") is None else f"{row['peak_bytes'] / 2**20:.0f}"
            width, height = row["input_size"]
            rows.append(
                [f"{letter} {name}", escape(str(row["device"])), escape(str(row["how"])), f"{width}×{height}"]
                + [f"{row['fps']:.2f}", f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}"]
                + [f"{row['parameters'] / 1e6:.2f}", f"{row['gmacs']:.2f}", peak]
            )
    head = ["model", "device", "how", "input", "FPS", "median ms", "95 % ms"]
    head += ["M parameters", "GMACs", "peak MiB"]
    note = (
        '<p class="dim">One image at a time, after warm-up, synchronised. A GMAC is 10⁹ multiply-accumulates '
        "(half of what counters of FLOPs say).</p>"
    )
    missing = [
        f"{letter} {name}" for letter, name, found in zip("AB", (a, b), costs or ((), ()), strict=True) if not found
    ]
    unknown = (
        f"<p>{' and '.join(missing)}: not measured on this machine. <code>segstudio bench models NAME</code> "
        "measures a model, and the next report shows it.</p>"
    )
    return (f'<div class="wide">{_table(head, rows)}</div>{note}' if rows else "") + (unknown if missing else "")


def _contract(document: Mapping[str, Any], around: Circumstances) -> str:
    delta, task = document["delta"], document["a"]["task"]
    rows = [["task", task], ["score", metric_title(HEADLINES[task])]]
    rows += [[_rule(name), escape(_said(value))] for name, value in document["a"]["policy"].items()]
    rows.append(["interval", f"paired percentile bootstrap, {delta['resamples']} resamples of {delta['units']} units"])
    rows.append(["p-value", "paired permutation test, two-sided: A and B exchanged in random units"])
    rows.append(["smallest visible", "difference that a 5 % test finds with a power of 80 %"])
    parts = [_facts(rows)]
    if around.inputs:
        parts.append("<h2>Inputs</h2>")
        head = ["", "path", "files", "bytes", "SHA-256"]
        cells = [
            f"<tr><td>{escape(what)}</td><td>{escape(str(one.path))}</td><td>{one.files}</td>"
            f'<td>{one.size_bytes:,}</td><td class="hash">{one.sha256}</td></tr>'
            for what, one in around.inputs.items()
        ]
        parts.append(f'<table class="facts"><tr>{"".join(f"<th>{h}</th>" for h in head)}</tr>{"".join(cells)}</table>')
        parts.append('<p class="dim">Of a folder: over the list that sha256sum writes of its sorted files.</p>')
    if around.versions:
        parts += ["<h2>Versions</h2>", _facts([[escape(n), escape(v)] for n, v in around.versions.items()])]
    if around.notes:
        parts += ["<h2>Notes</h2>", f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in around.notes)}</ul>"]
    return "".join(parts)


def metric_title(name: str) -> str:
    """The name of a metric as people write it."""
    if name in _TITLES:
        return _TITLES[name]
    words = name.replace("miou", "mIoU").split("_")
    words = ["IoU" if word == "iou" else word.upper() if word[:2].upper() in _UPPER else word for word in words]
    return " ".join(words)


def _rule(name: str) -> str:
    return "policy" if name == "name" else name.replace("_", " ")


def _said(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, (list, tuple)) else str(value)


def _facts(rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="facts">{cells}</table>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "–"
    kind = "b" if after > before else "a" if after < before else ""
    return f'<span class="{kind}">{100 * (after - before):+.2f}</span>'


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{100 * low:+.2f} … {100 * high:+.2f}"
