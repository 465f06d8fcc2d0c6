"""The functions with which scripts use models; torch is imported by the ones that need a network."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio.models.card import ModelCard
from segstudio.models.registry import default_registry

if TYPE_CHECKING:
    from segstudio.models.torch_backend.cost import ModelCost
    from segstudio.models.torch_backend.predictor import Predictor


def list_models(task: str | None = None) -> list[ModelCard]:
    """The cards of all known models ("semantic", "instance" or "panoptic" ones where `task` is given), by name."""
    return default_registry().cards(task)


def create_model(name: str, num_classes: int | None = None, **options: Any) -> Any:
    """A `torch.nn.Module` in eval mode with untrained weights and `num_classes` outputs (None: as published).

    Semantic networks map float32 `[N, 3, H, W]` to logits `[N, C, H, W]` at the input's size. Raises `UserError` for
    unknown names and missing extras.
    """
    from segstudio.models.torch_backend.building import build_network

    return build_network(default_registry(), name, num_classes=num_classes, options=options)


def load_weights(model: Any, path: str | PathLike[str]) -> Any:
    """Put the weights of a file into `model`, in place, and return it.

    Accepts safetensors and what torch saves as plain tensors, with or without the wrappings `state_dict`, `model` and
    `module.`, under the key names of the network's public reference. Raises `UserError` where the file holds code, is
    damaged or does not fit; nothing of it is run, and the model is left as it was.
    """
    from segstudio.models.torch_backend.checkpoint import load_into

    load_into(model, Path(path))
    return model


def load_predictor(
    name: str, weights: str | PathLike[str] | None = None, device: str = "auto", **settings: Any
) -> Predictor:
    """A predictor of one model with its weights, on "auto", "cuda", "mps" or "cpu".

    `weights` is a file or the name of one of the card's entries (None: the first that is on this machine, else the
    first that can be downloaded); `settings` are the fields of `PredictSettings`.
    """
    from segstudio.models.request import PredictSettings
    from segstudio.models.torch_backend.opening import open_predictor

    chosen = PredictSettings(device=device, **settings)
    return open_predictor(default_registry(), name, weights=None if weights is None else str(weights), settings=chosen)


def bench_model(
    name: str, *, size_hw: tuple[int, int] | None = None, device: str = "auto", **options: Any
) -> ModelCost:
    """Parameters, GMACs, milliseconds of a forward pass and peak memory of one model; see `torch_backend.cost.measure`.

    Raises `UserError` where the model cannot be built or run.
    """
    from segstudio.models.torch_backend.cost import measure

    return measure(default_registry(), name, size_hw=size_hw, device=device, **options)
