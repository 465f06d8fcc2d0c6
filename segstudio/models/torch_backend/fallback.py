"""What to do when memory runs out: fewer images at once, then tiles, then another device, each step told in words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from segstudio.core.errors import UserError

TILE_SIDES = (1024, 512, 256)
AUTO_TILE_PIXELS = {"cpu": 4096 * 2048, "mps": 4096 * 2048, "cuda": 4096 * 4096}
"""Inputs with more pixels than this are tiled from the start: on a CPU the system ends the process before it says that
memory ran out.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and in which pieces a model runs now; `said` tells the last step down, `reason` why it is not the device
    that was chosen. `batch` is how many images may go together.
    """

    device: torch.device
    tile: int = 0
    batch: int = 1
    said: str = ""
    reason: str = ""

    def smaller(self, size_hw: tuple[int, int], *, count: int, may_tile: bool) -> Plan:
        """The next thing to try after `count` inputs of that size. Raises `UserError` where nothing is left."""
        if count > 1:
            fewer = count // 2
            said = f"out of memory on {self.device}: {fewer} image{'s' if fewer > 1 else ''} at once"
            return replace(self, batch=fewer, said=said)
        present = self.tile or max(size_hw) + 1
        if may_tile:
            for side in TILE_SIDES:
                if side < min(present, max(size_hw)):
                    said = f"out of memory on {self.device}: tiles of {side} pixels"
                    return replace(self, tile=side, said=said)
        if self.device.type != "cpu":
            said = f"out of memory on {self.device}: on the CPU"
            return Plan(
                torch.device("cpu"), 0, self.batch, said, f"the model did not fit into the memory of {self.device}"
            )
        raise UserError(
            f"an image of {size_hw[1]}×{size_hw[0]} pixels does not fit into memory",
            hint="choose a smaller input size or a smaller model",
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python ran out of memory (the CPU allocator says so with a plain `RuntimeError`)."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error)
    return "out of memory" in text or "DefaultCPUAllocator" in text or "can't allocate memory" in text
