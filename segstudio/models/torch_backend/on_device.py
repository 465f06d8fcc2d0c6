"""Small constants where they are needed: made once, for copying one to a GPU makes the program wait for it."""

from __future__ import annotations

from functools import lru_cache

import torch


@lru_cache(maxsize=64)
def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """`values` as a tensor `[n]` on `device`; shared, so not to be written to."""
    with torch.inference_mode(mode=False):  # what is made in that mode cannot be used outside it
        return torch.tensor(values, dtype=dtype, device=device)
