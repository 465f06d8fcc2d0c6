"""What `segstudio bench` measured, as tables for people and as one JSON document."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from segstudio.cli.console import table

if TYPE_CHECKING:
    from segstudio.workflows.benching.assist import AssistBench
    from segstudio.workflows.benching.clicking import ClickRow, ClickScores
    from segstudio.workflows.benching.dabs import DabScores
    from segstudio.workflows.benching.effort import Arm
    from segstudio.workflows.benching.stopwatch import Timing
    from segstudio.workflows.benching.tool_times import ToolTime

Row = dict[str, Any]
Cells = list[list[str]]


def timing_row(timing: Timing) -> Row:
    """One measurement of a room."""
    return {"what": timing.what, "median_ms": timing.median_ms, "p95_ms": timing.p95_ms}


def timing_cells(rows: Sequence[Row]) -> Cells:
    """Rooms: what, median, 95th percentile."""
    cells = [[row["what"], f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}"] for row in rows]
    return [["what", "median ms", "95 % ms"], *cells]


def model_cells(rows: Sequence[Row]) -> Cells:
    """Models: size, cost, speed."""
    head = ["model", "input", "device", "how", "M parameters", "GMACs", "FPS", "FPS 95 %", "median ms", "95 % ms"]
    cells = [[*head, "peak MB"]]
    for row in rows:
        width, height = row["input_size"]
        peak = "–" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 2**20:.0f}"
        figures = [f"{row['parameters'] / 1e6:.2f}", f"{row['gmacs']:.2f}", f"{row['fps']:.2f}"]
        times = [f"{row['fps_p95']:.2f}", f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}", peak]
        cells.append([row["model"], f"{width}×{height}", row["device"], row["how"], *figures, *times])
    return cells


def assist_document(found: AssistBench) -> Row:
    """Everything that `bench assist` measured."""
    loop = found.calibration
    return {
        "calibration_ms": None if loop is None else loop.median_ms,
        "times": [
            {**timing_row(one.timing), "calibrated": _ratio(one, loop), "limit_ms": one.limit_ms} for one in found.times
        ],
        "clicks": [_click_row(row) for row in found.clicks],
        "dabs": [dataclasses.asdict(one) for one in found.dabs],
        "effort": [{**dataclasses.asdict(arm), "presses": arm.presses, "reached": arm.reached} for arm in found.effort],
        "notes": list(found.notes),
    }


def assist_lines(found: AssistBench) -> list[str]:
    """The tables of `bench assist`, a heading above each."""
    lines: list[str] = []
    if found.times:
        lines += _headed("Times at 2048×1024", table(_time_cells(found.times, found.calibration)))
    if found.clicks:
        lines += _headed("Clicks (j: inexact, mean of the seeds; w: the worst seed)", table(_click_cells(found.clicks)))
    if found.dabs:
        lines += _headed("Dabs on the forest", table(_dab_cells(found.dabs)))
    if found.effort:
        lines += _headed("Presses to 90 % mean IoU", table(_effort_cells(found.effort)))
    return lines


def _headed(title: str, lines: list[str]) -> list[str]:
    return [title, *lines, ""]


def _ratio(one: ToolTime, loop: Timing | None) -> float | None:
    return None if loop is None else one.timing.median_ms / loop.median_ms


def _time_cells(times: Sequence[ToolTime], loop: Timing | None) -> Cells:
    cells = [["what", "median ms", "95 % ms", "in loops", "promised ms"]]
    for one in times:
        ratio, limit = _ratio(one, loop), "" if one.limit_ms is None else f"{one.limit_ms:g}"
        figures = [f"{one.timing.median_ms:.2f}", f"{one.timing.p95_ms:.2f}"]
        cells.append([one.timing.what, *figures, "" if ratio is None else f"{ratio:.3f}", limit])
    if loop is not None:
        cells.append([loop.what, f"{loop.median_ms:.2f}", f"{loop.p95_ms:.2f}", "1", ""])
    return cells


def _click_row(row: ClickRow) -> Row:
    document: Row = {"assist": row.assist, "where": row.where, "objects": row.objects}
    for name, scores in (("exact", row.exact), ("jittered", row.jittered), ("worst", row.worst)):
        document[name] = None if scores is None else dataclasses.asdict(scores)
    return document


def _click_cells(rows: Sequence[ClickRow]) -> Cells:
    head = ["assist, objects", "n", "IoU@1/3/5/10", "NoC@85/90", "failed", "j IoU@1/3/5/10", "j NoC@85/90"]
    cells = [[*head, "w NoC@85/90", "s begin", "s click"]]
    for row in rows:
        exact = [_shares(row.exact), _counts(row.exact), "/".join(str(value) for value in row.exact.failures)]
        loose = ["–", "–"] if row.jittered is None else [_shares(row.jittered), _counts(row.jittered)]
        worst = "–" if row.worst is None else _counts(row.worst)
        seconds = [f"{row.exact.prepare_s:.3f}", f"{row.exact.click_s:.3f}"]
        cells.append([f"{row.assist}, {row.where}", str(row.objects), *exact, *loose, worst, *seconds])
    return cells


def _shares(scores: ClickScores) -> str:
    return "/".join(f"{value:.2f}" for value in scores.iou)


def _counts(scores: ClickScores) -> str:
    return "/".join(f"{value:.1f}" for value in scores.noc)


def _dab_cells(found: Sequence[DabScores]) -> Cells:
    from segstudio.workflows.benching.dabs import MARKS

    head = [f"right @{mark}" for mark in MARKS] + [f"mIoU @{mark}" for mark in MARKS]
    cells = [["scene", "classes", *head]]
    for one in found:
        cells.append([one.name, str(one.began_with), *(f"{value:.3f}" for value in (*one.accuracy, *one.miou))])
    columns = zip(*[(*one.accuracy, *one.miou) for one in found], strict=True)
    return [*cells, ["mean", "", *(f"{math.fsum(column) / len(found):.3f}" for column in columns)]]


def _effort_cells(arms: Sequence[Arm]) -> Cells:
    head = ["way", "images", "reached", "presses", "of by hand", "dabs", "accepts", "single clicks", "prompts"]
    cells = [[*head, "polygon clicks", "class changes"]]
    for arm in arms:
        sums = [
            sum(getattr(one, name) for one in arm.images)
            for name in ("dabs", "accepts", "single", "prompts", "vertices")
        ]
        changes = sum(one.class_changes for one in arm.images)
        share = arm.presses / max(1, arms[0].presses)
        figures = [str(len(arm.images)), str(arm.reached), str(arm.presses), f"{share:.2f}"]
        cells.append([arm.name, *figures, *(str(value) for value in (*sums, changes))])
    return cells
