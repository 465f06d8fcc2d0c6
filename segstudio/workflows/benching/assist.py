"""`bench assist`: times of the tools, the clicker against every assist, dabs on the forest, effort per image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import SegStudioError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.registry import ModelRegistry
from segstudio.workflows.benching.click_assists import weight_free
from segstudio.workflows.benching.clicking import SEEDS, ClickRow, click_all
from segstudio.workflows.benching.dabs import DabScores, dab_through
from segstudio.workflows.benching.effort import Arm, compare_effort
from segstudio.workflows.benching.prompt_assists import bundled, promptable
from segstudio.workflows.benching.stopwatch import Timing
from segstudio.workflows.benching.subjects import Street, Subject, dataset_objects, street_objects, streets
from segstudio.workflows.benching.tool_times import ToolTime, tool_times

PARTS = ("times", "clicks", "dabs", "effort")
DEMO_MODEL = "toytown-unet"


@dataclass(frozen=True, slots=True)
class Scope:
    """How much is measured: objects of each set, inexact clickers, scenes to dab on, scenes to label."""

    objects: int
    seeds: int
    dabbed: int
    labelled: int


FULL = Scope(objects=12, seeds=SEEDS, dabbed=10, labelled=10)
QUICK = Scope(objects=4, seeds=1, dabbed=2, labelled=2)


@dataclass(frozen=True, slots=True)
class AssistBench:
    """What was measured; parts that were not asked for are empty. `notes` say what could not be."""

    calibration: Timing | None
    times: tuple[ToolTime, ...]
    clicks: tuple[ClickRow, ...]
    dabs: tuple[DabScores, ...]
    effort: tuple[Arm, ...]
    notes: tuple[str, ...]


def bench_assist(
    registry: ModelRegistry,
    *,
    parts: Sequence[str] = PARTS,
    datasets: Sequence[Path] = (),
    quick: bool = False,
    device: str = "auto",
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> AssistBench:
    """Measure the named `parts` on scenes of the demo; the clicker also on objects of `datasets`.

    The same seeds give the same scores on every machine. Raises `UserError` for a data set that cannot be read.
    """
    scope = QUICK if quick else FULL
    notes: list[str] = []
    loop: Timing | None = None
    times: list[ToolTime] = []
    rows: list[ClickRow] = []
    dabs: list[DabScores] = []
    arms: list[Arm] = []
    if "clicks" in parts:  # first, so that a data set that cannot be read is said at once
        sets = _sets(datasets, scope.objects)
        prompted, refused = promptable(registry, device=device)
        notes += refused
        rows = click_all([*weight_free(), *prompted], sets, seeds=scope.seeds, progress=progress, cancel=cancel)
    if "times" in parts:
        loop, times = tool_times(quick=quick, progress=progress, cancel=cancel)
    if "dabs" in parts:
        for number, street in enumerate(streets(scope.dabbed)):
            progress(number, scope.dabbed, f"dabs: {street.name}")
            dabs.append(dab_through(street)[0])
    if "effort" in parts:
        predict = _demo_model(notes, device)
        arms = compare_effort(
            list(streets(scope.labelled)),
            predict=predict,
            segmenters=bundled(registry, device=device),
            progress=progress,
            cancel=cancel,
        )
    return AssistBench(loop, tuple(times), tuple(rows), tuple(dabs), tuple(arms), tuple(notes))


def _sets(datasets: Sequence[Path], count: int) -> list[tuple[str, list[Subject]]]:
    return [("demo", street_objects(count)), *((path.name, dataset_objects(path, count)) for path in datasets)]


class _DemoModel:
    """The network that ships with the program; it was trained on other scenes of the same town."""

    def __init__(self, device: str) -> None:
        from segstudio.models.open import load_predictor

        self._predictor = load_predictor(DEMO_MODEL, device=device)

    def __call__(self, street: Street) -> NDArray[np.uint8]:
        return np.asarray(self._predictor.predict(street.image_hwc).labels_hw, np.uint8)


def _demo_model(notes: list[str], device: str) -> _DemoModel | None:
    try:
        return _DemoModel(device)
    except SegStudioError as error:
        notes.append(f"{DEMO_MODEL}: {error.message}")
        return None
