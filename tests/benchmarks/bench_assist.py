"""Assists by what they spare: the forest's dabs and the labelling effort, held to the promises of `bench assist`.

The times of the tools are those of `bench_assist_tools.py` and `bench_prompt.py`.
"""

from __future__ import annotations

import time

import numpy as np

from segstudio.workflows.benching.dabs import MARKS, dab_through
from segstudio.workflows.benching.effort import compare_effort
from segstudio.workflows.benching.subjects import streets
from tests.benchmarks.table import Row

SCENES = 10
ACCURACY = {20: 0.80, 60: 0.88}
SHARE = 0.25


def bench_dabs() -> list[Row]:
    """Right pixels of ten demo scenes after 10, 20, 40 and 60 dabs; the milliseconds are those of one scene's dabs."""
    scores, times_ms = [], []
    for street in streets(SCENES):
        began = time.perf_counter()
        scores.append(dab_through(street)[0])
        times_ms.append((time.perf_counter() - began) * 1e3)
    middle, worst = float(np.median(times_ms)), max(times_ms)
    rows = []
    for place, mark in enumerate(MARKS):
        accuracy, miou = (
            float(np.mean([getattr(one, name)[place] for one in scores])) for name in ("accuracy", "miou")
        )
        least = ACCURACY.get(mark)
        what = f"forest, {mark} dabs: {accuracy:.3f} right, mIoU {miou:.3f}"
        limit = "" if least is None else f"≥ {least:.2f} right"
        rows.append(Row(what, middle, worst, "", None, limit, None if least is None else accuracy >= least))
    return rows


def bench_effort() -> list[Row]:
    """Presses of the hand until ten demo scenes have 90 % mean IoU, by each way; the ratio is to polygons alone."""
    began = time.perf_counter()
    arms = compare_effort(list(streets(SCENES)))
    spent_ms = (time.perf_counter() - began) * 1e3 / (SCENES * len(arms))
    by_hand = arms[0].presses
    rows = []
    for arm in arms:
        ratio = arm.presses / by_hand
        what = f"{arm.name}: {arm.presses} presses, {arm.reached} of {len(arm.images)} images at 90 %"
        held = arm.name == "forest"
        ok = ratio <= SHARE and arm.reached == len(arm.images) if held else None
        rows.append(Row(what, spent_ms, spent_ms, "polygons alone", ratio, f"≤ {SHARE:g}" if held else "", ok))
    return rows
