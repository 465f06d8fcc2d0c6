"""What runs models: the protocol, and the workbench that keeps the last opened ones ready."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import Cancelled, SegStudioError
from segstudio.core.progress import CancelToken, Progress
from segstudio.models.events import DeviceInfo, Done, Event, Failed
from segstudio.models.events import Progress as ProgressEvent
from segstudio.models.prediction import Prediction
from segstudio.models.request import PredictRequest, PredictSettings

TORCH = "segstudio.models.torch_backend.serving.TorchBackend"
FAKE = "segstudio.models.fake_backend.FakeBackend"

KEPT = 2
"""How many models stay loaded: as many as a comparison shows side by side."""


class OpenModel(Protocol):
    """A model that is ready to run; `segstudio.models.torch_backend.predictor.Predictor` is one."""

    def predict(
        self, image: NDArray[np.uint8], *, progress: Progress = ..., cancel: CancelToken | None = ...
    ) -> Prediction: ...

    def device_line(self) -> str: ...


class Backend(Protocol):
    """Opens models by name."""

    def open(
        self, model: str, weights: str | None, settings: PredictSettings, *, progress: Progress, cancel: CancelToken
    ) -> OpenModel: ...


def make_backend(dotted: str, folders: Sequence[Path]) -> Backend:
    """The backend that a dotted name means, made for the plugins of `folders`."""
    module, _, name = dotted.rpartition(".")
    make: Callable[[Sequence[Path]], Backend] = getattr(import_module(module), name)
    return make(folders)


class Workbench:
    """Runs requests one after another on models that it keeps open."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._open: OrderedDict[bytes, OpenModel] = OrderedDict()

    def run(self, request: PredictRequest, tell: Callable[[Event], None], cancel: CancelToken) -> None:
        """Run one request; `tell` hears everything, and as the last thing a `Done` or a `Failed`. Never raises."""

        def progress(done: int, total: int, text: str = "") -> None:
            tell(ProgressEvent(request.key, done, total, text))

        try:
            cancel.raise_if_cancelled()
            model = self._model(request, progress, cancel)
            tell(DeviceInfo(request.key, model.device_line()))
            prediction = model.predict(request.image, progress=progress, cancel=cancel)
            tell(DeviceInfo(request.key, model.device_line()))
            tell(Done(request.key, prediction))
        except Cancelled as stopped:
            tell(Failed(request.key, stopped.message, cancelled=True))
        except SegStudioError as error:
            tell(Failed(request.key, error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - a broken model must end its request only
            self._open.clear()
            tell(Failed(request.key, f"{request.model} failed: {type(error).__name__}: {error}"))

    def _model(self, request: PredictRequest, progress: Progress, cancel: CancelToken) -> OpenModel:
        key = pickle.dumps((request.model, request.weights, request.settings))
        if key not in self._open:
            while len(self._open) >= KEPT:
                self._open.popitem(last=False)
            self._open[key] = self._backend.open(
                request.model, request.weights, request.settings, progress=progress, cancel=cancel
            )
        self._open.move_to_end(key)
        return self._open[key]
