"""LinkNet: Chaurasia, Culurciello: LinkNet: Exploiting Encoder Representations for Efficient Semantic Segmentation,
VCIP 2017, arXiv:1707.03718.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/linknet.py at 1a32d68):
a shortcut with a convolution in every encoder, transposed convolutions of 4×4, no link from the stem, normalisation and
ReLU on the class scores.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import conv, up


class Encoder(nn.Module):
    """Two residual blocks, the first at half the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, 1, stride=2, act="none")
        self.block1 = nn.Sequential(conv(inputs, outputs, stride=2), conv(outputs, outputs, act="none"))
        self.block2 = nn.Sequential(conv(outputs, outputs), conv(outputs, outputs, act="none"))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.block1(features) + self.conv(features))
        return torch.relu(self.block2(first) + first)


def _decoder(inputs: int, outputs: int) -> nn.Sequential:
    inner = inputs // 4
    return nn.Sequential(conv(inputs, inner, 1), up(inner, inner, kernel=4), conv(inner, outputs, 1))


class LinkNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 64."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.init_block = nn.Sequential(conv(3, 64, 7, stride=2), nn.MaxPool2d(3, 2, 1))
        for number, (inputs, outputs) in enumerate(((64, 64), (64, 128), (128, 256), (256, 512)), start=1):
            self.add_module(f"enc_block{number}", Encoder(inputs, outputs))
            self.add_module(f"dec_block{number}", _decoder(outputs, inputs))
        self.seg_head = nn.Sequential(up(64, 32, kernel=4), conv(32, 32), up(32, num_classes, kernel=4))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        levels = [self.init_block(pixels)]
        for number in (1, 2, 3, 4):
            levels.append(self.get_submodule(f"enc_block{number}")(levels[-1]))
        features = self.get_submodule("dec_block4")(levels[4])
        for number in (3, 2, 1):
            features = self.get_submodule(f"dec_block{number}")(features + levels[number])
        return self.seg_head(features)


def build(num_classes: int | None = None) -> nn.Module:
    return LinkNet(num_classes or 19)
