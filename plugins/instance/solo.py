"""SOLO: Wang, Kong, Shen, Jiang, Li: SOLO: Segmenting Objects by Locations, ECCV 2020, arXiv:1912.04488.

Tensor names are those of WXinlong/SOLO (mmdet/models/anchor_heads/solo_head.py).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .located_masks import GRIDS, candidates, flattened, found_objects, halved_ends, peaks, with_places
from .trunk import FeaturePyramid, NamedConv, Trunk

WIDTH = 256
CONVOLUTIONS = 7
NORM_GROUPS = 32


class Head(nn.Module):
    """For every cell of a grid, per level, the class and the mask of the object whose centre lies there (3.2)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        first = [WIDTH + 2] + [WIDTH] * (CONVOLUTIONS - 1)
        self.ins_convs = nn.ModuleList(NamedConv(inputs, WIDTH, groups=NORM_GROUPS) for inputs in first)
        self.cate_convs = nn.ModuleList(NamedConv(WIDTH, WIDTH, groups=NORM_GROUPS) for _ in range(CONVOLUTIONS))
        self.solo_ins_list = nn.ModuleList(nn.Conv2d(WIDTH, side * side, 1) for side in GRIDS)
        self.solo_cate = nn.Conv2d(WIDTH, num_classes, 3, padding=1)

    def forward(self, levels: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Class scores `[ΣS², C]` and mask probabilities `[ΣS², h, w]` of one image, a quarter of its size."""
        levels = halved_ends(levels)
        size = [2 * int(side) for side in levels[0].shape[-2:]]
        scores, masks = [], []
        for features, side, to_masks in zip(levels, GRIDS, self.solo_ins_list, strict=True):
            of_masks = with_places(features)
            for conv in self.ins_convs:
                of_masks = conv(of_masks)
            of_masks = F.interpolate(of_masks, scale_factor=2, mode="bilinear", align_corners=False)
            probabilities = to_masks(of_masks).sigmoid()
            masks.append(F.interpolate(probabilities, size, mode="bilinear", align_corners=False)[0])
            of_classes = F.interpolate(features, (side, side), mode="bilinear", align_corners=False)
            for conv in self.cate_convs:
                of_classes = conv(of_classes)
            scores.append(peaks(self.solo_cate(of_classes)))
        return flattened(scores), torch.cat(masks)


class SOLO(nn.Module):
    """`[N, 3, H, W]`, sides multiples of 32, to a list of N dictionaries of `masks`, `scores` and `channels`."""

    def __init__(self, num_classes: int, depth: int) -> None:
        super().__init__()
        self.backbone = Trunk(depth)
        self.neck = FeaturePyramid()
        self.bbox_head = Head(num_classes)

    def raw(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the head says of one image: `scores` `[ΣS², C]` and `masks` `[ΣS², H/4, W/4]`."""
        scores, masks = self.bbox_head(self.neck(self.backbone(pixels)))
        return {"scores": scores, "masks": masks}

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        return [self._of_one(image[None]) for image in pixels]

    def _of_one(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        said = self.raw(pixels)
        cells, channels = candidates(said["scores"])
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        return found_objects(said["masks"][cells], said["scores"][cells, channels], channels, cells, size_hw=size)


def build_50(num_classes: int | None = None) -> nn.Module:
    return SOLO(num_classes or 80, 50)


def build_101(num_classes: int | None = None) -> nn.Module:
    return SOLO(num_classes or 80, 101)
