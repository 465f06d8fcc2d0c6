"""Which segmenters there are, which works here, and what a person brings for the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.models.interactive.opening import TASK, how_to_get, is_segmenter_weights

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard
    from segstudio.models.registry import ModelRegistry, ModelStatus


@dataclass(frozen=True, slots=True)
class Choice:
    """A segmenter that can be chosen: its card, whether it works here, and what to do where it does not."""

    card: ModelCard
    status: ModelStatus
    how: str


def segmenter_choices() -> list[Choice]:
    """Every known segmenter, those that work first and of them the best; imports no network code."""
    registry = _registry()
    found = [Choice(c, registry.status(c.name), how_to_get(registry, c)) for c in registry.cards(TASK)]
    return sorted(found, key=lambda choice: (choice.status.state != "works", -choice.card.precedence))


def first_choice() -> tuple[str, Path | None]:
    """The segmenter to begin with and the folder of its weights (None: what lies on this machine).

    The one that the person chose last, while it works; else the one with the greatest precedence that does. "" where
    only those are left that nobody wants unasked.
    """
    from segstudio.settings import load_settings

    choices, settings = segmenter_choices(), load_settings()
    folder = Path(settings.segmenter_folder) if settings.segmenter_folder else None
    for choice in choices:
        if choice.card.name == settings.segmenter:
            if folder is not None and choice.status.state != "missing extra" and is_segmenter_weights(folder):
                return choice.card.name, folder
            if choice.status.state == "works":
                return choice.card.name, None
    best = choices[0] if choices else None
    wanted = best is not None and best.status.state == "works" and best.card.precedence >= 0
    return (best.card.name if best is not None and wanted else ""), None


def title_of(model: str) -> str:
    """How people call a segmenter; its name where it is not known."""
    return next((card.title for card in _registry().cards(TASK) if card.name == model), model)


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
