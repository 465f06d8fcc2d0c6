"""What the engine adds to a bare forward pass: measured on a predictor as it is used."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.layer import Layer, prediction_layer
from segstudio.models.places import find_weights
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.building import build_network
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.execution import Forward
from segstudio.models.torch_backend.opening import open_predictor
from segstudio.models.torch_backend.pixels import to_input
from segstudio.models.torch_backend.predictor import Predictor

Image = NDArray[np.uint8]


def predictor_to_measure(registry: ModelRegistry, name: str, settings: PredictSettings) -> Predictor:
    """The model with weights that are on this machine, else with random ones: nothing is fetched."""
    entry, card = registry.entry(name), registry.card(name)
    here = next((one for one in card.weights if find_weights(entry.plugin.folder, one) is not None), None)
    if here is not None:
        return open_predictor(registry, name, weights=here.name, settings=settings)
    return Predictor(card, build_network(registry, name), choice=choose_device(settings.device), settings=settings)


def bare_seconds(predictor: Predictor, image: Image, *, repeat: int, warmup: int = 2) -> float:
    """Seconds of one forward pass on that image, brought to the device and into its form before; `repeat` in a row,
    with all threads of the processor, waited for at the end only.
    """
    device = torch.device(predictor.device)
    with torch.inference_mode():
        given = to_input(image, predictor.preprocess, device).pixels
        forward = Forward(predictor.network, predictor.settings)
        for _ in range(warmup):
            forward(given)
        wait(device)
        began = time.perf_counter()
        for _ in range(repeat):
            forward(given)
        wait(device)
    return (time.perf_counter() - began) / repeat


def overlay_seconds(predictor: Predictor, image: Image, *, repeat: int, warmup: int = 2) -> list[float]:
    """For each of `repeat` predictions the seconds from the end of the forward pass to the layer that is shown."""
    stamped = _Stamped(predictor._execute, torch.device(predictor.device))
    plain, predictor._execute = predictor._execute, stamped  # type: ignore[assignment]
    seconds = []
    try:
        for number in range(warmup + repeat):
            annotation = predictor.predict(image).to_annotation()
            Layer.from_annotation(prediction_layer(predictor.card.name), annotation, locked=True)
            if number >= warmup:
                seconds.append(time.perf_counter() - stamped.ended)
    finally:
        predictor._execute = plain
    return seconds


class _Stamped:
    """A forward pass that says when it ended."""

    def __init__(self, forward: Forward, device: torch.device) -> None:
        self.ended = 0.0
        self._forward = forward
        self._device = device

    @property
    def notes(self) -> tuple[str, ...]:
        return self._forward.notes

    def forget(self) -> None:
        self._forward.forget()

    def __call__(self, pixels: torch.Tensor) -> Any:
        result = self._forward(pixels)
        wait(self._device)
        self.ended = time.perf_counter()
        return result


def wait(device: torch.device) -> None:
    """Until the device has done everything that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
