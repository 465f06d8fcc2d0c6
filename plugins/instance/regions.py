"""Regions of an image that may hold an object, and masks of regions put back into the image.

Source: Ren, He, Girshick, Sun: Faster R-CNN, NIPS 2015, arXiv:1506.01497; He, Gkioxari, Dollár, Girshick: Mask R-CNN,
ICCV 2017, arXiv:1703.06870; numbers as in Detectron.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from .boxes import ASPECTS, PYRAMID_SCALES, clipped, moved, reference_boxes, unlike

MOST_OF_A_LEVEL = 1000
MOST_OVERLAP = 0.7
MASK_THRESHOLD = 0.5


class RegionProposals(nn.Module):
    """A small network over every level: is there an object around this cell, and where exactly?

    `most` limits the regions of an image.
    """

    def __init__(self, inputs: int, width: int, scales: Sequence[int] = PYRAMID_SCALES, most: int = 1000) -> None:
        super().__init__()
        self.most = most
        self.scales = tuple(scales)
        count = len(ASPECTS) * len(self.scales)
        self.conv = nn.Conv2d(inputs, width, 3, padding=1)
        self.cls_score = nn.Conv2d(width, count, 1)
        self.bbox_pred = nn.Conv2d(width, 4 * count, 1)

    def said(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores `[h·w·A]` and offsets `[h·w·A, 4]` of one image's level."""
        hidden = torch.relu(self.conv(features))
        scores = self.cls_score(hidden)[0].permute(1, 2, 0).flatten().sigmoid()
        # Half precision is too coarse for places in large images.
        return scores.float(), self.bbox_pred(hidden)[0].permute(1, 2, 0).reshape(-1, 4).float()

    def forward(self, levels: Sequence[torch.Tensor], strides: Sequence[int], size_hw: tuple[int, int]) -> torch.Tensor:
        """The likeliest regions `[R, 4]` of one image."""
        boxes, scores = [], []
        for features, stride in zip(levels, strides, strict=True):
            of_level, offsets = self.said(features)
            likely = of_level.topk(min(MOST_OF_A_LEVEL, len(of_level))).indices
            height, width = int(features.shape[-2]), int(features.shape[-1])
            references = reference_boxes(height, width, stride, self.scales).to(offsets)
            found = clipped(moved(references[likely], offsets[likely]), size_hw)
            kept = unlike(found, of_level[likely], MOST_OVERLAP)[:MOST_OF_A_LEVEL]
            boxes.append(found[kept])
            scores.append(of_level[likely][kept])
        best = torch.cat(scores).argsort(descending=True)[: self.most]
        return torch.cat(boxes)[best]


def pasted(masks: torch.Tensor, boxes: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Masks of boxes, probabilities `[K, m, m]` over `[K, 4]`, as booleans `[K, H, W]`.

    A border of zeros around each mask keeps its edge from being drawn out.
    """
    side = masks.shape[-1]
    padded = F.pad(masks, (1, 1, 1, 1))
    centres, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * (side + 2) / side
    corners = torch.cat((centres - halves, centres + halves), dim=1).to(torch.int64).tolist()
    canvas = torch.zeros((len(masks), *size_hw), dtype=torch.bool, device=masks.device)
    for number, (x0, y0, x1, y1) in enumerate(corners):
        size = (max(1, y1 - y0 + 1), max(1, x1 - x0 + 1))
        whole = F.interpolate(padded[number][None, None], size, mode="bilinear", align_corners=False)[0, 0]
        top, left, below, right = max(0, y0), max(0, x0), min(size_hw[0], y0 + size[0]), min(size_hw[1], x0 + size[1])
        if top < below and left < right:
            part = whole[top - y0 : below - y0, left - x0 : right - x0]
            canvas[number, top:below, left:right] = part > MASK_THRESHOLD
    return canvas
