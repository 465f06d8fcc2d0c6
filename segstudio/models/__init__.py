"""Models: cards, the registry, predictions, weights, and the child process that runs them; torch in torch_backend only.

May import segstudio.core and segstudio.ops, platformdirs and safetensors. Start at `card.py`, then `host.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard as ModelCard
    from segstudio.models.open import bench_model as bench_model
    from segstudio.models.open import create_model as create_model
    from segstudio.models.open import list_models as list_models
    from segstudio.models.open import load_predictor as load_predictor
    from segstudio.models.open import load_weights as load_weights
    from segstudio.models.prediction import Prediction as Prediction

_HOMES = {
    "ModelCard": "card",
    "Prediction": "prediction",
    "bench_model": "open",
    "create_model": "open",
    "list_models": "open",
    "load_predictor": "open",
    "load_weights": "open",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
