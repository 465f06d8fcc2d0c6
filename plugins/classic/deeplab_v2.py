"""DeepLab v2: Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab: Semantic Image Segmentation with Deep Convolutional
Nets, Atrous Convolution, and Fully Connected CRFs, IEEE TPAMI 40(4), 2018, arXiv:1606.00915.

Tensor names are those of kazuto1011/deeplab-pytorch (libs/models/deeplabv2.py), which follows the authors' Caffe
network: the stride is on the first 1×1 convolution, and the pooling rounds up. One scale; that reference takes the
maximum over three.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = (3, 4, 23, 3)
RATES = (6, 12, 18, 24)


class ConvNorm(nn.Sequential):
    """A convolution with batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1) -> None:
        padding = dilation * (kernel // 2)
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
        super().__init__(OrderedDict(conv=conv, bn=nn.BatchNorm2d(outputs)))


class Bottleneck(nn.Module):
    """The residual block of the authors of ResNet, with dilation."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, dilation: int, is_first: bool) -> None:
        super().__init__()
        inner = outputs // 4
        self.reduce = ConvNorm(inputs, inner, 1, stride=stride)
        self.conv3x3 = ConvNorm(inner, inner, 3, dilation=dilation)
        self.increase = ConvNorm(inner, outputs, 1)
        self.shortcut = ConvNorm(inputs, outputs, 1, stride=stride) if is_first else nn.Identity()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        added = torch.relu(self.conv3x3(torch.relu(self.reduce(features))))
        return torch.relu(self.increase(added) + self.shortcut(features))


class AtrousPyramid(nn.Module):
    """The sum of four dilated classifiers (section 3.2)."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        for number, rate in enumerate(RATES):
            self.add_module(f"c{number}", nn.Conv2d(inputs, num_classes, 3, padding=rate, dilation=rate))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.stack([branch(features) for branch in self.children()]).sum(dim=0)


class DeepLabV2(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the first convolution."""

    def __init__(self, num_classes: int, width: int = 64) -> None:
        super().__init__()
        pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.layer1 = nn.Sequential(OrderedDict(conv1=ConvNorm(3, width, 7, stride=2), relu=nn.ReLU(), pool=pool))
        inputs = width
        for number, (count, stride, dilation) in enumerate(
            zip(BLOCKS, (1, 2, 1, 1), (1, 1, 2, 4), strict=True), start=2
        ):
            outputs = width << number
            blocks = OrderedDict[str, nn.Module]()
            for place in range(1, count + 1):
                is_first = place == 1
                blocks[f"block{place}"] = Bottleneck(
                    inputs, outputs, stride=stride if is_first else 1, dilation=dilation, is_first=is_first
                )
                inputs = outputs
            self.add_module(f"layer{number}", nn.Sequential(blocks))
        self.aspp = AtrousPyramid(inputs, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = pixels
        for part in self.children():
            logits = part(logits)
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=False)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Weights of the multi-scale wrapper are named with `base.` in front."""
        return {key.removeprefix("base."): value for key, value in state.items()}


def build(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return DeepLabV2(num_classes or 21, width)
