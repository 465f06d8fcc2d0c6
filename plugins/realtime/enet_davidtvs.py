"""ENet: Paszke, Chaurasia, Kim, Culurciello: ENet: A Deep Neural Network Architecture for Real-Time Semantic
Segmentation, 2016, arXiv:1606.02147.

Tensor names are those of davidtvs/PyTorch-ENet (models/enet.py): PReLU in the encoder, ReLU in the decoder, an
activation behind every convolution of a branch but the last on the way up.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

STAGE = ("regular", "dilated", "asymmetric", "dilated", "regular", "dilated", "asymmetric", "dilated")
DILATIONS = (1, 2, 1, 4, 1, 8, 1, 16)
"""Stages 2 and 3 without pooling (table 1)."""


def _act(relu: bool) -> nn.Module:
    return nn.ReLU() if relu else nn.PReLU()


def _normalised(conv: nn.Conv2d, *, relu: bool) -> list[nn.Module]:
    return [conv, nn.BatchNorm2d(conv.out_channels), _act(relu)]


def _conv(inputs: int, outputs: int, kernel: int | tuple[int, int], **kwargs: int | tuple[int, int]) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, bias=False, **kwargs)  # type: ignore[arg-type]


class Initial(nn.Module):
    """A strided convolution beside a pooled image."""

    def __init__(self) -> None:
        super().__init__()
        self.main_branch = _conv(3, 13, 3, stride=2, padding=1)
        self.ext_branch = nn.MaxPool2d(3, stride=2, padding=1)
        self.batch_norm = nn.BatchNorm2d(16)
        self.out_activation = nn.PReLU()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        joined = torch.cat((self.main_branch(pixels), self.ext_branch(pixels)), dim=1)
        return self.out_activation(self.batch_norm(joined))


class Regular(nn.Module):
    """The residual block at one resolution."""

    def __init__(self, channels: int, *, kind: str = "regular", dilation: int = 1, relu: bool = False) -> None:
        super().__init__()
        inner = channels // 4
        self.ext_conv1 = nn.Sequential(*_normalised(_conv(channels, inner, 1), relu=relu))
        if kind == "asymmetric":
            upright = _normalised(_conv(inner, inner, (5, 1), padding=(2, 0)), relu=relu)
            level = _normalised(_conv(inner, inner, (1, 5), padding=(0, 2)), relu=relu)
            self.ext_conv2 = nn.Sequential(*upright, *level)
        else:
            middle = _conv(inner, inner, 3, padding=dilation, dilation=dilation)
            self.ext_conv2 = nn.Sequential(*_normalised(middle, relu=relu))
        self.ext_conv3 = nn.Sequential(*_normalised(_conv(inner, channels, 1), relu=relu))
        self.out_activation = _act(relu)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.out_activation(features + self.ext_conv3(self.ext_conv2(self.ext_conv1(features))))


class Down(nn.Module):
    """Half the resolution, the maxima padded with empty channels; gives their places for the way up."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = inputs // 4
        self.ext_conv1 = nn.Sequential(*_normalised(_conv(inputs, inner, 2, stride=2), relu=False))
        self.ext_conv2 = nn.Sequential(*_normalised(_conv(inner, inner, 3, padding=1), relu=False))
        self.ext_conv3 = nn.Sequential(*_normalised(_conv(inner, outputs, 1), relu=False))
        self.out_activation = nn.PReLU()
        self.padding = outputs - inputs

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pooled, places = F.max_pool2d(features, 2, stride=2, return_indices=True)
        branch = self.ext_conv3(self.ext_conv2(self.ext_conv1(features)))
        return self.out_activation(F.pad(pooled, (0, 0, 0, 0, 0, self.padding)) + branch), places


class Up(nn.Module):
    """Twice the resolution: maxima go back to their places, the rest is a transposed convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = inputs // 4
        self.main_conv1 = nn.Sequential(_conv(inputs, outputs, 1), nn.BatchNorm2d(outputs))
        self.ext_conv1 = nn.Sequential(*_normalised(_conv(inputs, inner, 1), relu=True))
        self.ext_tconv1 = nn.ConvTranspose2d(inner, inner, 2, stride=2, bias=False)
        self.ext_tconv1_bnorm = nn.BatchNorm2d(inner)
        self.ext_conv2 = nn.Sequential(_conv(inner, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        main = F.max_unpool2d(self.main_conv1(features), places, 2)
        branch = torch.relu(self.ext_tconv1_bnorm(self.ext_tconv1(self.ext_conv1(features))))
        return torch.relu(main + self.ext_conv2(branch))


class ENet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 20) -> None:
        super().__init__()
        self.initial_block = Initial()
        self.downsample1_0 = Down(16, 64)
        self.first = self._named([(f"regular1_{number}", Regular(64)) for number in range(1, 5)])
        self.downsample2_0 = Down(64, 128)
        rows = list(zip(STAGE, DILATIONS, strict=True))
        self.second = self._named(
            [(f"{kind}2_{n}", Regular(128, kind=kind, dilation=d)) for n, (kind, d) in enumerate(rows, start=1)]
        )
        self.third = self._named(
            [(f"{kind}3_{n}", Regular(128, kind=kind, dilation=d)) for n, (kind, d) in enumerate(rows)]
        )
        self.upsample4_0 = Up(128, 64)
        self.fourth = self._named([(f"regular4_{number}", Regular(64, relu=True)) for number in (1, 2)])
        self.upsample5_0 = Up(64, 16)
        self.regular5_1 = Regular(16, relu=True)
        self.transposed_conv = nn.ConvTranspose2d(16, num_classes, 3, stride=2, padding=1, output_padding=1, bias=False)

    def _named(self, blocks: list[tuple[str, nn.Module]]) -> tuple[str, ...]:
        for name, block in blocks:
            self.add_module(name, block)
        return tuple(name for name, _ in blocks)

    def _through(self, names: tuple[str, ...], features: torch.Tensor) -> torch.Tensor:
        for name in names:
            features = self.get_submodule(name)(features)
        return features

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x, places1 = self.downsample1_0(self.initial_block(pixels))
        x, places2 = self.downsample2_0(self._through(self.first, x))
        x = self._through(self.third, self._through(self.second, x))
        x = self._through(self.fourth, self.upsample4_0(x, places2))
        return self.transposed_conv(self.regular5_1(self.upsample5_0(x, places1)))


def build(num_classes: int | None = None) -> nn.Module:
    return ENet(num_classes or 20)
