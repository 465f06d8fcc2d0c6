"""What the models of a batch run said before, here or in the window, and what they say now, kept for the next time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segstudio.models.prediction import Prediction
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.models.results import Results
from segstudio.settings.folders import data_directory

UNKEPT = 8
"""Results that wait to be written for later; where the model is quicker than that the others are not."""


def shared_cache() -> ResultCache:
    """The predictions that the window keeps, for all programs of this person."""
    return ResultCache(data_directory() / "predictions")


@dataclass
class Known:
    """The cache as one run uses it: of one model with its weights and settings. `pool` does the writing."""

    cache: ResultCache
    model: str
    weights: str | None
    settings: PredictSettings
    pool: ThreadPoolExecutor
    _waiting: list[Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._results = Results(default_registry(), self.cache)

    def find(self, image_hwc: NDArray[np.uint8]) -> tuple[str, Prediction | None]:
        """The key of that image ("" where it has none) and what is known of it. Safe from any thread."""
        key = self._results.key(PredictRequest(self.model, image_hwc, self.weights, self.settings))
        return key, self._results.find(key)

    def keep(self, key: str, prediction: Prediction) -> None:
        """Write a result for later, soon; belongs to one thread."""
        self._waiting = [one for one in self._waiting if not one.done()]
        if key and len(self._waiting) < UNKEPT:
            self._waiting.append(self.pool.submit(self._results.keep, key, prediction))
