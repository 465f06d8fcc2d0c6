"""Where a training starts: an untrained network, which takes over what another knows of the same classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from segstudio.models.registry import ModelRegistry
from segstudio.models.torch_backend.building import OUTPUTS, build_network


def untrained(
    registry: ModelRegistry, name: str, outputs: int, *, seed: int, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """A network of random weights."""
    torch.manual_seed(seed)
    return build_network(registry, name, num_classes=outputs, options=options)


def take_over(
    registry: ModelRegistry,
    name: str,
    known: nn.Module,
    pairs: Mapping[int, int],
    network: nn.Module,
    outputs: int,
    *,
    options: Mapping[str, Any] | None = None,
) -> int:
    """Copy into `network` (of `outputs` outputs) what `known` has learned; returns how many tensors were taken.

    `pairs` leads from an output channel of the new network to the one of the known network that means the same.
    Which dimension of a tensor counts classes shows by building the network with one output more: the others are
    copied whole, those row by row, and what has no counterpart stays as it is.
    """
    old, new = known.state_dict(), network.state_dict()
    class_dims = _class_dims(new, build_network(registry, name, num_classes=outputs + 1, options=options).state_dict())
    of_known = int(getattr(known, OUTPUTS, 0))
    taken = 0
    with torch.no_grad():
        for key, tensor in new.items():
            source, dims = old.get(key), class_dims.get(key, ())
            if source is None or len(dims) > 1 or _beside(tensor, dims) != _beside(source, dims):
                continue
            source = source.to(tensor)
            if not dims:
                tensor.copy_(source)
            elif pairs and (tensor.shape[dims[0]], source.shape[dims[0]]) == (outputs, of_known):
                into, out_of = torch.tensor(list(pairs)), torch.tensor(list(pairs.values()))
                tensor.index_copy_(dims[0], into, source.index_select(dims[0], out_of))
            else:
                continue
            taken += 1
    return taken


def _beside(tensor: torch.Tensor, dims: tuple[int, ...]) -> list[int]:
    """The shape with the dimensions that count classes left open."""
    return [-1 if place in dims else side for place, side in enumerate(tensor.shape)]


def _class_dims(own: Mapping[str, torch.Tensor], wider: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """The dimensions in which the tensors differ from those of a network with one output more."""
    return {
        key: tuple(place for place, (a, b) in enumerate(zip(tensor.shape, wider[key].shape, strict=True)) if a != b)
        for key, tensor in own.items()
        if tensor.shape != wider[key].shape
    }
