"""U-Net: Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015,
arXiv:1505.04597.

Tensor names and deviations are those of mateuszbuda/brain-segmentation-pytorch (unet.py): padded convolutions with
batch normalisation and half the paper's width. That reference ends in a sigmoid; this network gives its argument.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import nn

LEVELS = (1, 2, 3, 4)


def _block(inputs: int, outputs: int, name: str) -> nn.Sequential:
    parts = OrderedDict[str, nn.Module]()
    for number, width in ((1, inputs), (2, outputs)):
        parts[f"{name}conv{number}"] = nn.Conv2d(width, outputs, 3, padding=1, bias=False)
        parts[f"{name}norm{number}"] = nn.BatchNorm2d(outputs)
        parts[f"{name}relu{number}"] = nn.ReLU()
    return nn.Sequential(parts)


class UNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 16. `features` is the width of the first level;
    `adapt_to` takes it from the weights.
    """

    def __init__(self, num_classes: int = 1, features: int = 32) -> None:
        super().__init__()
        self.num_classes = num_classes
        self._build(features)

    def _build(self, features: int) -> None:
        self.features = features
        widths = [3, *(features << (level - 1) for level in LEVELS)]
        for level in LEVELS:
            width = widths[level]
            self.add_module(f"encoder{level}", _block(widths[level - 1], width, f"enc{level}"))
            self.add_module(f"upconv{level}", nn.ConvTranspose2d(2 * width, width, 2, stride=2))
            self.add_module(f"decoder{level}", _block(2 * width, width, f"dec{level}"))
        self.bottleneck = _block(widths[-1], 2 * widths[-1], "bottleneck")
        self.pool = nn.MaxPool2d(2)
        self.conv = nn.Conv2d(features, self.num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x, skips = pixels, []
        for level in LEVELS:
            skips.append(self.get_submodule(f"encoder{level}")(x))
            x = self.pool(skips[-1])
        x = self.bottleneck(x)
        for level in reversed(LEVELS):
            enlarged = self.get_submodule(f"upconv{level}")(x)
            x = self.get_submodule(f"decoder{level}")(torch.cat((enlarged, skips[level - 1]), dim=1))
        return self.conv(x)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Follow the width that the weights were trained with."""
        features = state["encoder1.enc1conv1.weight"].shape[0]
        if features != self.features:
            self._build(features)
            self.eval()
        return dict(state)


def build(num_classes: int | None = None, *, features: int = 32) -> nn.Module:
    return UNet(num_classes or 1, features)
