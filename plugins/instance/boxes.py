"""Boxes of two-stage detectors: references, offsets, and which of many to keep.

Source: Ren, He, Girshick, Sun: Faster R-CNN, NIPS 2015, arXiv:1506.01497; conventions as in Detectron: a box's corners
(x0, y0, x1, y1) are pixels that belong to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

import torch
from torchvision.ops import nms

ASPECTS = (0.5, 1.0, 2.0)
"""Height over width."""

PYRAMID_SCALES = (8,)
"""Sides of the reference boxes of a pyramid's level, in its strides."""

MOST_GROWTH = log(1000 / 16)


def reference_boxes(height: int, width: int, stride: int, scales: Sequence[int] = PYRAMID_SCALES) -> torch.Tensor:
    """`[H·W·A, 4]`: the boxes of all aspects and scales around every cell of a level, row by row."""
    shapes = []
    for aspect in ASPECTS:
        across = round(sqrt(stride * stride / aspect))
        shapes += [(scale * across, scale * round(across * aspect)) for scale in scales]
    half = torch.tensor([[(w - 1) / 2, (h - 1) / 2] for w, h in shapes])
    centre = (stride - 1) / 2
    around = torch.cat((centre - half, centre + half), dim=1)
    y, x = torch.meshgrid(torch.arange(height) * stride, torch.arange(width) * stride, indexing="ij")
    shifts = torch.stack((x, y, x, y), dim=-1).reshape(-1, 1, 4)
    return (shifts + around).reshape(-1, 4)


def moved(boxes: torch.Tensor, offsets: torch.Tensor, weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0)) -> torch.Tensor:
    """Boxes `[..., 4]` shifted and stretched by offsets `[..., 4]` that are in units of their size over `weights`."""
    sides = boxes[..., 2:] - boxes[..., :2] + 1
    centres = boxes[..., :2] + sides / 2
    scaled = offsets.float() / boxes.new_tensor(weights)
    centres = centres + scaled[..., :2] * sides
    sides = sides * torch.exp(scaled[..., 2:].clamp(max=MOST_GROWTH))
    return torch.cat((centres - sides / 2, centres + sides / 2 - 1), dim=-1)


def clipped(boxes: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Boxes `[..., 4]` within an image."""
    height, width = size_hw
    limits = boxes.new_tensor([width - 1, height - 1, width - 1, height - 1])
    return torch.minimum(boxes.clamp(min=0), limits)


def unlike(boxes: torch.Tensor, scores: torch.Tensor, most_overlap: float) -> torch.Tensor:
    """Places of the boxes that overlap no better one by more, best first."""
    return nms(boxes + boxes.new_tensor([0, 0, 1, 1]), scores, most_overlap)


def best_of_classes(
    boxes: torch.Tensor, scores: torch.Tensor, *, least_score: float, most_overlap: float, most: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Boxes `[K, 4]`, scores and classes `[K]` of the best detections, best first.

    `boxes` are `[R, C, 4]` and `scores` `[R, C]`, by region and class.
    """
    scores = scores.float()
    kept_boxes, kept_scores, kept_classes = [], [], []
    for number in range(scores.shape[1]):
        likely = scores[:, number] > least_score
        of_class, its_boxes = scores[likely, number], boxes[likely, number]
        kept = unlike(its_boxes, of_class, most_overlap)
        kept_boxes.append(its_boxes[kept])
        kept_scores.append(of_class[kept])
        kept_classes.append(torch.full_like(kept, number))
    every = torch.cat(kept_scores)
    order = every.argsort(descending=True)[:most]
    return torch.cat(kept_boxes)[order], every[order], torch.cat(kept_classes)[order]
