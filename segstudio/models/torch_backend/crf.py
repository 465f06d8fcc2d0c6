"""A fully connected conditional random field over the pixels, solved by mean field.

Source: Krähenbühl, Koltun, Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials, NIPS 2011,
algorithm 1 with Potts compatibility and kernels normalised symmetrically; the weights and deviations are those of
kazuto1011/deeplab-pytorch for DeepLab v2 on VOC. The appearance kernel is filtered on the permutohedral lattice, which
approximates it, the smoothness kernel by two sampled Gaussians.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from segstudio.models.torch_backend.permutohedral import Lattice


@dataclass(frozen=True, slots=True)
class CrfSettings:
    """Standard deviations in pixels and in colours of 0…255, the weights of both kernels, and the steps."""

    smooth_xy: float = 1.0
    smooth_weight: float = 3.0
    appearance_xy: float = 67.0
    appearance_rgb: float = 3.0
    appearance_weight: float = 4.0
    steps: int = 10


def crf_refine(probabilities: torch.Tensor, image: torch.Tensor, settings: CrfSettings | None = None) -> torch.Tensor:
    """Marginals `[C, H, W]` after mean field, from probabilities of that shape and `image` `[3, H, W]` (RGB, 0…255)."""
    given = settings or CrfSettings()
    classes, height, width = probabilities.shape
    lattice = Lattice(_appearance(image.float(), given))
    ones = probabilities.new_ones((height * width, 1))
    appearance_norm = (lattice.filter(ones) + 1e-20).rsqrt()
    smooth_norm = (_gaussian(probabilities.new_ones((1, height, width)), given.smooth_xy) + 1e-20).rsqrt()
    unary = probabilities.clamp(min=1e-8).log()
    current = unary.softmax(dim=0)
    for _ in range(given.steps):
        rows = current.reshape(classes, -1).T * appearance_norm
        appearance = (lattice.filter(rows) * appearance_norm).T.reshape(classes, height, width)
        smooth = _gaussian(current * smooth_norm, given.smooth_xy) * smooth_norm
        total = unary + given.appearance_weight * appearance + given.smooth_weight * smooth
        current = total.softmax(dim=0)
    return current


def _appearance(image: torch.Tensor, given: CrfSettings) -> torch.Tensor:
    """Features `[H·W, 5]`: place and colour in units of their deviations."""
    _, height, width = image.shape
    y, x = torch.meshgrid(
        torch.arange(height, device=image.device, dtype=torch.float32),
        torch.arange(width, device=image.device, dtype=torch.float32),
        indexing="ij",
    )
    place = torch.stack((x, y)) / given.appearance_xy
    return torch.cat((place, image / given.appearance_rgb)).reshape(5, -1).T.contiguous()


def _gaussian(values: torch.Tensor, deviation: float) -> torch.Tensor:
    """Sums over the image `[C, H, W]` weighted by exp(−distance² / 2·deviation²), cut off at four deviations."""
    reach = max(1, round(4 * deviation))
    place = torch.arange(-reach, reach + 1, device=values.device, dtype=torch.float32)
    kernel = torch.exp(-(place**2) / (2 * deviation**2))
    across = F.conv2d(values[:, None], kernel.view(1, 1, 1, -1), padding=(0, reach))
    return F.conv2d(across, kernel.view(1, 1, -1, 1), padding=(reach, 0))[:, 0]
