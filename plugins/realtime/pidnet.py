"""PIDNet: Xu, Xiong, Bhattacharyya: PIDNet: A Real-time Semantic Segmentation Network Inspired by PID Controllers, CVPR
2023, arXiv:2206.02066.

Tensor names are those of XuJiacong/PIDNet (models/pidnet.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from .dual_resolution import (  # noqa: TID252 - a plugin's modules know each other by their folder only
    DAPPM,
    POOLS,
    Head,
    Residual,
    basic_stage,
    bottleneck_stage,
    conv_norm,
    norm_conv,
    resized,
    stem,
)


class PAPPM(nn.Module):
    """Pyramid pooling whose scales are convolved side by side, in four groups (section 4.3)."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.scale0 = nn.Sequential(*norm_conv(inputs, inner))
        for number, (kernel, stride) in enumerate(POOLS, start=1):
            pool = nn.AvgPool2d(kernel, stride, kernel // 2)
            self.add_module(f"scale{number}", nn.Sequential(pool, *norm_conv(inputs, inner)))
        self.scale4 = nn.Sequential(nn.AdaptiveAvgPool2d(1), *norm_conv(inputs, inner))
        grouped = nn.Conv2d(4 * inner, 4 * inner, 3, padding=1, groups=4, bias=False)
        self.scale_process = nn.Sequential(nn.BatchNorm2d(4 * inner), nn.ReLU(), grouped)
        self.compression = nn.Sequential(*norm_conv(5 * inner, outputs))
        self.shortcut = nn.Sequential(*norm_conv(inputs, outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        size = (features.shape[-2], features.shape[-1])
        whole = self.scale0(features)
        scaled = [resized(self.get_submodule(f"scale{n}")(features), size) + whole for n in (1, 2, 3, 4)]
        mixed = self.scale_process(torch.cat(scaled, dim=1))
        return self.compression(torch.cat((whole, mixed), dim=1)) + self.shortcut(features)


class PixelAttention(nn.Module):
    """Takes from the deep features where they agree with the fine ones (section 4.1)."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.f_x = nn.Sequential(*conv_norm(channels, inner, 1))
        self.f_y = nn.Sequential(*conv_norm(channels, inner, 1))

    def forward(self, fine: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        size = (fine.shape[-2], fine.shape[-1])
        alike = torch.sigmoid((self.f_x(fine) * resized(self.f_y(deep), size)).sum(dim=1, keepdim=True))
        return (1 - alike) * fine + alike * resized(deep, size)


class LightBoundaryFusion(nn.Module):
    """Detail at boundaries, context elsewhere, by two 1×1 convolutions (section 4.2, light)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_p = nn.Sequential(*conv_norm(channels, channels, 1))
        self.conv_i = nn.Sequential(*conv_norm(channels, channels, 1))

    def forward(self, detail: torch.Tensor, context: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        edge = torch.sigmoid(boundary)
        return self.conv_p((1 - edge) * context + detail) + self.conv_i(context + edge * detail)


class BoundaryFusion(nn.Module):
    """Detail at boundaries, context elsewhere (section 4.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(*norm_conv(channels, channels, 3))

    def forward(self, detail: torch.Tensor, context: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        edge = torch.sigmoid(boundary)
        return self.conv(edge * detail + (1 - edge) * context)


class PIDNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 64; the reference leaves them at an eighth.

    Three branches: proportional (detail), integral (context) and derivative (boundaries). `light` is the form of the
    small and the middle network.
    """

    def __init__(self, num_classes: int, *, planes: int, depth: int, pyramid: int, head: int, light: bool) -> None:
        super().__init__()
        high = 2 * planes
        self.conv1 = stem(planes)
        self.layer1 = basic_stage(planes, planes, depth)
        self.layer2 = basic_stage(planes, 2 * planes, depth, 2)
        self.layer3 = basic_stage(2 * planes, 4 * planes, depth + 1, 2)
        self.layer4 = basic_stage(4 * planes, 8 * planes, depth + 1, 2)
        self.layer5 = bottleneck_stage(8 * planes, 8 * planes, 2, count=2)
        self.compression3 = nn.Sequential(*conv_norm(4 * planes, high, 1))
        self.compression4 = nn.Sequential(*conv_norm(8 * planes, high, 1))
        self.pag3 = PixelAttention(high, planes)
        self.pag4 = PixelAttention(high, planes)
        self.layer3_ = basic_stage(high, high, depth)
        self.layer4_ = basic_stage(high, high, depth)
        self.layer5_ = bottleneck_stage(high, high)
        edge = planes if light else high
        self.layer3_d = Residual(high, (edge, edge), (3, 3), stride=1, bare=True)
        self.layer4_d: nn.Module = bottleneck_stage(planes, planes)
        if not light:
            self.layer4_d = Residual(high, (high, high), (3, 3), stride=1, bare=True)
        self.diff3 = nn.Sequential(*conv_norm(4 * planes, edge, 3))
        self.diff4 = nn.Sequential(*conv_norm(8 * planes, high, 3))
        self.layer5_d = bottleneck_stage(high, high)
        self.spp = (PAPPM if light else DAPPM)(16 * planes, pyramid, 4 * planes)
        self.dfm = (LightBoundaryFusion if light else BoundaryFusion)(4 * planes)
        self.final_layer = Head(4 * planes, head, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        size = (pixels.shape[-2] // 8, pixels.shape[-1] // 8)
        shared = torch.relu(self.layer2(torch.relu(self.layer1(self.conv1(pixels)))))
        context = torch.relu(self.layer3(shared))
        detail = self.pag3(self.layer3_(shared), self.compression3(context))
        edges = self.layer3_d(shared) + resized(self.diff3(context), size)
        context = torch.relu(self.layer4(context))
        detail = self.pag4(self.layer4_(torch.relu(detail)), self.compression4(context))
        edges = self.layer4_d(torch.relu(edges)) + resized(self.diff4(context), size)
        detail, edges = self.layer5_(torch.relu(detail)), self.layer5_d(torch.relu(edges))
        context = resized(self.spp(self.layer5(context)), size)
        scores = self.final_layer(self.dfm(detail, context, edges))
        return resized(scores, (pixels.shape[-2], pixels.shape[-1]))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary heads and the losses that only training needs."""
        unused = ("seghead_p.", "seghead_d.", "sem_loss.", "bd_loss.")
        named = {key.removeprefix("model."): value for key, value in state.items()}
        return {key: value for key, value in named.items() if not key.startswith(unused)}


def build_s(num_classes: int | None = None) -> nn.Module:
    return PIDNet(num_classes or 19, planes=32, depth=2, pyramid=96, head=128, light=True)


def build_m(num_classes: int | None = None) -> nn.Module:
    return PIDNet(num_classes or 19, planes=64, depth=2, pyramid=96, head=128, light=True)


def build_l(num_classes: int | None = None) -> nn.Module:
    return PIDNet(num_classes or 19, planes=64, depth=3, pyramid=112, head=256, light=False)
