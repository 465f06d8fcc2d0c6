"""ResNet-50, 101 and 152 as segmentation networks use them: He, Zhang, Ren, Sun: Deep Residual Learning for Image
Recognition, CVPR 2016, arXiv:1512.03385; dilation as in Yu, Koltun: Multi-Scale Context Aggregation by Dilated
Convolutions, ICLR 2016, arXiv:1511.07122.

Tensor names are those of torchvision, without the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Number of blocks of the four stages."""

EXPANSION = 4


class Bottleneck(nn.Module):
    """1×1, 3×3 (which has the stride) and 1×1 convolution beside a shortcut."""

    def __init__(self, inputs: int, width: int, *, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        outputs = width * EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        added = torch.relu(self.bn1(self.conv1(features)))
        added = torch.relu(self.bn2(self.conv2(added)))
        return torch.relu(self.bn3(self.conv3(added)) + self.downsample(features))


def stage(inputs: int, width: int, dilations: Sequence[int], *, stride: int = 1) -> nn.Sequential:
    """As many blocks as there are `dilations`; the first has the stride."""
    blocks = [Bottleneck(inputs, width, stride=stride, dilation=dilations[0])]
    blocks += [Bottleneck(width * EXPANSION, width, dilation=dilation) for dilation in dilations[1:]]
    return nn.Sequential(*blocks)


def deep_stem(width: int) -> list[nn.Module]:
    """Three 3×3 convolutions instead of the 7×7 one, without the last one's normalisation."""
    return [
        nn.Conv2d(3, width, 3, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1, bias=False),
    ]


class BottleneckResNet(nn.Module):
    """The stem and the four stages. Where `dilations` are given, by block, for a stage, it keeps its input's size.

    `width` is that of the first stage's inner convolutions; a stage gives 4, 8, 16 and 32 times as many channels.
    """

    def __init__(
        self,
        depth: int,
        *,
        width: int = 64,
        is_deep: bool = False,
        dilations: tuple[Sequence[int] | None, Sequence[int] | None] = (None, None),
    ) -> None:
        super().__init__()
        inputs = 2 * width if is_deep else width
        self.conv1: nn.Module = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        if is_deep:
            self.conv1 = nn.Sequential(*deep_stem(width))
        self.bn1 = nn.BatchNorm2d(inputs)
        for number, (count, given) in enumerate(zip(DEPTHS[depth], (None, None, *dilations), strict=True), start=1):
            inner = width << (number - 1)
            stride = 1 if number == 1 or given else 2
            self.add_module(f"layer{number}", stage(inputs, inner, given or [1] * count, stride=stride))
            inputs = inner * EXPANSION

    def stages(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """The features of the four stages."""
        features = F.max_pool2d(torch.relu(self.bn1(self.conv1(pixels))), 3, 2, 1)
        found: list[torch.Tensor] = []
        for number in range(1, 5):
            features = self.get_submodule(f"layer{number}")(features)
            found.append(features)
        return found
