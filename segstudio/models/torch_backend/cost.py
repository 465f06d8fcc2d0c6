"""What a network costs: parameters, multiply-accumulates, frames per second, memory."""

from __future__ import annotations

import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.building import build_network
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.execution import Forward
from segstudio.models.torch_backend.overhead import wait

DEFAULT_SIZE = (512, 1024)


@dataclass(frozen=True, slots=True)
class ModelCost:
    """One row of `segstudio bench models`.

    `size_hw` is the input in pixels; `gmacs` 10⁹ multiply-accumulates of convolutions and matrix products (half of what
    torch's FLOP counter says); milliseconds are of one forward pass of one image, `fps` is 1000 / median and `fps_p95`
    what 95 % of the passes reach; `peak_bytes` is what network and passes took at their peak (device memory on CUDA),
    None where nobody knows; `how` says number format and way of execution, `notes` what could not be done so.
    """

    name: str
    size_hw: tuple[int, int]
    device: str
    parameters: int
    gmacs: float
    median_ms: float
    p95_ms: float
    peak_bytes: int | None
    how: str = "float32"
    notes: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        return 1000.0 / self.median_ms

    @property
    def fps_p95(self) -> float:
        return 1000.0 / self.p95_ms


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
        network = build_network(registry, name).requires_grad_(False)  # the counter hooks gradients where there are any
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
    settings: PredictSettings | None = None,
    repeat: int = 30,
    warmup: int = 5,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ModelCost:
    """Time the bare forward pass of an untrained network on one image, synchronised, after `warmup` passes.

    `size_hw` defaults to the card's input size; of `settings` count precision, memory layout, compilation and graphs
    (None: float32 as it is). Raises `UserError` for models that cannot be built or a size on which the network fails,
    `Cancelled` between two passes.
    """
    card = registry.card(name)
    size = size_hw or card.input_size or DEFAULT_SIZE
    place = choose_device(device).device
    chosen = settings or PredictSettings(precision="float32", channels_last=False)
    peak = PeakMemory(place)
    network = build_network(registry, name).requires_grad_(requires_grad=False).to(place)
    if chosen.channels_last:
        network = network.to(memory_format=torch.channels_last)
    forward = Forward(network, chosen)
    pixels = torch.rand(1, 3, *size, device=place)
    times: list[float] = []
    try:
        with torch.inference_mode():
            for number in range(warmup + repeat):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                progress(number, warmup + repeat, name)
                wait(place)
                began = time.perf_counter()
                forward(pixels)
                wait(place)
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
        peak.bytes(),
        how=_in_words(chosen, place.type),
        notes=forward.notes,
    )


def _in_words(settings: PredictSettings, kind: str) -> str:
    precision = settings.precision
    if precision == "auto":
        precision = "float16" if kind == "cuda" else "float32"
    parts: list[str] = [precision]
    parts += ["channels-last"] if settings.channels_last else []
    parts += ["compiled"] if settings.compiled else []
    parts += ["CUDA graph"] if settings.cuda_graphs and kind == "cuda" else []
    return ", ".join(parts)


class PeakMemory:
    """The most memory that work took since this was made: the device's on CUDA, else this process's where the system
    tells it.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            return
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # see proc(5): resets the peak
        self._before = _resident("VmRSS")

    def bytes(self) -> int | None:
        """In bytes; None where nobody knows."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        return max(0, _resident("VmHWM") - self._before) if self._before else None


def _resident(what: str) -> int:
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    line = next((line for line in text.splitlines() if line.startswith(f"{what}:")), "")
    return int(line.split()[1]) * 1024 if line else 0
