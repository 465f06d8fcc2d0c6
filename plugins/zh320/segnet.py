"""SegNet: Badrinarayanan, Kendall, Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
Segmentation, TPAMI 2017, arXiv:1511.00561.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/segnet.py at 1a32d68):
normalisation and ReLU on the class scores, no biases.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import conv

WIDTHS = (64, 128, 256, 512, 512)
CONVOLUTIONS = (2, 2, 3, 3, 3)


class Down(nn.Module):
    """Convolutions, then the maxima and where they were."""

    def __init__(self, inputs: int, outputs: int, count: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(conv(inputs, outputs), *(conv(outputs, outputs) for _ in range(count - 1)))
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pooled, places = self.pool(self.conv(features))
        return pooled, places


class Up(nn.Module):
    """The maxima back to their places, then convolutions of which the last changes the width."""

    def __init__(self, inputs: int, outputs: int, count: int) -> None:
        super().__init__()
        self.pool = nn.MaxUnpool2d(2, 2)
        self.conv = nn.Sequential(*(conv(inputs, inputs) for _ in range(count - 1)), conv(inputs, outputs))

    def forward(self, features: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        return self.conv(self.pool(features, places))


class SegNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        inputs = (3, *WIDTHS[:-1])
        narrower = (WIDTHS[0], *WIDTHS[:-1])
        for number, (before, width, after, count) in enumerate(
            zip(inputs, WIDTHS, narrower, CONVOLUTIONS, strict=True), start=1
        ):
            self.add_module(f"down_stage{number}", Down(before, width, count))
            self.add_module(f"up_stage{number}", Up(width, after, count))
        self.classifier = conv(WIDTHS[0], num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features, stack = pixels, []
        for number in range(1, 6):
            features, places = self.get_submodule(f"down_stage{number}")(features)
            stack.append(places)
        for number in range(5, 0, -1):
            features = self.get_submodule(f"up_stage{number}")(features, stack.pop())
        return self.classifier(features)


def build(num_classes: int | None = None) -> nn.Module:
    return SegNet(num_classes or 19)
