"""ReSeg: Visin, Ciccone, Romero, Kastner, Cho, Bengio, Matteucci, Courville: ReSeg: A Recurrent Neural Network-Based
Model for Semantic Segmentation, CVPR Workshops 2016, arXiv:1511.07053.

Tensor names are those of Wizaron/reseg-pytorch (code/pytorch/lib/arch.py): VGG-16 up to its third pooling without that
one, two sweeps over single features, two deconvolutions.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

STAGES = ((64, 2), (128, 2), (256, 3))
"""Width and number of convolutions before the poolings of VGG-16."""

UNITS = 100
FILTERS = 50


def _vgg() -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs = 3
    for width, count in STAGES:
        for _ in range(count):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
            inputs = width
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers[:-1])


class ReNet(nn.Module):
    """Gated recurrent units that sweep over rows both ways, then so over columns; gives `[N, 2·UNITS, H, W]`."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.rnn_hor = nn.GRU(inputs, UNITS, batch_first=True, bidirectional=True)
        self.rnn_ver = nn.GRU(2 * UNITS, UNITS, batch_first=True, bidirectional=True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        count, _, height, width = features.shape
        rows = features.permute(0, 2, 3, 1).reshape(count * height, width, -1)
        swept = self.rnn_hor(rows)[0].reshape(count, height, width, -1)
        columns = swept.transpose(1, 2).reshape(count * width, height, -1)
        return self.rnn_ver(columns)[0].reshape(count, width, height, -1).permute(0, 3, 2, 1)


class ReSeg(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`; sides that are no multiples of 4 are padded."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.cnn = nn.Sequential(OrderedDict(model=_vgg()))
        self.renet1 = ReNet(STAGES[-1][0])
        self.renet2 = ReNet(2 * UNITS)
        self.upsampling1 = nn.ConvTranspose2d(2 * UNITS, FILTERS, 2, stride=2)
        self.upsampling2 = nn.ConvTranspose2d(FILTERS, FILTERS, 2, stride=2)
        self.output = nn.Conv2d(FILTERS, num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        height, width = pixels.shape[-2:]
        features = self.cnn(F.pad(pixels, (0, -width % 4, 0, -height % 4)))
        features = self.renet2(self.renet1(features))
        features = torch.relu(self.upsampling2(torch.relu(self.upsampling1(features))))
        return self.output(features)[..., :height, :width]


def build(num_classes: int | None = None) -> nn.Module:
    return ReSeg(num_classes or 11)
