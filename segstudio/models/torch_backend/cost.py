"""What a network costs: parameters, multiply-accumulates, frames per second, memory."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.registry import ModelRegistry
from segstudio.models.torch_backend.building import build_network
from segstudio.models.torch_backend.device import choose_device

DEFAULT_SIZE = (512, 1024)


@dataclass(frozen=True, slots=True)
class ModelCost:
    """One row of `segstudio bench models`.

    `size_hw` is the input in pixels; `gmacs` 10⁹ multiply-accumulates of convolutions and matrix products (half of what
    torch's FLOP counter says); milliseconds are of one forward pass of one image, `fps` is 1000 / median;
    `peak_bytes` is the device memory at its peak on CUDA, None elsewhere.
    """

    name: str
    size_hw: tuple[int, int]
    device: str
    parameters: int
    gmacs: float
    median_ms: float
    p95_ms: float
    peak_bytes: int | None

    @property
    def fps(self) -> float:
        return 1000.0 / self.median_ms


def count_parameters(network: torch.nn.Module) -> int:
    """How many trainable numbers a network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_gmacs(registry: ModelRegistry, name: str, size_hw: tuple[int, int]) -> float:
    """10⁹ multiply-accumulates of one image, counted without computing anything.

    Networks that cannot run without values (heads that find objects) are run on zeros on the CPU.
    """
    if registry.card(name).task == "semantic":
        try:
            return _count_on("meta", registry, name, size_hw)
        except RuntimeError:  # this network asks what its tensors hold, or makes some on the CPU
            pass
    return _count_on("cpu", registry, name, size_hw)


def _count_on(kind: str, registry: ModelRegistry, name: str, size_hw: tuple[int, int]) -> float:
    with torch.device(kind):
        network = build_network(registry, name)
        pixels = torch.zeros(1, 3, *size_hw)
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        network(pixels)
    return float(counter.get_total_flops()) / 2e9


def measure(
    registry: ModelRegistry,
    name: str,
    *,
    size_hw: tuple[int, int] | None = None,
    device: str = "auto",
    repeat: int = 30,
    warmup: int = 5,
    half: bool = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ModelCost:
    """Time the bare forward pass of an untrained network on one image, synchronised, after `warmup` passes.

    `size_hw` defaults to the card's input size. Raises `UserError` for models that cannot be built or a size on which
    the network fails, `Cancelled` between two passes.
    """
    card = registry.card(name)
    size = size_hw or card.input_size or DEFAULT_SIZE
    place = choose_device(device).device
    network = build_network(registry, name).requires_grad_(requires_grad=False).to(place)
    pixels = torch.rand(1, 3, *size, device=place)
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats(place)
    times: list[float] = []
    try:
        with torch.inference_mode(), torch.autocast(place.type, enabled=half and place.type == "cuda"):
            for number in range(warmup + repeat):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                progress(number, warmup + repeat, name)
                _wait(place)
                began = time.perf_counter()
                network(pixels)
                _wait(place)
                times.append((time.perf_counter() - began) * 1000)
    except RuntimeError as error:
        raise UserError(f"{name} fails at {size[1]}×{size[0]}: {str(error).splitlines()[0]}") from error
    timed = sorted(times[warmup:])
    return ModelCost(
        name,
        size,
        str(place),
        count_parameters(network),
        count_gmacs(registry, name, size),
        statistics.median(timed),
        timed[min(len(timed) - 1, int(0.95 * len(timed)))],
        torch.cuda.max_memory_allocated(place) if place.type == "cuda" else None,
    )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
