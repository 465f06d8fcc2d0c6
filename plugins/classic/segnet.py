"""SegNet: Badrinarayanan, Kendall, Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
Segmentation, IEEE TPAMI 39(12), 2017, arXiv:1511.00561.

Tensor names and deviations are those of meetps/pytorch-semseg (ptsemseg/models/segnet.py): sides are rounded down when
pooling, and the class scores are normalised and rectified, where the authors' Caffe network ends in a convolution.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

LEVELS = ((3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3))
"""Input width, output width and number of convolutions of each level of the encoder, VGG-16's."""


def _conv(inputs: int, outputs: int) -> nn.Sequential:
    unit = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())
    return nn.Sequential(OrderedDict(cbr_unit=unit))


def _level(widths: list[int]) -> nn.Sequential:
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(OrderedDict((f"conv{n}", _conv(a, b)) for n, (a, b) in enumerate(pairs, start=1)))


class SegNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`; maxima go back to where pooling found them (section 3)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        for number, (inputs, outputs, count) in enumerate(LEVELS, start=1):
            self.add_module(f"down{number}", _level([inputs, *[outputs] * count]))
            last = num_classes if number == 1 else inputs
            self.add_module(f"up{number}", _level([*[outputs] * count, last]))
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x, kept = pixels, []
        for number in range(1, len(LEVELS) + 1):
            x = self.get_submodule(f"down{number}")(x)
            size = x.shape
            x, places = self.pool(x)
            kept.append((places, size))
        for number in range(len(LEVELS), 0, -1):
            places, size = kept.pop()
            x = self.get_submodule(f"up{number}")(self.unpool(x, places, output_size=size))
        return x


def build(num_classes: int | None = None) -> nn.Module:
    return SegNet(num_classes or 11)
