"""ENet: Paszke, Chaurasia, Kim, Culurciello: ENet: A Deep Neural Network Architecture for Real-Time Semantic
Segmentation, 2016, arXiv:1606.02147.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/enet.py at 1a32d68): the
pooled part of the first block has neither normalisation nor activation, and the network ends in a 1×1 convolution with
normalisation and PReLU on the class scores, which are then enlarged bilinearly.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from .blocks import Act, PooledConv, conv


class Bottleneck(nn.Module):
    """The residual block: `middle` at a quarter of the width, widened and added to what came in."""

    def __init__(self, inputs: int, outputs: int, middle: nn.Sequential, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.right_init_conv = middle
        self.right_last_conv = nn.Sequential(nn.Conv2d(inputs // 4, outputs, 1, bias=False), nn.Dropout(dropout))
        self.act = Act("prelu")

    def right(self, features: torch.Tensor) -> torch.Tensor:
        return self.right_last_conv(self.right_init_conv(features))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.act(features + self.right(features))


class Down(Bottleneck):
    """Half the resolution; gives the places of the maxima for the way up."""

    def __init__(self, inputs: int, outputs: int, *, dropout: float = 0.1) -> None:
        inner = inputs // 4
        middle = nn.Sequential(conv(inputs, inner, 3, stride=2), conv(inner, inner))
        super().__init__(inputs, outputs, middle, dropout=dropout)
        self.left_pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.left_conv = conv(inputs, outputs, 1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        pooled, places = self.left_pool(features)
        return self.act(self.left_conv(pooled) + self.right(features)), places


class Up(Bottleneck):
    """Twice the resolution: maxima go back to their places, the rest is a transposed convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        inner = inputs // 4
        deconvolution = nn.ConvTranspose2d(inner, inner, 3, 2, 1, output_padding=1, bias=False)
        middle = nn.Sequential(conv(inputs, inner, 1), nn.Sequential(OrderedDict(up_conv=deconvolution)))
        super().__init__(inputs, outputs, middle)
        self.left_conv = conv(inputs, outputs, 1)
        self.left_pool = nn.MaxUnpool2d(2, 2)

    def forward(self, features: torch.Tensor, places: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return self.act(self.left_pool(self.left_conv(features), places) + self.right(features))


def _regular(channels: int, *, dilation: int = 1, dropout: float = 0.1) -> Bottleneck:
    inner = channels // 4
    middle = nn.Sequential(conv(channels, inner, 1), conv(inner, inner, dilation=dilation))
    return Bottleneck(channels, channels, middle, dropout=dropout)


def _asymmetric(channels: int) -> Bottleneck:
    inner = channels // 4
    middle = nn.Sequential(conv(channels, inner, 1), conv(inner, inner, (5, 1)), conv(inner, inner, (1, 5)))
    return Bottleneck(channels, channels, middle)


def _context(channels: int) -> nn.Sequential:
    """Stages 2 and 3 without their pooling (table 1)."""
    return nn.Sequential(
        _regular(channels),
        _regular(channels, dilation=2),
        _asymmetric(channels),
        _regular(channels, dilation=4),
        _regular(channels),
        _regular(channels, dilation=8),
        _asymmetric(channels),
        _regular(channels, dilation=16),
    )


def _stage(**parts: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict(parts)


class ENet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.initial = PooledConv(3, 16, act="prelu")
        first = nn.Sequential(*(_regular(64, dropout=0.01) for _ in range(4)))
        self.bottleneck1 = _stage(conv_pool=Down(16, 64, dropout=0.01), conv_regular=first)
        self.bottleneck2 = _stage(conv_pool=Down(64, 128), conv_regular=_context(128))
        self.bottleneck3 = _stage(conv_regular=_context(128))
        self.bottleneck4 = _stage(conv_unpool=Up(128, 64), conv_regular=_regular(64), conv_extra=_regular(64))
        self.bottleneck5 = _stage(conv_unpool=Up(64, 16), conv_regular=_regular(16))
        scores = conv(16, num_classes, 1, act="prelu")
        enlarge = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.fullconv = nn.Sequential(OrderedDict(up_conv=nn.Sequential(scores, enlarge)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x, places1 = self.bottleneck1["conv_pool"](self.initial(pixels))
        x, places2 = self.bottleneck2["conv_pool"](self.bottleneck1["conv_regular"](x))
        x = self.bottleneck3["conv_regular"](self.bottleneck2["conv_regular"](x))
        x = self.bottleneck4["conv_regular"](self.bottleneck4["conv_unpool"](x, places2))
        x = self.bottleneck4["conv_extra"](x)
        x = self.bottleneck5["conv_regular"](self.bottleneck5["conv_unpool"](x, places1))
        return self.fullconv(x)


def build(num_classes: int | None = None) -> nn.Module:
    return ENet(num_classes or 19)
