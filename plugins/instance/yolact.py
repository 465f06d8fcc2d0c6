"""YOLACT: Bolya, Zhou, Xiao, Lee: YOLACT: Real-time Instance Segmentation, ICCV 2019, arXiv:1904.02689.

Tensor names are those of dbolya/yolact (yolact.py, configurations yolact_base and yolact_resnet50), without the
semantic classifier that only training needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from .prototype_masks import ASPECTS, boxes_from, found_objects, reference_boxes
from .trunk import STAGE_CHANNELS, Trunk

WIDTH = 256
PROTOTYPES = 32
LEVELS = 5
TRAINING_ONLY = "semantic_seg_conv."


class Pyramid(nn.Module):
    """Three stages at one width, each added to by the coarser ones, and two coarser levels by strided convolutions."""

    def __init__(self, inputs: Sequence[int]) -> None:
        super().__init__()
        self.lat_layers = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in reversed(inputs))
        self.pred_layers = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in inputs)
        coarser = range(LEVELS - len(inputs))
        self.downsample_layers = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, 2, 1) for _ in coarser)

    def forward(self, stages: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        coarse_first: list[torch.Tensor] = []
        for lateral, features in zip(self.lat_layers, reversed(stages), strict=True):
            added = lateral(features)
            if coarse_first:
                size = features.shape[-2:]
                added = added + F.interpolate(coarse_first[-1], size, mode="bilinear", align_corners=False)
            coarse_first.append(added)
        predicted = [torch.relu(conv(added)) for conv, added in zip(self.pred_layers, coarse_first, strict=True)]
        levels = predicted[::-1]
        for conv in self.downsample_layers:
            levels.append(conv(levels[-1]))
        return levels


class Head(nn.Module):
    """Box, classes and mask coefficients of every reference box (section 3.2); the same for all levels."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        count = len(ASPECTS)
        self.upfeature = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU())
        self.bbox_layer = nn.Conv2d(WIDTH, count * 4, 3, padding=1)
        self.conf_layer = nn.Conv2d(WIDTH, count * (num_classes + 1), 3, padding=1)
        self.mask_layer = nn.Conv2d(WIDTH, count * PROTOTYPES, 3, padding=1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.upfeature(features)
        layers = (self.bbox_layer, self.conf_layer, self.mask_layer)
        offsets, classes, coefficients = (_by_box(layer(features), len(ASPECTS)) for layer in layers)
        return offsets, classes.softmax(dim=-1), coefficients.tanh()


def _by_box(said: torch.Tensor, boxes_per_place: int) -> torch.Tensor:
    """`[N, A·D, h, w]` as `[N, h·w·A, D]`."""
    depth = said.shape[1] // boxes_per_place
    return said.permute(0, 2, 3, 1).reshape(len(said), -1, depth)


def _prototypes() -> nn.Sequential:
    """Four 3×3 convolutions, the last at twice the size, and a 1×1 one."""
    convs: list[nn.Module] = []
    for _ in range(3):
        convs += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU()]
    # Nothing is negative before this enlargement; the reference rectifies once more and numbers the layers so.
    convs += [nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.Identity()]
    convs += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU(), nn.Conv2d(WIDTH, PROTOTYPES, 1)]
    return nn.Sequential(*convs)


class YOLACT(nn.Module):
    """`[N, 3, H, W]` to a list of N dictionaries of `masks` (a quarter of the size), `scores` and `channels`."""

    def __init__(self, num_classes: int, depth: int) -> None:
        super().__init__()
        self.backbone = Trunk(depth)
        self.fpn = Pyramid(STAGE_CHANNELS[1:])
        self.proto_net = _prototypes()
        self.prediction_layers = nn.ModuleList([Head(num_classes)])

    def raw(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the heads say: `offsets` `[N, P, 4]`, `classes` `[N, P, C + 1]` with background first,
        `coefficients` `[N, P, D]`, `prototypes` `[N, D, h, w]`, and the `references` `[P, 4]` of the offsets.
        """
        levels = self.fpn(self.backbone(pixels)[1:])
        said = [self.prediction_layers[0](level) for level in levels]
        offsets, classes, coefficients = (torch.cat(parts, dim=1) for parts in zip(*said, strict=True))
        sizes = [(int(level.shape[-2]), int(level.shape[-1])) for level in levels]
        return {
            "offsets": offsets,
            "classes": classes,
            "coefficients": coefficients,
            "prototypes": torch.relu(self.proto_net(levels[0])),
            "references": reference_boxes(sizes).to(offsets.device),
        }

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        said = self.raw(pixels)
        return [
            found_objects(boxes_from(offsets, said["references"]), classes, coefficients, prototypes)
            for offsets, classes, coefficients, prototypes in zip(
                said["offsets"], said["classes"], said["coefficients"], said["prototypes"], strict=True
            )
        ]

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Weights of version 1.0 hold the trunk twice and convolutions for two more levels."""
        renamed = {}
        has_copy = any(key.startswith("backbone.layers.") for key in state)
        for key, value in state.items():
            is_older_copy = has_copy and key.startswith("backbone.layer") and not key.startswith("backbone.layers.")
            is_unused = key.startswith((TRAINING_ONLY, "fpn.downsample_layers.2.", "fpn.downsample_layers.3."))
            if is_older_copy or is_unused:
                continue
            for given, ours in pairwise(range(5)):
                key = key.replace(f"backbone.layers.{given}.", f"backbone.layer{ours}.")
            renamed[key] = value
        return renamed


def build_50(num_classes: int | None = None) -> nn.Module:
    return YOLACT(num_classes or 80, 50)


def build_101(num_classes: int | None = None) -> nn.Module:
    return YOLACT(num_classes or 80, 101)
