"""Aligned Xception-65, the trunk of the paper's best DeepLab v3+: Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder
with Atrous Separable Convolution for Semantic Image Segmentation, ECCV 2018, arXiv:1802.02611, figure 4.

Tensor names are those of jfzhang95/pytorch-deeplab-xception (modeling/backbone/xception.py), which normalises once and
has no activation between the two parts of a separable convolution. Output stride 16.
"""

from __future__ import annotations

import torch
from torch import nn

from .xception import Separable, Shortcut

BLOCKS = range(1, 21)


class RectifiedShortcut(Shortcut):
    """A block whose shortcut is rectified too: the reference's first activation works in place."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.relu(features))


def _block(*widths: int, stride: int = 1, relu_first: bool = True, one_more: bool = False) -> Shortcut:
    """Separable convolutions from width to width; where there is a stride, or with `one_more`, a last one has it."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [nn.ReLU(), Separable(inputs, outputs, has_norm=True), nn.BatchNorm2d(outputs)]
    if stride != 1 or one_more:
        outputs = widths[-1]
        layers += [nn.ReLU(), Separable(outputs, outputs, stride=stride, has_norm=True), nn.BatchNorm2d(outputs)]
    return RectifiedShortcut(layers if relu_first else layers[1:], widths[0], widths[-1], stride)


class AlignedXception(nn.Module):
    """`[N, 3, H, W]` to features at a quarter (128 channels) and at a sixteenth (2048) of the size."""

    fine_channels, deep_channels = 128, 2048

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.block1 = _block(64, 128, 128, stride=2, relu_first=False)
        self.block2 = _block(128, 256, 256, stride=2, relu_first=False)
        self.block3 = _block(256, 728, 728, stride=2)
        for number in BLOCKS[3:19]:
            self.add_module(f"block{number}", _block(728, 728, 728, 728))
        self.block20 = _block(728, 728, 1024, one_more=True)
        for number, (inputs, outputs) in enumerate(((1024, 1536), (1536, 1536), (1536, 2048)), start=3):
            self.add_module(f"conv{number}", Separable(inputs, outputs, dilation=2, has_norm=True))
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = pixels
        for number in (1, 2):
            features = self._normalised(features, number)
        fine = features = torch.relu(self.block1(features))
        for number in BLOCKS[1:]:
            features = self.get_submodule(f"block{number}")(features)
        features = torch.relu(features)
        for number in (3, 4, 5):
            features = self._normalised(features, number)
        return fine, features

    def _normalised(self, features: torch.Tensor, number: int) -> torch.Tensor:
        convolved = self.get_submodule(f"conv{number}")(features)
        return torch.relu(self.get_submodule(f"bn{number}")(convolved))
