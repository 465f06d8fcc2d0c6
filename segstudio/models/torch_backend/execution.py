"""How a network's forward pass is executed: number format, memory layout, compiled, or replayed as a CUDA graph."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.fallback import is_out_of_memory

GRAPHS = 2
"""How many recorded CUDA graphs are kept: each holds the memory of all its activations."""
_WARMUPS = 3
_TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


class Forward:
    """Calls a network as the settings say. What cannot be done so is done plainly, and told in `notes`."""

    def __init__(self, network: torch.nn.Module, settings: PredictSettings) -> None:
        self._network = network
        self._settings = settings
        self._compiled: Callable[..., Any] | None = None
        self._refused = False
        self._graphs: OrderedDict[tuple[int, ...], _Graph] = OrderedDict()
        self.notes: tuple[str, ...] = ()

    def __call__(self, pixels: torch.Tensor) -> Any:
        """What the network returns for float32 `[N, 3, h, w]`, valid until the next call."""
        device = pixels.device
        wants_last = self._settings.channels_last
        if wants_last or (wants_last is None and device.type == "cuda"):
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        with self._numbers(device.type):
            if self._settings.cuda_graphs and device.type == "cuda" and not self._refused:
                return self._try(self._replay, pixels)
            if self._settings.compiled and not self._refused:
                return self._try(self._run_compiled, pixels)
            return self._network(pixels)

    def forget(self) -> None:
        """Drop recorded graphs and compiled code, whose device is not to be used any more."""
        self._graphs.clear()
        self._compiled = None
        self._refused = True

    def _numbers(self, kind: str) -> AbstractContextManager[Any]:
        wanted = self._settings.precision
        if wanted == "auto":
            wanted = "float16" if kind == "cuda" else "float32"
        if wanted == "float32":
            return nullcontext()
        return torch.autocast(kind, dtype=_TYPES[wanted], cache_enabled=not self._settings.cuda_graphs)

    def _try(self, way: Callable[[torch.Tensor], Any], pixels: torch.Tensor) -> Any:
        try:
            return way(pixels)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self.forget()
            what = "as a CUDA graph" if way == self._replay else "compiled"
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            self.notes = (f"cannot run {what}: {first[:160]}; runs plainly",)
            return self._network(pixels)

    def _run_compiled(self, pixels: torch.Tensor) -> Any:
        if self._compiled is None:
            self._compiled = torch.compile(self._network, dynamic=False)
        return self._compiled(pixels)

    def _replay(self, pixels: torch.Tensor) -> Any:
        shape = tuple(pixels.shape)
        if shape not in self._graphs:
            while len(self._graphs) >= GRAPHS:
                self._graphs.popitem(last=False)
            self._graphs[shape] = _record(self._network, pixels)
        self._graphs.move_to_end(shape)
        graph = self._graphs[shape]
        graph.given.copy_(pixels)
        graph.recorded.replay()
        return graph.result


@dataclass(frozen=True, slots=True)
class _Graph:
    """A recording with the memory from which it reads and into which it writes."""

    recorded: torch.cuda.CUDAGraph
    given: torch.Tensor
    result: Any


def _record(network: torch.nn.Module, pixels: torch.Tensor) -> _Graph:
    """Record the forward pass after a few passes beside it, in which libraries choose their algorithms."""
    given = pixels.clone(memory_format=torch.preserve_format)
    beside = torch.cuda.Stream(pixels.device)  # type: ignore[no-untyped-call]
    beside.wait_stream(torch.cuda.current_stream(pixels.device))
    with torch.cuda.stream(beside):
        for _ in range(_WARMUPS):
            network(given)
    torch.cuda.current_stream(pixels.device).wait_stream(beside)
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        result = network(given)
    return _Graph(recorded, given, result)
