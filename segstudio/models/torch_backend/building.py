"""From a model's name to its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from segstudio.core.errors import UserError
from segstudio.models.registry import ModelRegistry

OUTPUTS = "segstudio_outputs"
"""The attribute in which a network keeps for how many outputs it was built."""


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
    setattr(network, OUTPUTS, outputs)
    multiple = registry.card(name).preprocess.multiple
    if multiple > 1 and registry.card(name).task == "semantic":
        _take_any_size(network, multiple)
    return network.eval()


def _take_any_size(network: torch.nn.Module, multiple: int) -> None:
    """Let a network whose stages need sides of a multiple take others too: padded with zeros, the scores cut back."""
    sizes: list[torch.Size] = []

    def pad(_: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        pixels, *others = args
        sizes.append(pixels.shape[-2:])
        below, right = (-pixels.shape[-2]) % multiple, (-pixels.shape[-1]) % multiple
        return (F.pad(pixels, (0, right, 0, below)) if below or right else pixels, *others)

    def cut(_: torch.nn.Module, __: tuple[torch.Tensor, ...], scores: torch.Tensor) -> torch.Tensor:
        height, width = sizes.pop()
        return scores[..., :height, :width]

    network.register_forward_pre_hook(pad)
    network.register_forward_hook(cut)
