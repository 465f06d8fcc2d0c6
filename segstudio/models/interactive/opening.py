"""From the name of a segmenter to one that is ready: its plugin's code, its weights, and what to do without them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard
from segstudio.models.interactive.predictor import InteractivePredictor, SegmenterSpec
from segstudio.models.places import PAIR, find_weights, is_pair_folder, is_weights_folder, weights_path
from segstudio.models.registry import ModelRegistry

TASK = "promptable"


def segmenter_place(registry: ModelRegistry, card: ModelCard) -> Path | None:
    """The folder into which a person puts the weights by hand; None where none are needed."""
    if not card.weights:
        return None
    return weights_path(registry.entry(card.name).plugin.folder, card.weights[0])


def how_to_get(registry: ModelRegistry, card: ModelCard) -> str:
    """One sentence: what a person brings, from where, and to which place; nothing is fetched by the program."""
    place = segmenter_place(registry, card)
    if place is None:
        return ""
    what = "config.json and model.safetensors" if "onnx" not in card.requires else f"encoder, decoder and {PAIR}"
    return f"put {what} of {card.weights[0].source} into {place}, or choose their folder"


def found_weights(registry: ModelRegistry, card: ModelCard) -> Path | None:
    """The weights of a segmenter that are on this machine."""
    folder = registry.entry(card.name).plugin.folder
    return next((path for entry in card.weights if (path := find_weights(folder, entry)) is not None), None)


def open_segmenter(registry: ModelRegistry, spec: SegmenterSpec) -> InteractivePredictor:
    """Open a segmenter. Raises `UserError` with a human sentence where it cannot be; downloads nothing."""
    card, entry = registry.card(spec.model), registry.entry(spec.model)
    if card.task != TASK or "predictor" not in entry.offer.code:
        raise UserError(f"{spec.model} takes no prompts", hint="run it over images with predict")
    missing = registry.missing_extra(spec.model)
    if missing:
        raise UserError(f"{spec.model} needs the extra {missing!r}", hint=f"pip install segstudio[{missing}]")
    opener: Callable[..., InteractivePredictor] = entry.load("predictor")
    path = None
    if spec.weights is not None:
        path = Path(spec.weights)
        if not path.exists():
            raise UserError(f"{path}: there are no such weights", hint=how_to_get(registry, card))
    elif card.weights:
        path = found_weights(registry, card)
        if path is None:
            raise UserError(f"{card.title} has no weights on this machine", hint=how_to_get(registry, card))
    return opener(path, device=spec.device, **dict(spec.options))


def is_segmenter_weights(path: Path) -> bool:
    """Whether a folder can be given as weights: as a library saves them, or a pair."""
    return is_weights_folder(path) or is_pair_folder(path)
