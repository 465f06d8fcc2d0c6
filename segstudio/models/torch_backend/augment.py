"""Test-time augmentation: the input at several sizes and mirrored, the probabilities averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from segstudio.models.torch_backend.decoding import with_rest

TINY = 1e-8


def averaged(
    forward: Callable[[torch.Tensor], torch.Tensor],
    pixels: torch.Tensor,
    *,
    scales: Sequence[float],
    flip: bool,
    multiple: int = 1,
) -> torch.Tensor:
    """The logarithm of the mean probabilities `[N, C, h, w]` over all scales and both mirror images of `pixels`.

    `forward` gives logits at the size of what it is given; sides of scaled inputs are multiples of `multiple`. As in
    Chen et al., Encoder-Decoder with Atrous Separable Convolution, section 4.1 (inference over scales, flipped too).
    """
    size_hw = (int(pixels.shape[-2]), int(pixels.shape[-1]))
    total: torch.Tensor | None = None
    passes = 0
    for scale in scales or (1.0,):
        scaled = _scaled(pixels, scale, multiple)
        for mirrored in (False, True) if flip else (False,):
            logits = with_rest(forward(scaled.flip(-1) if mirrored else scaled))
            logits = logits.flip(-1) if mirrored else logits
            if tuple(logits.shape[-2:]) != size_hw:
                logits = F.interpolate(logits, size=size_hw, mode="bilinear", align_corners=False)
            probabilities = logits.softmax(dim=1)
            total = probabilities if total is None else total.add_(probabilities)
            passes += 1
    assert total is not None
    return total.div_(passes).clamp_(min=TINY).log_()


def _scaled(pixels: torch.Tensor, scale: float, multiple: int) -> torch.Tensor:
    size_hw = [max(multiple, round(side * scale / multiple) * multiple) for side in pixels.shape[-2:]]
    if scale == 1.0 or size_hw == list(pixels.shape[-2:]):
        return pixels
    return F.interpolate(pixels, size=size_hw, mode="bilinear", align_corners=False)
