"""ESPNet: Mehta, Rastegari, Caspi, Shapiro, Hajishirzi: ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for
Semantic Segmentation, ECCV 2018, arXiv:1803.06815.

Tensor names are those of sacmehta/ESPNet (test/Model.py).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-3
DILATIONS = (1, 2, 4, 8, 16)


def _conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    padding = (kernel - 1) // 2 * dilation
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)


def _bare(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=conv))


def _norm_act(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(bn=nn.BatchNorm2d(channels, eps=EPS), act=nn.PReLU(channels)))


def _conv_norm_act(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    parts = OrderedDict[str, nn.Module](conv=_conv(inputs, outputs, 3, stride=stride))
    parts.update(bn=nn.BatchNorm2d(outputs, eps=EPS), act=nn.PReLU(outputs))
    return nn.Sequential(parts)


def _double(channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels, 2, stride=2, bias=False)


class SpatialPyramid(nn.Module):
    """Reduce, convolve at five dilations, add up from the second on (against gridding), concatenate (section 3.1)."""

    def __init__(self, inputs: int, outputs: int, *, reduce: nn.Conv2d) -> None:
        super().__init__()
        branch = outputs // len(DILATIONS)
        self.c1 = _bare(reduce)
        for dilation in DILATIONS:
            width = outputs - 4 * branch if dilation == 1 else branch
            self.add_module(f"d{dilation}", _bare(_conv(branch, width, 3, dilation=dilation)))

    def pyramid(self, features: torch.Tensor) -> torch.Tensor:
        reduced = self.c1(features)
        first, *others = (self.get_submodule(f"d{dilation}")(reduced) for dilation in DILATIONS)
        sums = [others[0]]
        for branch in others[1:]:
            sums.append(sums[-1] + branch)
        return torch.cat([first, *sums], dim=1)


class DownSampler(SpatialPyramid):
    """The pyramid at half the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, reduce=_conv(inputs, outputs // 5, 3, stride=2))
        self.bn = nn.BatchNorm2d(outputs, eps=EPS)
        self.act = nn.PReLU(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.act(self.bn(self.pyramid(features)))


class Block(SpatialPyramid):
    """The ESP block, with a shortcut where the width stays."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, reduce=_conv(inputs, outputs // 5, 1))
        self.bn = _norm_act(outputs)
        self.shortcut = inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        merged = self.pyramid(features)
        return self.bn(features + merged if self.shortcut else merged)


class Encoder(nn.Module):
    """ESPNet-C: three levels, each fed with the image at its own size; scores at an eighth of the input."""

    def __init__(self, num_classes: int, p: int, q: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(3, stride=2, padding=1)
        self.level1 = _conv_norm_act(3, 16, stride=2)
        self.b1 = _norm_act(19)
        self.level2_0 = DownSampler(19, 64)
        self.level2 = nn.Sequential(*(Block(64, 64) for _ in range(p)))
        self.b2 = _norm_act(131)
        self.level3_0 = DownSampler(131, 128)
        self.level3 = nn.Sequential(*(Block(128, 128) for _ in range(q)))
        self.b3 = _norm_act(256)
        self.classifier = _bare(_conv(256, num_classes, 1))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Features at a half (without and with the image) and a quarter, scores at an eighth."""
        half = self.pool(pixels)
        level1 = self.level1(pixels)
        level1_image = self.b1(torch.cat((level1, half), dim=1))
        down2 = self.level2_0(level1_image)
        level2 = self.b2(torch.cat((self.level2(down2), down2, self.pool(half)), dim=1))
        down3 = self.level3_0(level2)
        level3 = self.b3(torch.cat((down3, self.level3(down3)), dim=1))
        return level1, level1_image, level2, self.classifier(level3)


class ESPNet(nn.Module):
    """ESPNet with its decoder: `[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8.

    `skip_image` gives the last skip connection the image's three channels too, as the reference's weights for CamVid
    have it; `adapt_to` sees that, and the depths `p` and `q`, in the weights.
    """

    def __init__(self, num_classes: int = 20, *, p: int = 2, q: int = 8, skip_image: bool = False) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.depths = (p, q)
        self.encoder = Encoder(num_classes, p, q)
        self.level3_C = _bare(_conv(131, num_classes, 1))
        self.br = nn.BatchNorm2d(num_classes, eps=EPS)
        self.up_l3 = nn.Sequential(_double(num_classes))
        self.combine_l2_l3 = nn.Sequential(_norm_act(2 * num_classes), Block(2 * num_classes, num_classes))
        self.up_l2 = nn.Sequential(_double(num_classes), _norm_act(num_classes))
        self.classifier = _double(num_classes)
        self._connect(skip_image)

    def _connect(self, skip_image: bool) -> None:
        self.skip_image = skip_image
        self.conv = _conv_norm_act((19 if skip_image else 16) + self.num_classes, self.num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        level1, level1_image, level2, scores = self.encoder(pixels)
        deep = self.up_l3(self.br(scores))
        middle = self.up_l2(self.combine_l2_l3(torch.cat((self.level3_C(level2), deep), dim=1)))
        return self.classifier(self.conv(torch.cat((middle, level1_image if self.skip_image else level1), dim=1)))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Follow the depths and the width of the last skip connection that the weights were trained with."""
        if "conv.conv.weight" not in state and "classifier.conv.weight" in state:
            raise ValueError("they are those of its encoder alone, ESPNet-C: give them to espnet-c")
        depths = _depths(state, "encoder.")
        if all(depths) and depths != self.depths:
            self.depths, self.encoder = depths, Encoder(self.num_classes, *depths)
            self.encoder.eval()
        outputs, inputs = state["conv.conv.weight"].shape[:2]
        if inputs - outputs in (16, 19) and (inputs - outputs == 19) != self.skip_image:
            self._connect(inputs - outputs == 19)
            self.conv.eval()
        return dict(state)


class ESPNetC(nn.Module):
    """The encoder alone, its scores enlarged eight times bilinearly: `[N, 3, H, W]` to logits `[N, C, H, W]`.

    H and W are multiples of 8; `adapt_to` sees the depths in the weights, whose names have no prefix.
    """

    def __init__(self, num_classes: int = 20, *, p: int = 2, q: int = 8) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.depths = (p, q)
        self.encoder = Encoder(num_classes, p, q)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        *_, scores = self.encoder(pixels)
        return F.interpolate(scores, scale_factor=8, mode="bilinear", align_corners=False)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Follow the depths of the weights."""
        if "level3_C.conv.weight" in state:
            raise ValueError("they have a decoder: give them to espnet")
        depths = _depths(state, "")
        if all(depths) and depths != self.depths:
            self.depths, self.encoder = depths, Encoder(self.num_classes, *depths)
            self.encoder.eval()
        return {f"encoder.{key}": value for key, value in state.items()}


def _depths(state: Mapping[str, torch.Tensor], prefix: str) -> tuple[int, int]:
    """How many blocks the second and the third level of these weights have."""
    levels = (f"{prefix}level2.", f"{prefix}level3.")
    second, third = (
        len({key.split(".")[level.count(".")] for key in state if key.startswith(level)}) for level in levels
    )
    return second, third


def build(num_classes: int | None = None, *, p: int = 2, q: int = 8) -> nn.Module:
    return ESPNet(num_classes or 20, p=p, q=q)


def build_c(num_classes: int | None = None, *, p: int = 2, q: int = 8) -> nn.Module:
    return ESPNetC(num_classes or 20, p=p, q=q)
