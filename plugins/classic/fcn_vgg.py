"""FCN-32s, FCN-16s, FCN-8s on VGG-16: Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation,
CVPR 2015, arXiv:1411.4038.

Tensor names, padding and crops are those of wkentaro/pytorch-fcn (torchfcn/models), which follow the authors' Caffe
networks.
"""

from __future__ import annotations

import torch
from torch import nn

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Width and number of convolutions between two poolings of VGG-16."""

MARGIN = 100
"""Padding of the first convolution, so that even small images leave something for the 7×7 one."""


class FCN(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]` of any size; `stride` 32, 16 or 8 is that of the finest scores.

    `fc_channels` is the width of the two layers that were fully connected in VGG-16.
    """

    def __init__(self, num_classes: int, stride: int, fc_channels: int = 4096) -> None:
        super().__init__()
        self.stride = stride
        inputs = 3
        for stage, (width, count) in enumerate(STAGES, start=1):
            for number in range(1, count + 1):
                padding = MARGIN if stage == number == 1 else 1
                self.add_module(f"conv{stage}_{number}", nn.Conv2d(inputs, width, 3, padding=padding))
                inputs = width
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.fc6 = nn.Conv2d(512, fc_channels, 7)
        self.fc7 = nn.Conv2d(fc_channels, fc_channels, 1)
        self.dropout = nn.Dropout2d()
        self.score_fr = nn.Conv2d(fc_channels, num_classes, 1)
        if stride == 32:
            self.upscore = _enlarge(num_classes, 32)
        else:
            self.score_pool4 = nn.Conv2d(512, num_classes, 1)
            self.upscore2 = _enlarge(num_classes, 2)
        if stride == 16:
            self.upscore16 = _enlarge(num_classes, 16)
        if stride == 8:
            self.score_pool3 = nn.Conv2d(256, num_classes, 1)
            self.upscore_pool4 = _enlarge(num_classes, 2)
            self.upscore8 = _enlarge(num_classes, 8)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        pools = self._vgg(pixels)
        x = self.dropout(torch.relu(self.fc6(pools[4])))
        scores = self.score_fr(self.dropout(torch.relu(self.fc7(x))))
        if self.stride == 32:
            return _crop(self.upscore(scores), pixels, 19)
        scores = _plus(self.upscore2(scores), self.score_pool4(pools[3]), 5)
        if self.stride == 16:
            return _crop(self.upscore16(scores), pixels, 27)
        scores = _plus(self.upscore_pool4(scores), self.score_pool3(pools[2]), 9)
        return _crop(self.upscore8(scores), pixels, 31)

    def _vgg(self, x: torch.Tensor) -> list[torch.Tensor]:
        pools = []
        for stage, (_, count) in enumerate(STAGES, start=1):
            for number in range(1, count + 1):
                x = torch.relu(self.get_submodule(f"conv{stage}_{number}")(x))
            x = self.pool(x)
            pools.append(x)
        return pools


def _enlarge(channels: int, factor: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels, 2 * factor, stride=factor, bias=False)


def _crop(scores: torch.Tensor, like: torch.Tensor, offset: int) -> torch.Tensor:
    height, width = like.shape[-2:]
    return scores[..., offset : offset + height, offset : offset + width].contiguous()


def _plus(scores: torch.Tensor, finer: torch.Tensor, offset: int) -> torch.Tensor:
    return scores + _crop(finer, scores, offset)


def build_32s(num_classes: int | None = None, *, fc_channels: int = 4096) -> nn.Module:
    return FCN(num_classes or 21, 32, fc_channels)


def build_16s(num_classes: int | None = None, *, fc_channels: int = 4096) -> nn.Module:
    return FCN(num_classes or 21, 16, fc_channels)


def build_8s(num_classes: int | None = None, *, fc_channels: int = 4096) -> nn.Module:
    return FCN(num_classes or 21, 8, fc_channels)
