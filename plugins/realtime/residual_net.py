"""ResNet-18's stages, shared by the networks that read its features: He, Zhang, Ren, Sun: Deep Residual Learning for
Image Recognition, CVPR 2016, arXiv:1512.03385.

Tensor names are those of torchvision, without the classifier.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        added = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(features)))))
        return torch.relu(added + self.downsample(features))


class ResNet18(nn.Module):
    """The stem and four stages of two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for number, outputs in enumerate(WIDTHS, start=1):
            first = BasicBlock(inputs, outputs, 1 if number == 1 else 2)
            self.add_module(f"layer{number}", nn.Sequential(first, BasicBlock(outputs, outputs)))
            inputs = outputs

    def stem(self, pixels: torch.Tensor) -> torch.Tensor:
        """Features at stride 4."""
        return F.max_pool2d(torch.relu(self.bn1(self.conv1(pixels))), 3, 2, 1)

    def stages(self, features: torch.Tensor) -> list[torch.Tensor]:
        """From the stem's features to those of the four stages, at strides 4, 8, 16 and 32."""
        found: list[torch.Tensor] = []
        for number in range(1, len(WIDTHS) + 1):
            features = self.get_submodule(f"layer{number}")(features)
            found.append(features)
        return found
