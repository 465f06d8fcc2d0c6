"""From a model's name to its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from segstudio.core.errors import UserError
from segstudio.models.registry import ModelRegistry


def build_network(
    registry: ModelRegistry, name: str, *, num_classes: int | None = None, options: Mapping[str, Any] | None = None
) -> torch.nn.Module:
    """The network of a model in eval mode, untrained, with `num_classes` outputs (None: as published).

    Raises `UserError` where the plugin cannot build it so.
    """
    build = registry.builder(name)
    outputs = registry.card(name).num_outputs() if num_classes is None else num_classes
    if outputs < 1:
        raise UserError(f"{name} cannot have {outputs} outputs")
    try:
        network = build(num_classes=outputs, **(options or {}))
    except TypeError as error:
        raise UserError(f"{name} cannot be built with these options: {error}") from error
    if not isinstance(network, torch.nn.Module):
        raise UserError(f"the plugin of {name} built a {type(network).__name__}, not a network")
    return network.eval()
