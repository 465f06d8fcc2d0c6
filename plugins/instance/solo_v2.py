"""SOLOv2: Wang, Zhang, Kong, Li, Shen: SOLOv2: Dynamic and Fast Instance Segmentation, NeurIPS 2020, arXiv:2003.10152.

Tensor names are those of WXinlong/SOLO (mmdet/models/anchor_heads/solov2_head.py, mask_heads/mask_feat_head.py).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .located_masks import GRIDS, candidates, flattened, found_objects, halved_ends, peaks, with_places
from .trunk import FeaturePyramid, NamedConv, Trunk

PYRAMID_WIDTH = 256
HEAD_WIDTH = 512
FEATURE_WIDTH = 128
MASK_CHANNELS = 256
CONVOLUTIONS = 4
MASK_LEVELS = 4
NORM_GROUPS = 32


class Head(nn.Module):
    """For every cell of a grid, per level, the class of the object whose centre lies there and its kernel (3.2)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        widths = [PYRAMID_WIDTH] + [HEAD_WIDTH] * (CONVOLUTIONS - 1)
        self.cate_convs = nn.ModuleList(NamedConv(inputs, HEAD_WIDTH, groups=NORM_GROUPS) for inputs in widths)
        widths[0] += 2
        self.kernel_convs = nn.ModuleList(NamedConv(inputs, HEAD_WIDTH, groups=NORM_GROUPS) for inputs in widths)
        self.solo_cate = nn.Conv2d(HEAD_WIDTH, num_classes, 3, padding=1)
        self.solo_kernel = nn.Conv2d(HEAD_WIDTH, MASK_CHANNELS, 3, padding=1)

    def forward(self, levels: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Class scores `[ΣS², C]` and kernels `[ΣS², D]` of one image."""
        scores, kernels = [], []
        for features, side in zip(halved_ends(levels), GRIDS, strict=True):
            of_kernels = with_places(features)
            of_kernels = F.interpolate(of_kernels, (side, side), mode="bilinear", align_corners=False)
            of_classes = of_kernels[:, :-2]
            for conv in self.kernel_convs:
                of_kernels = conv(of_kernels)
            for conv in self.cate_convs:
                of_classes = conv(of_classes)
            kernels.append(self.solo_kernel(of_kernels))
            scores.append(peaks(self.solo_cate(of_classes)))
        return flattened(scores), flattened(kernels)


class MaskFeatures(nn.Module):
    """Features of four levels, brought to a quarter of the image's size and added (section 3.3)."""

    def __init__(self) -> None:
        super().__init__()
        self.convs_all_levels = nn.ModuleList(_to_quarter(level) for level in range(MASK_LEVELS))
        self.conv_pred = nn.Sequential(NamedConv(FEATURE_WIDTH, MASK_CHANNELS, 1, groups=NORM_GROUPS))

    def forward(self, levels: list[torch.Tensor]) -> torch.Tensor:
        given = [*levels[: MASK_LEVELS - 1], with_places(levels[MASK_LEVELS - 1])]
        added = torch.stack([to(level) for to, level in zip(self.convs_all_levels, given, strict=True)]).sum(dim=0)
        return self.conv_pred(added)


def _to_quarter(level: int) -> nn.Sequential:
    layers = OrderedDict[str, nn.Module]()
    inputs = PYRAMID_WIDTH + (2 if level == MASK_LEVELS - 1 else 0)
    for step in range(max(1, level)):
        layers[f"conv{step}"] = NamedConv(inputs, FEATURE_WIDTH, groups=NORM_GROUPS)
        if level:
            layers[f"upsample{step}"] = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        inputs = FEATURE_WIDTH
    return nn.Sequential(layers)


class SOLOv2(nn.Module):
    """`[N, 3, H, W]`, sides multiples of 32, to a list of N dictionaries of `masks`, `scores` and `channels`."""

    def __init__(self, num_classes: int, depth: int) -> None:
        super().__init__()
        self.backbone = Trunk(depth)
        self.neck = FeaturePyramid()
        self.bbox_head = Head(num_classes)
        self.mask_feat_head = MaskFeatures()

    def raw(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the heads say of one image: `scores` `[ΣS², C]`, `kernels` `[ΣS², D]`, `features` `[1, D, h, w]`."""
        levels = self.neck(self.backbone(pixels))
        scores, kernels = self.bbox_head(levels)
        return {"scores": scores, "kernels": kernels, "features": self.mask_feat_head(levels)}

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        return [self._of_one(image[None]) for image in pixels]

    def _of_one(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        said = self.raw(pixels)
        cells, channels = candidates(said["scores"])
        masks = torch.einsum("kd,dhw->khw", said["kernels"][cells], said["features"][0]).sigmoid_()
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        return found_objects(masks, said["scores"][cells, channels], channels, cells, size_hw=size)


def build_50(num_classes: int | None = None) -> nn.Module:
    return SOLOv2(num_classes or 80, 50)


def build_101(num_classes: int | None = None) -> nn.Module:
    return SOLOv2(num_classes or 80, 101)
