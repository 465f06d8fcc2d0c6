"""ESPNet: Mehta, Rastegari, Caspi, Shapiro, Hajishirzi: ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for
Semantic Segmentation, ECCV 2018, arXiv:1803.06815.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/espnet.py at 1a32d68):
every branch of a pyramid has its own normalisation and PReLU, the last sum starts behind the first branch where widths
differ, and three transposed convolutions end the decoder.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import conv, mix, up

BRANCHES = 5


class SpatialPyramid(nn.Module):
    """Reduce, convolve at dilations 1 to 16, add up, concatenate; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        narrow = outputs // BRANCHES
        first = outputs - (BRANCHES - 1) * narrow
        self.equal, self.shortcut = first == narrow, inputs == outputs and stride == 1
        self.conv_kn = mix(inputs, narrow, stride=stride)
        if not self.equal:
            self.conv_k1 = mix(inputs, first, stride=stride)
        widths = [first] + [narrow] * (BRANCHES - 1)
        self.layers = nn.ModuleList(conv(w, w, dilation=2**k, act="prelu") for k, w in enumerate(widths))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        reduced = self.conv_kn(features)
        parts = [self.layers[0](reduced if self.equal else self.conv_k1(features))]
        for number, layer in enumerate(self.layers[1:], start=1):
            branch = layer(reduced)
            parts.append(branch + parts[-1] if number > 1 or self.equal else branch)
        merged = torch.cat(parts, dim=1)
        return features + merged if self.shortcut else merged


class Level(nn.Module):
    """A pyramid at half the size and `count` more, beside what the first gave."""

    def __init__(self, inputs: int, outputs: int, count: int) -> None:
        super().__init__()
        self.conv1 = SpatialPyramid(inputs, outputs, stride=2)
        self.layers = nn.Sequential(*(SpatialPyramid(outputs, outputs) for _ in range(count)))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        first = self.conv1(features)
        return torch.cat((self.layers(first), first), dim=1)


class Deepest(Level):
    """The third level, down to as many channels as there are classes."""

    def __init__(self, inputs: int, num_classes: int, count: int) -> None:
        super().__init__(inputs, 128, count)
        self.conv_last = conv(256, num_classes, 1, act="prelu")

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv_last(super().forward(features))


class Decoder(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.upconv_l3 = up(num_classes, num_classes, act="prelu")
        self.conv_cat_l2 = conv(131, num_classes, 1)
        self.conv_l2 = SpatialPyramid(2 * num_classes, num_classes)
        self.upconv_l2 = up(num_classes, num_classes, act="prelu")
        self.conv_cat_l1 = conv(19, num_classes, 1)
        self.conv_l1 = SpatialPyramid(2 * num_classes, num_classes)
        self.upconv_l1 = up(num_classes, num_classes)

    def forward(self, deep: torch.Tensor, half: torch.Tensor, quarter: torch.Tensor) -> torch.Tensor:
        middle = self.conv_l2(torch.cat((self.upconv_l3(deep), self.conv_cat_l2(quarter)), dim=1))
        shallow = self.conv_l1(torch.cat((self.upconv_l2(middle), self.conv_cat_l1(half)), dim=1))
        return self.upconv_l1(shallow)


class ESPNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.l1_block = conv(3, 16, stride=2, act="prelu")
        self.l2_block = Level(19, 64, 2)
        self.l3_block = Deepest(131, num_classes, 8)
        self.decoder = Decoder(num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        half = _with_image(self.l1_block(pixels), pixels)
        quarter = _with_image(self.l2_block(half), pixels)
        return self.decoder(self.l3_block(quarter), half, quarter)


def _with_image(features: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    small = F.interpolate(pixels, features.shape[2:], mode="bilinear", align_corners=False)
    return torch.cat((features, small), dim=1)


def build(num_classes: int | None = None) -> nn.Module:
    return ESPNet(num_classes or 19)
