"""From YOLACT's boxes, classes and mask coefficients to objects.

Source: Bolya, Zhou, Xiao, Lee: YOLACT: Real-time Instance Segmentation, ICCV 2019, sections 3.3 and 4.1; thresholds
and reference boxes as in dbolya/yolact. All boxes are in fractions of the image's size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

ASPECTS = (1.0, 0.5, 2.0)
SCALES = (24, 48, 96, 192, 384)
REFERENCE_SIZE = 550
"""The reference boxes' sides are these scales, in pixels of an input of 550×550, times the root of the aspect.

Height and width are the same: the reference has been trained so by accident, and its weights know it.
"""

VARIANCES = (0.1, 0.2)
LEAST_SCORE = 0.05
MOST_OVERLAP = 0.5
MOST_OF_A_CLASS, MOST_OBJECTS = 200, 100


def reference_boxes(sizes_hw: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Centres and sides `[P, 4]` (x, y, width, height) of the boxes of all levels, row by row."""
    levels = []
    for (height, width), scale in zip(sizes_hw, SCALES, strict=True):
        y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
        sides = torch.tensor([scale * aspect**0.5 / REFERENCE_SIZE for aspect in ASPECTS])
        centres = torch.stack((x, y), dim=-1)[:, :, None].expand(height, width, len(ASPECTS), 2)
        around = sides[:, None].expand(height, width, len(ASPECTS), 2)
        levels.append(torch.cat((centres, around), dim=-1).reshape(-1, 4))
    return torch.cat(levels)


def boxes_from(offsets: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """Corners `[P, 4]` (x0, y0, x1, y1) from offsets `[P, 4]` relative to reference boxes."""
    offsets = offsets.float()
    centres = references[:, :2] + offsets[:, :2] * VARIANCES[0] * references[:, 2:]
    sides = references[:, 2:] * torch.exp(offsets[:, 2:] * VARIANCES[1])
    corners = centres - sides / 2
    return torch.cat((corners, corners + sides), dim=1)


def found_objects(
    boxes: torch.Tensor, classes: torch.Tensor, coefficients: torch.Tensor, prototypes: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The best objects: `masks` `[K, h, w]` probabilities cropped to the boxes, `scores`, `channels`, `boxes` `[K, 4]`.

    `boxes` are corners `[P, 4]`, `classes` probabilities `[P, C + 1]` with background first, `coefficients` `[P, D]`,
    `prototypes` `[D, h, w]`.
    """
    classes = classes.float()
    likely = classes[:, 1:].amax(dim=1) > LEAST_SCORE
    scores, channels, places = _fast_nms(boxes[likely], classes[likely, 1:])
    boxes, coefficients = boxes[likely][places], coefficients[likely][places]
    masks = torch.einsum("kd,dhw->khw", coefficients, prototypes).sigmoid_()
    return {"masks": masks * _inside(boxes, masks), "scores": scores, "channels": channels, "boxes": boxes}


def _fast_nms(boxes: torch.Tensor, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Score, class and place of the boxes that no better one of their class overlaps, dropped ones included (3.3)."""
    of_class, places = scores.transpose(0, 1).sort(dim=1, descending=True)
    of_class, places = of_class[:, :MOST_OF_A_CLASS], places[:, :MOST_OF_A_CLASS]
    overlaps = _overlap(boxes[places]).triu_(diagonal=1)
    alone = overlaps.amax(dim=1) <= MOST_OVERLAP if places.shape[1] else places > 0
    channels = torch.arange(len(places), device=places.device)[:, None].expand_as(places)[alone]
    kept, order = of_class[alone].sort(descending=True)
    order = order[:MOST_OBJECTS]
    return kept[:MOST_OBJECTS], channels[order], places[alone][order]


def _overlap(boxes: torch.Tensor) -> torch.Tensor:
    """Intersection over union of all pairs of boxes `[C, n, 4]`: `[C, n, n]`."""
    lower = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    upper = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    common = (upper - lower).clamp_(min=0).prod(dim=-1)
    areas = (boxes[..., 2:] - boxes[..., :2]).prod(dim=-1)
    return common / (areas[:, :, None] + areas[:, None, :] - common)


def _inside(boxes: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Where each mask `[K, h, w]` lies within its box and a margin of one pixel."""
    height, width = masks.shape[-2:]
    x, y = torch.arange(width, device=masks.device), torch.arange(height, device=masks.device)
    horizontal, vertical = boxes[:, 0::2] * width, boxes[:, 1::2] * height
    left, right = (horizontal.amin(dim=1) - 1).clamp(min=0), (horizontal.amax(dim=1) + 1).clamp(max=width)
    upper, lower = (vertical.amin(dim=1) - 1).clamp(min=0), (vertical.amax(dim=1) + 1).clamp(max=height)
    across = (x >= left[:, None]) & (x < right[:, None])
    down = (y >= upper[:, None]) & (y < lower[:, None])
    return down[:, :, None] & across[:, None, :]
