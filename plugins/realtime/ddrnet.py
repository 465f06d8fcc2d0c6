"""DDRNet: Hong, Pan, Sun, Jia: Deep Dual-resolution Networks for Real-time and Accurate Semantic Segmentation of Road
Scenes, 2021, arXiv:2101.06085.

Tensor names are those of ydhongHIT/DDRNet (segmentation/DDRNet_23_slim.py, DDRNet_23.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from .dual_resolution import (  # noqa: TID252 - a plugin's modules know each other by their folder only
    DAPPM,
    Head,
    basic_stage,
    bottleneck_stage,
    conv_norm,
    resized,
    stem,
)


class DDRNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 64; the reference leaves them at an eighth."""

    def __init__(self, num_classes: int, *, planes: int, head: int) -> None:
        super().__init__()
        high = 2 * planes
        self.conv1 = stem(planes)
        self.layer1 = basic_stage(planes, planes, 2)
        self.layer2 = basic_stage(planes, 2 * planes, 2, 2)
        self.layer3 = basic_stage(2 * planes, 4 * planes, 2, 2)
        self.layer4 = basic_stage(4 * planes, 8 * planes, 2, 2)
        self.layer5 = bottleneck_stage(8 * planes, 8 * planes, 2)
        self.layer3_ = basic_stage(2 * planes, high, 2)
        self.layer4_ = basic_stage(high, high, 2)
        self.layer5_ = bottleneck_stage(high, high)
        self.compression3 = nn.Sequential(*conv_norm(4 * planes, high, 1))
        self.compression4 = nn.Sequential(*conv_norm(8 * planes, high, 1))
        self.down3 = nn.Sequential(*conv_norm(high, 4 * planes, 3, 2))
        self.down4 = nn.Sequential(
            *conv_norm(high, 4 * planes, 3, 2), nn.ReLU(), *conv_norm(4 * planes, 8 * planes, 3, 2)
        )
        self.spp = DAPPM(16 * planes, 128, 4 * planes)
        self.final_layer = Head(4 * planes, head, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        size = (pixels.shape[-2] // 8, pixels.shape[-1] // 8)
        shared = torch.relu(self.layer2(torch.relu(self.layer1(self.conv1(pixels)))))
        deep, fine = self.layer3(shared), self.layer3_(shared)
        fused = fine + resized(self.compression3(torch.relu(deep)), size)
        deep = self.layer4(torch.relu(deep + self.down3(torch.relu(fine))))
        fine = self.layer4_(torch.relu(fused))
        fused = fine + resized(self.compression4(torch.relu(deep)), size)
        deep = self.layer5(torch.relu(deep + self.down4(torch.relu(fine))))
        scores = self.final_layer(resized(self.spp(deep), size) + self.layer5_(torch.relu(fused)))
        return resized(scores, (pixels.shape[-2], pixels.shape[-1]))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head and the loss that only training needs."""
        named = {key.removeprefix("model."): value for key, value in state.items()}
        return {key: value for key, value in named.items() if not key.startswith(("seghead_extra.", "loss."))}


def build_23_slim(num_classes: int | None = None) -> nn.Module:
    return DDRNet(num_classes or 19, planes=32, head=64)


def build_23(num_classes: int | None = None) -> nn.Module:
    return DDRNet(num_classes or 19, planes=64, head=128)
