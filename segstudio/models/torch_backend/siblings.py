"""Whose weights are these? The other models of a family are asked when a file does not fit the one that was named."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from segstudio.core.errors import UserError
from segstudio.models.registry import ModelRegistry
from segstudio.models.torch_backend.building import build_network
from segstudio.models.torch_backend.checkpoint import OutputsDiffer, put_tensors


def owner(registry: ModelRegistry, name: str, tensors: Mapping[str, torch.Tensor]) -> str | None:
    """The other model of `name`'s family whose tensors have these names and shapes, apart from the number of outputs.

    Networks are built without memory for their values. None where no model fits, or none can be built here.
    """
    family = registry.card(name).family
    for card in registry.cards():
        if card.family != family or card.name == name or "build" not in registry.entry(card.name).offer.code:
            continue
        if not registry.missing_extra(card.name) and _fits(registry, card.name, tensors):
            return card.name
    return None


def _fits(registry: ModelRegistry, name: str, tensors: Mapping[str, torch.Tensor]) -> bool:
    try:
        with torch.device("meta"):
            network = build_network(registry, name)
            put_tensors(network, {key: value.to("meta") for key, value in tensors.items()}, where=name)
    except OutputsDiffer:
        return True
    except (UserError, RuntimeError, NotImplementedError):
        return False
    return True
