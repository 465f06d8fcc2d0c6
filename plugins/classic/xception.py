"""Xception as the trunk of DeepLab v3+: Chollet: Xception: Deep Learning with Depthwise Separable Convolutions, CVPR
2017, arXiv:1610.02357, with the stride of the last block replaced by dilation.

Tensor names and paddings are those of VainF/DeepLabV3Plus-Pytorch (network/backbone/xception.py), whose last two
convolutions dilate without the padding for it and whose features are taken before the last normalisation.
"""

from __future__ import annotations

import torch
from torch import nn

MIDDLE_BLOCKS = range(4, 12)


class Separable(nn.Module):
    """A depthwise 3×3 convolution and a 1×1 one; with `has_norm` normalised between them."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        padding: int | None = None,
        has_norm: bool = False,
    ) -> None:
        super().__init__()
        around = dilation if padding is None else padding
        self.conv1 = nn.Conv2d(inputs, inputs, 3, stride, around, dilation, groups=inputs, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(inputs) if has_norm else nn.Identity()
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.pointwise(self.bn(self.conv1(features)))
        return result


class Shortcut(nn.Module):
    """What both Xceptions' blocks have: `rep` beside a shortcut that is a convolution where the shape changes."""

    def __init__(self, layers: list[nn.Module], inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.rep = nn.Sequential(*layers)
        self.skip: nn.Module = nn.Identity()
        self.skipbn: nn.Module = nn.Identity()
        if inputs != outputs or stride != 1:
            self.skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.skipbn = nn.BatchNorm2d(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.rep(features) + self.skipbn(self.skip(features))
        return result


def _block(*widths: int, stride: int = 1, dilation: int = 1, relu_first: bool = True) -> Shortcut:
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [nn.ReLU(), Separable(inputs, outputs, dilation=dilation), nn.BatchNorm2d(outputs)]
    if stride != 1:
        layers.append(nn.MaxPool2d(3, stride, 1))
    return Shortcut(layers if relu_first else layers[1:], widths[0], widths[-1], stride)


class Xception(nn.Module):
    """`[N, 3, H, W]` to features at a quarter (128 channels) and at a sixteenth (2048) of the size."""

    fine_channels, deep_channels = 128, 2048

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.block1 = _block(64, 128, 128, stride=2, relu_first=False)
        self.block2 = _block(128, 256, 256, stride=2)
        self.block3 = _block(256, 728, 728, stride=2)
        for number in MIDDLE_BLOCKS:
            self.add_module(f"block{number}", _block(728, 728, 728, 728))
        self.block12 = _block(728, 728, 1024, dilation=2)
        self.conv3 = Separable(1024, 1536, dilation=2, padding=1)
        self.bn3 = nn.BatchNorm2d(1536)
        self.conv4 = Separable(1536, 2048, dilation=2, padding=1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = torch.relu(self.bn1(self.conv1(pixels)))
        features = torch.relu(self.bn2(self.conv2(features)))
        fine = features = self.block1(features)
        for number in range(2, 13):
            features = self.get_submodule(f"block{number}")(features)
        return fine, self.conv4(torch.relu(self.bn3(self.conv3(features))))
