"""ESPNetV2: Mehta, Rastegari, Shapiro, Hajishirzi: ESPNetv2: A Light-weight, Power Efficient, and General Purpose
Convolutional Neural Network, CVPR 2019, arXiv:1811.11431; decoder of the authors' EdgeNets.

Tensor names are those of sacmehta/EdgeNets (model/segmentation/espnetv2.py).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = {
    0.5: (16, 32, 64, 128),
    1.0: (32, 64, 128, 256),
    1.25: (32, 80, 160, 320),
    1.5: (32, 96, 192, 384),
    2.0: (32, 128, 256, 512),
}
BRANCHES = 4
RECEPTIVE_LIMITS = (13, 11, 9, 7)
PYRAMID_SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)
SMALLEST = 5


def _conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    padding = (kernel - 1) // 2 * dilation
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)


def _named(conv: nn.Conv2d, *, norm: bool = True, act: bool = True) -> nn.Sequential:
    parts = OrderedDict[str, nn.Module](conv=conv)
    if norm:
        parts["bn"] = nn.BatchNorm2d(conv.out_channels)
    if act:
        parts["act"] = nn.PReLU(conv.out_channels)
    return nn.Sequential(parts)


def _wrapped(name: str, *parts: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict([(name, nn.Sequential(*parts))]))


def _cbr(conv: nn.Conv2d) -> nn.Sequential:
    return _wrapped("cbr", conv, nn.BatchNorm2d(conv.out_channels), nn.PReLU(conv.out_channels))


def _br(channels: int) -> nn.Sequential:
    return _wrapped("br", nn.BatchNorm2d(channels), nn.PReLU(channels))


class EESP(nn.Module):
    """Extremely efficient spatial pyramid: grouped reduction, depth-wise dilated branches added up, grouped expansion.

    With stride 2 it halves the resolution and leaves shortcut and activation to `DownSampler`.
    """

    def __init__(self, inputs: int, outputs: int, *, limit: int, stride: int = 1) -> None:
        super().__init__()
        width = outputs // BRANCHES
        self.proj_1x1 = _named(_conv(inputs, width, 1, groups=BRANCHES))
        # A branch whose kernel would exceed the receptive field's limit falls back to 3×3.
        kernels = sorted(k if k <= limit else 3 for k in range(3, 3 + 2 * BRANCHES, 2))
        self.spp_dw = nn.ModuleList(
            _named(
                _conv(width, width, 3, stride=stride, groups=width, dilation=(kernel - 1) // 2), norm=False, act=False
            )
            for kernel in kernels
        )
        self.conv_1x1_exp = _named(_conv(outputs, outputs, 1, groups=BRANCHES), act=False)
        self.br_after_cat = nn.Sequential(OrderedDict(bn=nn.BatchNorm2d(outputs), act=nn.PReLU(outputs)))
        self.module_act = nn.PReLU(outputs)
        self.stride = stride

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        reduced = self.proj_1x1(features)
        sums: list[torch.Tensor] = []
        for branch in self.spp_dw:
            convolved = branch(reduced)
            sums.append(convolved + sums[-1] if sums else convolved)
        expanded = self.conv_1x1_exp(self.br_after_cat(torch.cat(sums, dim=1)))
        if self.stride == 2:
            return expanded
        return self.module_act(expanded + features if expanded.shape == features.shape else expanded)


class DownSampler(nn.Module):
    """Average pooling and a strided EESP side by side, plus the image itself at that size."""

    def __init__(self, inputs: int, outputs: int, *, limit: int) -> None:
        super().__init__()
        self.eesp = EESP(inputs, outputs - inputs, limit=limit, stride=2)
        self.inp_reinf = nn.Sequential(_named(_conv(3, 3, 3)), _named(_conv(3, outputs, 1), act=False))
        self.act = nn.PReLU(outputs)

    def forward(self, features: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        pooled = F.avg_pool2d(features, 3, stride=2, padding=1)
        joined = torch.cat((pooled, self.eesp(features)), dim=1)
        while pixels.shape[2] > pooled.shape[2]:
            pixels = F.avg_pool2d(pixels, 3, stride=2, padding=1)
        return self.act(joined + self.inp_reinf(pixels))


class Encoder(nn.Module):
    """The first four levels of the classification network."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.level1 = _named(_conv(3, widths[0], 3, stride=2))
        self.level2_0 = DownSampler(widths[0], widths[1], limit=RECEPTIVE_LIMITS[0])
        self.level3_0 = DownSampler(widths[1], widths[2], limit=RECEPTIVE_LIMITS[1])
        self.level3 = nn.Sequential(*(EESP(widths[2], widths[2], limit=RECEPTIVE_LIMITS[2]) for _ in range(3)))
        self.level4_0 = DownSampler(widths[2], widths[3], limit=RECEPTIVE_LIMITS[2])
        self.level4 = nn.Sequential(*(EESP(widths[3], widths[3], limit=RECEPTIVE_LIMITS[3]) for _ in range(7)))

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Features at a half, a quarter, an eighth and a sixteenth."""
        level1 = self.level1(pixels)
        level2 = self.level2_0(level1, pixels)
        level3 = self.level3(self.level3_0(level2, pixels))
        level4 = self.level4(self.level4_0(level3, pixels))
        return [level1, level2, level3, level4]


class PyramidPool(nn.Module):
    """Depth-wise convolutions of the features at five scales, shuffled together."""

    def __init__(self, inputs: int, inner: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        count = len(PYRAMID_SCALES)
        self.projection_layer = _cbr(_conv(inputs, inner, 1))
        self.stages = nn.ModuleList(_conv(inner, inner, 3, groups=inner) for _ in PYRAMID_SCALES)
        self.merge_layer = nn.Sequential(
            _br(inner * count),
            nn.ChannelShuffle(count),
            _cbr(_conv(inner * count, inner, 3, groups=inner)),
            nn.Conv2d(inner, outputs, 1, bias=last),
        )
        self.br = nn.Identity() if last else _br(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        projected = self.projection_layer(features)
        scaled = (self._at(projected, stage, s) for stage, s in zip(self.stages, PYRAMID_SCALES, strict=True))
        return self.br(self.merge_layer(torch.cat(list(scaled), dim=1)))

    @staticmethod
    def _at(features: torch.Tensor, stage: nn.Module, scale: float) -> torch.Tensor:
        size = features.shape[2:]
        other = [max(SMALLEST, math.ceil(side * scale)) for side in size]
        if scale < 1:
            small = stage(F.adaptive_avg_pool2d(features, other))
            return F.interpolate(small, size, mode="bilinear", align_corners=True)
        if scale > 1:
            large = stage(F.interpolate(features, other, mode="bilinear", align_corners=True))
            return F.adaptive_avg_pool2d(large, size)
        return stage(features)


class Gated(nn.Module):
    """A grouped 3×3 convolution whose channels are weighted by the image as a whole."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(nn.AdaptiveAvgPool2d(1), _conv(inputs, outputs, 1), nn.Sigmoid())
        self.expansion_layer = _cbr(_conv(inputs, outputs, 3, groups=math.gcd(inputs, outputs)))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.expansion_layer(features) * self.wt_layer(features)


class ESPNetV2(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32; `s` scales the encoder's widths.

    `adapt_to` takes the width from the weights.
    """

    def __init__(self, num_classes: int = 20, *, s: float = 2.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self._build(s)

    def _build(self, s: float) -> None:
        self.s, widths = s, WIDTHS[s]
        base = 16
        decoder = (4 * base, 3 * base, 2 * base)
        inner = min(self.num_classes // 2, base)
        self.base_net = Encoder(widths)
        self.bu_dec_l1 = PyramidPool(widths[3], inner, decoder[0])
        self.bu_dec_l2 = PyramidPool(decoder[0], inner, decoder[1])
        self.bu_dec_l3 = PyramidPool(decoder[1], inner, decoder[2])
        self.bu_dec_l4 = PyramidPool(decoder[2], inner, self.num_classes, last=True)
        self.merge_enc_dec_l2 = Gated(widths[2], decoder[0])
        self.merge_enc_dec_l3 = Gated(widths[1], decoder[1])
        self.merge_enc_dec_l4 = Gated(widths[0], decoder[2])
        self.bu_br_l2 = nn.Sequential(nn.BatchNorm2d(decoder[0]), nn.PReLU(decoder[0]))
        self.bu_br_l3 = nn.Sequential(nn.BatchNorm2d(decoder[1]), nn.PReLU(decoder[1]))
        self.bu_br_l4 = nn.Sequential(nn.BatchNorm2d(decoder[2]), nn.PReLU(decoder[2]))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        level1, level2, level3, level4 = self.base_net(pixels)
        x = self.bu_dec_l1(level4)
        x = self.bu_dec_l2(self.bu_br_l2(self.merge_enc_dec_l2(level3) + _enlarged(x, level3)))
        x = self.bu_dec_l3(self.bu_br_l3(self.merge_enc_dec_l3(level2) + _enlarged(x, level2)))
        x = self.bu_dec_l4(self.bu_br_l4(self.merge_enc_dec_l4(level1) + _enlarged(x, level1)))
        return _enlarged(x, pixels)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Follow the width that the weights were trained with."""
        found = tuple(state[f"base_net.level{level}_0.act.weight"].shape[0] for level in (2, 3, 4))
        scale = next((s for s, widths in WIDTHS.items() if widths[1:] == found), self.s)
        if scale != self.s:
            self._build(scale)
            self.eval()
        return dict(state)


def _enlarged(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return F.interpolate(features, like.shape[2:], mode="bilinear", align_corners=True)


def build(num_classes: int | None = None, *, s: float = 2.0) -> nn.Module:
    return ESPNetV2(num_classes or 20, s=s)
