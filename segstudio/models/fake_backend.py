"""A backend without torch, for tests and for trying the window: its models do what their names say.

`bands` labels horizontal bands, `slow` does so in twenty steps of a tenth of a second, `busy` computes for three
seconds without a word, `stuck` sleeps and hears nothing, `greedy` keeps 200 MB for every image, `dies` ends its
process, `broken` raises, `missing` cannot be opened.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.prediction import Prediction
from segstudio.models.request import PredictSettings

BANDS = ClassSet.of_names(["upper", "middle", "lower"], name="bands")

_KEPT: list[NDArray[np.uint8]] = []


class FakeModel:
    """One model of the fake backend."""

    def __init__(self, name: str, settings: PredictSettings) -> None:
        self._name = name
        self._classes = settings.class_set or BANDS

    def device_line(self) -> str:
        return f"fake device of process {os.getpid()}"

    def predict(
        self, image: NDArray[np.uint8], *, progress: Progress = no_progress, cancel: CancelToken | None = None
    ) -> Prediction:
        """Bands of the classes, from the top to the bottom."""
        if self._name == "dies":
            os._exit(3)
        if self._name == "broken":
            raise ZeroDivisionError("a bug in a plugin")
        if self._name == "greedy":
            _KEPT.append(np.ones(200 << 20, np.uint8))
        if self._name == "busy":
            ends = time.monotonic() + 3
            while time.monotonic() < ends:
                sum(range(10_000))
        if self._name == "stuck":
            time.sleep(60)
        for step in range(20 if self._name == "slow" else 1):
            if cancel is not None:
                cancel.raise_if_cancelled()
            progress(step, 20, "steps")
            if self._name == "slow":
                time.sleep(0.1)
        height, width = image.shape[:2]
        rows = np.arange(height) * self._classes.num_classes // height
        labels_hw = np.repeat(rows.astype(np.uint8)[:, None], width, axis=1)
        confidence_hw = image.max(axis=2)
        return Prediction((height, width), self._classes, labels_hw, confidence_hw, device="fake", reason="for tests")


class FakeBackend:
    """Opens fake models."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = tuple(folders)

    def open(
        self, model: str, weights: str | None, settings: PredictSettings, *, progress: Progress, cancel: CancelToken
    ) -> FakeModel:
        """Raises `UserError` for "missing"."""
        if model == "missing":
            raise UserError(f"there is no model {model!r}", hint="known: bands")
        return FakeModel(model, settings)
