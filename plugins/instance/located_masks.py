"""What SOLO's grids say: which of many masks, each with a class and a score, are objects.

Source: Wang, Kong, Shen, Jiang, Li: SOLO: Segmenting Objects by Locations, ECCV 2020, section 3.3, and Wang, Zhang,
Kong, Li, Shen: SOLOv2: Dynamic and Fast Instance Segmentation, NeurIPS 2020, section 3.4; thresholds as in
WXinlong/SOLO.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

GRIDS = (40, 36, 24, 16, 12)
"""Cells along each side of an image, from the finest level to the coarsest."""

STRIDES = (8, 8, 16, 32, 32)
"""A mask must have more pixels than its level's stride."""

LEAST_SCORE, LEAST_KEPT_SCORE = 0.1, 0.05
"""Of a class before, and of an object after its likenesses have lowered it."""

MASK_THRESHOLD = 0.5
SIGMA = 2.0
MOST_CANDIDATES, MOST_OBJECTS = 500, 100


def with_places(features: torch.Tensor) -> torch.Tensor:
    """Features `[N, C, h, w]` followed by x and y, each −1…1."""
    height, width = features.shape[-2:]
    x = torch.linspace(-1, 1, width, device=features.device).expand(len(features), 1, height, width)
    y = torch.linspace(-1, 1, height, device=features.device)[:, None].expand(len(features), 1, height, width)
    return torch.cat((features, x.to(features), y.to(features)), dim=1)


def halved_ends(levels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Five levels with the finest at half its size and the coarsest at the size of the one before."""
    finest = F.interpolate(levels[0], scale_factor=0.5, mode="bilinear", align_corners=False)
    coarsest = F.interpolate(levels[4], levels[3].shape[-2:], mode="bilinear", align_corners=False)
    return [finest, *levels[1:4], coarsest]


def peaks(logits: torch.Tensor) -> torch.Tensor:
    """Class probabilities `[N, C, S, S]` with zeros where a neighbour above or to the left, or both, has more."""
    scores = logits.sigmoid()
    best = F.max_pool2d(scores, 2, stride=1, padding=1)[..., :-1, :-1]
    return torch.where(best == scores, scores, torch.zeros_like(scores))


def flattened(levels: Sequence[torch.Tensor]) -> torch.Tensor:
    """Maps `[1, C, S, S]` of all levels as rows `[ΣS², C]`."""
    return torch.cat([level[0].flatten(1).transpose(0, 1) for level in levels])


def candidates(scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cell and class of every score `[ΣS², C]` that is high enough."""
    cells, classes = torch.nonzero(scores > LEAST_SCORE, as_tuple=True)
    return cells, classes


def found_objects(
    masks: torch.Tensor, scores: torch.Tensor, channels: torch.Tensor, cells: torch.Tensor, *, size_hw: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """The objects among candidates, best first: `masks` `[K, H, W]` probabilities at `size_hw`, `scores`, `channels`.

    `masks` are probabilities `[K, h, w]`, `scores`, `channels` and `cells` `[K]` their score, class and grid cell.
    """
    masks, scores = masks.float(), scores.float()
    inside = masks > MASK_THRESHOLD
    areas = inside.sum(dim=(1, 2)).to(scores)
    enough = areas > _strides_of(cells)
    masks, inside, areas, channels = masks[enough], inside[enough], areas[enough], channels[enough]
    scores = scores[enough] * (masks * inside).sum(dim=(1, 2)) / areas
    order = scores.argsort(descending=True)[:MOST_CANDIDATES]
    masks, inside, areas, channels = masks[order], inside[order], areas[order], channels[order]
    scores = lowered_by_likeness(inside, areas, channels, scores[order])
    order = scores.argsort(descending=True)[:MOST_OBJECTS]
    order = order[scores[order] >= LEAST_KEPT_SCORE]
    masks = masks[order]
    if len(masks):
        masks = F.interpolate(masks[None], size=size_hw, mode="bilinear", align_corners=False)[0]
    else:
        masks = masks.new_zeros((0, *size_hw))
    return {"masks": masks, "scores": scores[order], "channels": channels[order]}


def lowered_by_likeness(
    inside: torch.Tensor, areas: torch.Tensor, channels: torch.Tensor, scores: torch.Tensor
) -> torch.Tensor:
    """Scores lowered where a better mask of the same class overlaps (Matrix NMS, gaussian).

    `inside` is boolean `[K, h, w]`, `areas`, `channels` and `scores` `[K]`, in the order of falling scores.
    """
    if len(scores) == 0:
        return scores
    flat = inside.flatten(1).to(scores)
    with torch.autocast(flat.device.type, enabled=False):  # half precision cannot count the pixels of large masks
        common = flat @ flat.transpose(0, 1)
    overlap = common / (areas[:, None] + areas[None, :] - common)
    overlap = (overlap * (channels[:, None] == channels[None, :])).triu(diagonal=1)
    worst_of_better = overlap.amax(dim=0)[:, None]
    factors = torch.exp(-SIGMA * overlap**2) / torch.exp(-SIGMA * worst_of_better**2)
    return scores * factors.amin(dim=0)


def _strides_of(cells: torch.Tensor) -> torch.Tensor:
    counts = torch.tensor([side * side for side in GRIDS], device=cells.device)
    return torch.tensor(STRIDES, device=cells.device).repeat_interleave(counts)[cells]
