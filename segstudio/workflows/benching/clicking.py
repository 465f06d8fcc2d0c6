"""The clicker against every assist: IoU after so many clicks, clicks to an IoU, failures, seconds for a click."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.metrics.clicks import clicks_to_iou
from segstudio.workflows.benching.click_assists import Assist, Mask
from segstudio.workflows.benching.clicker import BUDGET, Click, click_through, held
from segstudio.workflows.benching.subjects import Subject

MARKS = (1, 3, 5, 10)
TARGETS = (0.85, 0.90)
SEEDS = 5
SLOW_SHARE = 3
"""Slow assists see one of so many objects, and one inexact clicker."""


@dataclass(frozen=True, slots=True)
class ClickScores:
    """One assist under one clicker: means over objects.

    `iou` after each of `MARKS` clicks; `noc` mean clicks to each of `TARGETS`, `BUDGET` where never; `failures` objects
    that never got there; seconds to take a picture in hand and for each click.
    """

    iou: tuple[float, ...]
    noc: tuple[float, ...]
    failures: tuple[int, ...]
    prepare_s: float
    click_s: float


@dataclass(frozen=True, slots=True)
class ClickRow:
    """One assist on one set of objects: exact clicks, and inexact ones as the mean and the worst of the seeds.

    Worst is the seed with the highest mean clicks to the first target.
    """

    assist: str
    where: str
    objects: int
    exact: ClickScores
    jittered: ClickScores | None
    worst: ClickScores | None


def click_all(
    assists: Sequence[Assist],
    subjects: Sequence[tuple[str, Sequence[Subject]]],
    *,
    seeds: int = SEEDS,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> list[ClickRow]:
    """Every assist on every named set of objects, exactly and with `seeds` inexact clickers (0: exactly only)."""
    rows = []
    sets = [(where, list(objects)) for where, objects in subjects if objects]
    for number, assist in enumerate(assists):
        for place, (where, objects) in enumerate(sets):
            progress(number * len(sets) + place, len(assists) * len(sets), f"clicks: {assist.name}, {where}")
            seen = objects[::SLOW_SHARE] if assist.slow and len(objects) >= 2 * SLOW_SHARE else objects
            exact = clicked(assist, seen, seed=None, cancel=cancel)
            clickers = range(min(seeds, 1) if assist.slow else seeds)
            loose = [clicked(assist, seen, seed=seed, cancel=cancel) for seed in clickers]
            worst = max(loose, key=lambda scores: scores.noc[0], default=None)
            rows.append(ClickRow(assist.name, where, len(seen), exact, _mean(loose) if loose else None, worst))
    return rows


def clicked(
    assist: Assist, subjects: Sequence[Subject], *, seed: int | None, cancel: CancelToken | None = None
) -> ClickScores:
    """One assist on objects by one clicker; `seed` None clicks exactly. At least one object."""
    runs: list[list[float]] = []
    prepare_s = click_s = 0.0
    answered = 0
    for number, subject in enumerate(subjects):
        if cancel is not None:
            cancel.raise_if_cancelled()
        began = time.perf_counter()
        answers = assist.begin(subject)
        prepare_s += time.perf_counter() - began
        spent: list[float] = []

        def answer(clicks: Sequence[Click]) -> Mask:
            since = time.perf_counter()
            mask_hw = answers(clicks)  # noqa: B023 - called before the loop goes on
            spent.append(time.perf_counter() - since)  # noqa: B023
            return mask_hw

        chance = None if seed is None else np.random.default_rng([seed, number])
        budget = BUDGET - assist.first_clicks
        ious = click_through(
            answer, subject.object_hw, void_hw=subject.void_hw, budget=budget, stop_at=max(TARGETS), chance=chance
        )
        runs.append([0.0] * assist.first_clicks + ious)
        click_s += sum(spent)
        answered += len(spent)
    reached = [clicks_to_iou(runs, target=target, budget=BUDGET) for target in TARGETS]
    return ClickScores(
        tuple(float(np.mean([held(ious, mark) for ious in runs])) for mark in MARKS),
        tuple(one.mean_clicks for one in reached),
        tuple(one.failed for one in reached),
        prepare_s / len(subjects),
        click_s / max(1, answered),
    )


def _mean(all_scores: Sequence[ClickScores]) -> ClickScores:
    def mean(rows: list[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(float(value) for value in np.mean(rows, axis=0))

    return ClickScores(
        mean([one.iou for one in all_scores]),
        mean([one.noc for one in all_scores]),
        tuple(round(value) for value in mean([one.failures for one in all_scores])),
        float(np.mean([one.prepare_s for one in all_scores])),
        float(np.mean([one.click_s for one in all_scores])),
    )
