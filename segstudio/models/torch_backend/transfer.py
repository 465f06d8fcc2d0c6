"""Pixels to the device and labels back. On CUDA through page-locked memory, so that neither copy stops the program, and
on streams of their own, so that neither stops the device: the next images arrive while a network computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

BUFFERS = 2
"""While one buffer is being copied to the device, the next images are put into the other."""


@lru_cache(maxsize=16)
def _stream(device: torch.device, direction: str) -> torch.cuda.Stream:
    """The stream of one direction."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class Upload:
    """Brings images of one size to the device, through two page-locked buffers in turn where it is CUDA."""

    def __init__(self) -> None:
        self._buffers: list[torch.Tensor | None] = [None] * BUFFERS
        self._copied: list[torch.cuda.Event | None] = [None] * BUFFERS
        self._turn = 0

    def __call__(self, images: Sequence[NDArray[np.uint8]], device: torch.device) -> torch.Tensor:
        """uint8 `[N, H, W, 3]` on the device; on CUDA it may still be under way: what is begun now waits for it."""
        if device.type != "cuda":
            only = images[0][None] if len(images) == 1 else np.stack(images)
            return torch.from_numpy(np.ascontiguousarray(only)).to(device)
        self._turn = (self._turn + 1) % BUFFERS
        buffer = self._free_buffer((len(images), *images[0].shape))
        for place, image in zip(buffer, images, strict=True):
            place.copy_(torch.from_numpy(np.ascontiguousarray(image)))
        computing, copying = torch.cuda.current_stream(device), _stream(device, "up")
        with torch.cuda.stream(copying):
            arrived = buffer.to(device, non_blocking=True)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(copying)
        computing.wait_event(event)
        arrived.record_stream(computing)  # its memory is not given away before the network has read it
        self._copied[self._turn] = event
        return arrived

    def _free_buffer(self, shape: tuple[int, ...]) -> torch.Tensor:
        event, buffer = self._copied[self._turn], self._buffers[self._turn]
        if event is not None:
            event.synchronize()
        if buffer is None or tuple(buffer.shape) != shape:
            buffer = torch.empty(shape, dtype=torch.uint8, pin_memory=True)
            self._buffers[self._turn] = buffer
        return buffer


@dataclass(frozen=True, slots=True)
class Download:
    """Tensors on their way to ordinary memory; `wait` before looking at them."""

    tensors: tuple[torch.Tensor, ...]
    event: torch.cuda.Event | None

    @classmethod
    def start(cls, *tensors: torch.Tensor) -> Download:
        """Begin copying what the device has computed or will have by then; returns at once on CUDA."""
        device = tensors[0].device
        if device.type != "cuda":
            return cls(tuple(tensor.cpu() for tensor in tensors), None)
        copying = _stream(device, "down")
        copying.wait_stream(torch.cuda.current_stream(device))
        here = tuple(torch.empty(t.shape, dtype=t.dtype, pin_memory=True) for t in tensors)
        with torch.cuda.stream(copying):
            for place, tensor in zip(here, tensors, strict=True):
                place.copy_(tensor, non_blocking=True)
                tensor.record_stream(copying)  # its memory is not given away before it has been read
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(copying)
        return cls(here, event)

    def wait(self) -> tuple[torch.Tensor, ...]:
        """The tensors, complete, in ordinary memory; those in page-locked memory are copied out of it."""
        if self.event is None:
            return self.tensors
        self.event.synchronize()
        return tuple(tensor.clone() for tensor in self.tensors)
