"""Probabilities drawn to the edges of the image by a guided filter, one pass, linear in the pixels.

Source: He, Sun, Tang, Guided Image Filtering, IEEE TPAMI 35(6), 2013, with grey values as the guide; its coefficients
are found on a reduced image where that is large: He, Sun, Fast Guided Filter, arXiv:1505.00996.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

RADIUS = 8
EPSILON = 1e-3
"""Radius in pixels of the image, and how much the grey values (0…1) vary where an edge begins."""
REDUCED_PIXELS = 1 << 19


def guided_refine(
    probabilities: torch.Tensor, image: torch.Tensor, *, radius: int = RADIUS, epsilon: float = EPSILON
) -> torch.Tensor:
    """Probabilities `[C, H, W]` that follow the edges of `image` `[3, H, W]` (RGB, 0…255); they add up to 1.

    Both are on one device; the result is a new tensor.
    """
    height, width = probabilities.shape[-2:]
    weights = image.new_tensor((0.299, 0.587, 0.114), dtype=torch.float32).view(3, 1, 1)
    grey = (image.float() * weights).sum(dim=0, keepdim=True)[None] / 255
    reduction = max(1, round((height * width / REDUCED_PIXELS) ** 0.5))
    guide, values = grey, probabilities[None]
    if reduction > 1:
        size_hw = (-(-height // reduction), -(-width // reduction))
        guide = F.interpolate(grey, size=size_hw, mode="area")
        values = F.interpolate(values, size=size_hw, mode="area")
    reach = max(1, round(radius / reduction))
    mean_guide = _mean(guide, reach)
    variance = _mean(guide * guide, reach) - mean_guide**2
    mean_values = _mean(values, reach)
    slope = (_mean(guide * values, reach) - mean_guide * mean_values) / (variance + epsilon)
    offset = _mean(mean_values - slope * mean_guide, reach)
    slope = _mean(slope, reach)
    if reduction > 1:
        slope, offset = (
            F.interpolate(part, size=(height, width), mode="bilinear", align_corners=False) for part in (slope, offset)
        )
    result = slope.mul_(grey).add_(offset)[0].clamp_(min=1e-6)
    return result.div_(result.sum(dim=0))


def _mean(values: torch.Tensor, reach: int) -> torch.Tensor:
    """The mean over squares of 2·reach + 1 pixels, of which only those inside the image count."""
    side = 2 * reach + 1
    across = F.avg_pool2d(values, (1, side), 1, (0, reach), count_include_pad=False)
    return F.avg_pool2d(across, (side, 1), 1, (reach, 0), count_include_pad=False)
