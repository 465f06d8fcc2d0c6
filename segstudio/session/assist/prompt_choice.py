"""Which segmenters there are, which works here, and what a person brings for the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segstudio.models.interactive.opening import TASK, how_to_get

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard
    from segstudio.models.registry import ModelRegistry, ModelStatus

_NEVER_FIRST = ("oracle", "random-weights")
"""Segmenters that nobody wants unasked."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A segmenter that can be chosen: its card, whether it works here, and what to do where it does not."""

    card: ModelCard
    status: ModelStatus
    how: str


def segmenter_choices() -> list[Choice]:
    """Every known segmenter, those that work first; imports no network code."""
    registry = _registry()
    found = [Choice(c, registry.status(c.name), how_to_get(registry, c)) for c in registry.cards(TASK)]
    return sorted(found, key=lambda choice: (choice.status.state != "works", choice.card.name in _NEVER_FIRST))


def first_choice() -> str:
    """The name of the first real segmenter that works here, else ""."""
    first = next((choice.card.name for choice in segmenter_choices() if choice.status.state == "works"), "")
    return "" if first in _NEVER_FIRST else first


def side_in_parts(model: str) -> int | None:
    """The longer side of what the network of a segmenter sees; None where parts of pictures are not wanted.

    A card without `input_size` stands for a segmenter to which a part shows no more than the whole.
    """
    from segstudio.settings import load_settings

    if not load_settings().embed_view:
        return None
    size_hw = next((card.input_size for card in _registry().cards(TASK) if card.name == model), None)
    return None if size_hw is None else max(size_hw)


def _registry() -> ModelRegistry:
    from segstudio.models.registry import default_registry

    return default_registry()
