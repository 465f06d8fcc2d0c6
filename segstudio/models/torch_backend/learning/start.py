"""Where a training starts: an untrained network, which takes over what another knows of the same classes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from segstudio.models.registry import ModelRegistry
from segstudio.models.torch_backend.building import build_network


def untrained(registry: ModelRegistry, name: str, outputs: int, *, seed: int) -> nn.Module:
    """A network of random weights."""
    torch.manual_seed(seed)
    return build_network(registry, name, num_classes=outputs)


def take_over(
    registry: ModelRegistry, name: str, known: nn.Module, pairs: Mapping[int, int], network: nn.Module, outputs: int
) -> int:
    """Copy into `network` (of `outputs` outputs) what `known` has learned; returns how many tensors were taken.

    `pairs` leads from an output channel of the new network to the one of the known network that means the same.
    Which dimension of a tensor counts classes shows by building the network with one output more: the others are
    copied whole, those row by row, and what has no counterpart stays as it is.
    """
    old, new = known.state_dict(), network.state_dict()
    class_dims = _class_dims(registry, name, outputs, new)
    taken = 0
    with torch.no_grad():
        for key, tensor in new.items():
            source, dims = old.get(key), class_dims.get(key, ())
            if source is None or len(dims) > 1 or _beside(tensor, dims) != _beside(source, dims):
                continue
            source = source.to(tensor)
            if not dims:
                tensor.copy_(source)
            elif pairs:
                into, out_of = torch.tensor(list(pairs)), torch.tensor(list(pairs.values()))
                tensor.index_copy_(dims[0], into, source.index_select(dims[0], out_of))
            taken += 1
    return taken


def _beside(tensor: torch.Tensor, dims: tuple[int, ...]) -> list[int]:
    """The shape with the dimensions that count classes left open."""
    return [-1 if place in dims else side for place, side in enumerate(tensor.shape)]


def _class_dims(
    registry: ModelRegistry, name: str, outputs: int, own: Mapping[str, torch.Tensor]
) -> dict[str, tuple[int, ...]]:
    wider = build_network(registry, name, num_classes=outputs + 1).state_dict()
    return {
        key: tuple(place for place, (a, b) in enumerate(zip(tensor.shape, wider[key].shape, strict=True)) if a != b)
        for key, tensor in own.items()
        if tensor.shape != wider[key].shape
    }
