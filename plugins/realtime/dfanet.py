"""DFANet: Li, Xiong, Fan, Sun: DFANet: Deep Feature Aggregation for Real-Time Semantic Segmentation, CVPR 2019,
arXiv:1904.02216.

Tensor names and deviations are those of huaifeng1993/DFANet (model/dfanet.py), by another author: both deep attended
maps go through one convolution, and a second one of the same form is never used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

# Output channels and number of blocks of the three stages of a sub-network (table 1, Xception A).
STAGES = ((48, 3), (96, 6), (192, 3))
# Input channels of those stages: alone, and with what the sub-network before gives.
FIRST_INPUTS = (8, 48, 96)
LATER_INPUTS = (240, 144, 288)


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs)
    both = nn.Sequential(OrderedDict(conv1=depthwise, pointwise=nn.Conv2d(inputs, outputs, 1)))
    return nn.Sequential(both, nn.BatchNorm2d(outputs), nn.ReLU())


def _pointwise(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def _enlarged(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return F.interpolate(features, like.shape[2:], mode="bilinear", align_corners=True)


class Block(nn.Module):
    """Three separable convolutions beside a projection."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        inner = outputs // 4
        self.conv1 = _separable(inputs, inner, stride)
        self.conv2 = _separable(inner, inner)
        self.conv3 = _separable(inner, outputs)
        self.projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv3(self.conv2(self.conv1(features))) + self.projection(features)


def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    others = (Block(outputs, outputs) for _ in range(blocks - 1))
    return nn.Sequential(OrderedDict(build=nn.Sequential(Block(inputs, outputs, 2), *others)))


class Attention(nn.Module):
    """Channels weighted by what their mean over the image says."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, 1000, bias=False), nn.ReLU(), nn.Linear(1000, channels, bias=False), nn.Sigmoid()
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.fc(features.mean(dim=(2, 3)))[:, :, None, None]


class SubNetwork(nn.Module):
    """One pass of the backbone; a later one also sees the maps of the same depth that the pass before gave."""

    def __init__(self, inputs: tuple[int, int, int]) -> None:
        super().__init__()
        stages = [_stage(into, outputs, blocks) for into, (outputs, blocks) in zip(inputs, STAGES, strict=True)]
        self.enc2, self.enc3, self.enc4 = stages
        self.atten = Attention(STAGES[-1][0])

    def forward(
        self, features: torch.Tensor, before: tuple[torch.Tensor, ...] = ()
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        second = self.enc2(features)
        third = self.enc3(torch.cat((second, *before[:1]), dim=1))
        fourth = self.enc4(torch.cat((third, *before[1:]), dim=1))
        return second, third, fourth, self.atten(fourth)


class Encoder(nn.Module):
    """Three sub-networks in a row (figure 3): the first map of each and its attended deepest one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.branch0 = SubNetwork(FIRST_INPUTS)
        self.branch1 = SubNetwork(LATER_INPUTS)
        self.branch2 = SubNetwork(LATER_INPUTS)

    def forward(self, pixels: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        fine, middle, coarse, attended = self.branch0(self.conv1(pixels))
        shallow, deep = [fine], [attended]
        for branch in (self.branch1, self.branch2):
            again = torch.cat((shallow[-1], _enlarged(deep[-1], shallow[-1])), dim=1)
            fine, middle, coarse, attended = branch(again, (middle, coarse))
            shallow.append(fine)
            deep.append(attended)
        return shallow, deep


class Decoder(nn.Module):
    """All six maps at a quarter of the input: the shallow ones blended, the deep ones added."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        for number in range(3):
            self.add_module(f"conv{number}", _pointwise(STAGES[0][0], channels))
        self.conv3 = _pointwise(STAGES[-1][0], channels)
        self.conv5 = _pointwise(STAGES[-1][0], channels)
        blend = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_add1 = nn.Sequential(blend, nn.BatchNorm2d(channels), nn.ReLU())
        self.conv_cls = nn.Conv2d(channels, num_classes, 3, padding=1, bias=False)

    def forward(self, shallow: list[torch.Tensor], deep: list[torch.Tensor]) -> torch.Tensor:
        fine = shallow[0]
        total = sum(_enlarged(self.get_submodule(f"conv{number}")(part), fine) for number, part in enumerate(shallow))
        blended = self.conv_add1(total)
        for part, conv in zip(deep, (self.conv3, self.conv5, self.conv5), strict=True):
            blended = blended + _enlarged(conv(part), fine)
        return self.conv_cls(blended)


class DFANet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 64."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder(64, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return _enlarged(self.decoder(*self.encoder(pixels)), pixels)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the convolution that the reference has and does not use."""
        return {key: value for key, value in state.items() if not key.startswith("decoder.conv4.")}


def build(num_classes: int | None = None) -> nn.Module:
    return DFANet(num_classes or 19)
