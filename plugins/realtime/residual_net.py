"""ResNet-18's stages, shared by the networks that read its features: He, Zhang, Ren, Sun: Deep Residual Learning for
Image Recognition, CVPR 2016, arXiv:1512.03385.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut; the caller applies the last ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        shortcut = features if self.downsample is None else self.downsample(features)
        return self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(features))))) + shortcut


class Stage(nn.Sequential):
    """Blocks one after the other; gives the last one's sum before its ReLU."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        first, *others = self
        total = first(features)
        for block in others:
            total = block(torch.relu(total))
        return total


class ResNet18(nn.Module):
    """Tensor names are torchvision's, without the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for number, outputs in enumerate(WIDTHS, start=1):
            stride = 1 if number == 1 else 2
            self.add_module(f"layer{number}", Stage(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs)))
            inputs = outputs

    def sums(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """What the four stages give before their last ReLU, at strides 4, 8, 16 and 32."""
        features = F.max_pool2d(torch.relu(self.bn1(self.conv1(pixels))), 3, 2, 1)
        found: list[torch.Tensor] = []
        for number in range(1, 5):
            found.append(self.get_submodule(f"layer{number}")(features))
            features = torch.relu(found[-1])
        return found
