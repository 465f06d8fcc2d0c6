"""The backend of the model host and of batch runs: models by name, through the registry of plugin folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segstudio.core.progress import CancelToken, Progress
from segstudio.models.own import install_own_models
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.opening import open_predictor
from segstudio.models.torch_backend.predictor import Predictor


class TorchBackend:
    """Opens the models of some plugin folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._registry = ModelRegistry(folders)

    def open(
        self, model: str, weights: str | None, settings: PredictSettings, *, progress: Progress, cancel: CancelToken
    ) -> Predictor:
        """Raises `UserError` where the model or its weights cannot be had."""
        if model not in self._registry:
            install_own_models(self._registry)  # it may have been added since this process began
        return open_predictor(
            self._registry, model, weights=weights, settings=settings, progress=progress, cancel=cancel
        )
