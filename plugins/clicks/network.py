"""A small residual U-Net that takes a picture, clicks and the mask so far, and gives the mask of what was meant.

After Sofiiuk, Petrov, Konushin: Reviving Iterative Training with Mask Guidance for Interactive Segmentation, ICIP 2022
(the planes of clicks and of the mask go in with the picture); the network itself is this project's own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .planes import PLANES

STRIDE = 16
_WIDTHS = (24, 40, 72, 112)


class ClickNet(nn.Module):
    """float32 `[N, 12, H, W]` to logits `[N, 1, H, W]`; H and W are multiples of 16."""

    def __init__(self, widths: tuple[int, int, int, int] = _WIDTHS) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.at_half = nn.Sequential(_conv(PLANES, half, stride=2), _conv(half, half))
        self.at_quarter = nn.Sequential(_conv(half, quarter, stride=2), _Residual(quarter))
        self.at_eighth = nn.Sequential(_conv(quarter, eighth, stride=2), _Residual(eighth), _Residual(eighth))
        self.at_sixteenth = nn.Sequential(_conv(eighth, sixteenth, stride=2), _Residual(sixteenth))
        self.whole = _Whole(sixteenth)
        self.deepest = _Residual(sixteenth)
        self.to_eighth = _Up(sixteenth, eighth)
        self.to_quarter = _Up(eighth, quarter)
        self.to_half = _Up(quarter, half)
        self.spread = nn.PixelShuffle(2)
        self.border = nn.Sequential(_conv(half // 4 + PLANES, 12), nn.Conv2d(12, 1, 3, padding=1))

    def forward(self, planes: Tensor) -> Tensor:
        half = self.at_half(planes)
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        deep = self.deepest(self.whole(self.at_sixteenth(eighth)))
        fine = self.to_half(self.to_quarter(self.to_eighth(deep, eighth), quarter), half)
        logits: Tensor = self.border(torch.cat([self.spread(fine), planes], dim=1))
        return logits


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class _Whole(nn.Module):
    """Lets every place know the mean of all: what a click was on is known far away from it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.mix(x.mean(dim=(2, 3)))[:, :, None, None])


class _Up(nn.Module):
    def __init__(self, deep: int, fine: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(deep, fine, 1)
        self.mix = _conv(fine, fine)

    def forward(self, deep: Tensor, fine: Tensor) -> Tensor:
        larger = F.interpolate(self.narrow(deep), size=fine.shape[2:], mode="bilinear", align_corners=False)
        mixed: Tensor = self.mix(fine + larger)
        return mixed


def _conv(inside: int, outside: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def folded(network: ClickNet) -> ClickNet:
    """The same network in eval mode with every normalization put into the convolution before it: fewer steps."""
    for part in network.modules():
        if isinstance(part, nn.Sequential) and len(part) > 1 and isinstance(part[1], nn.BatchNorm2d):
            convolution = part[0]
            assert isinstance(convolution, nn.Conv2d)
            part[0], part[1] = fuse_conv_bn_eval(convolution, part[1]), nn.Identity()
    return network
