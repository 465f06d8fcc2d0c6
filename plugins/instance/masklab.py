"""MaskLab: Chen, Hermans, Papandreou, Schroff, Wang, Adam: MaskLab: Instance Segmentation by Refining Object Detection
with Semantic and Direction Features, CVPR 2018, arXiv:1712.04837.

There is no public reference: written from the paper, with our own names. What the paper leaves open is as in Faster
R-CNN on ResNet (reference boxes, thresholds, crops of 14×14 for the last stage).
"""

from __future__ import annotations

import copy
from math import pi

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import roi_align

from .boxes import best_of_classes, clipped, moved
from .regions import RegionProposals, pasted
from .trunk import Trunk

STRIDE = 8
SCALES = (4, 8, 16, 32, 64)
MOST_REGIONS = 300
DIRECTIONS, DISTANCES = 8, 4
"""Sectors around an object's centre, and ranges of the distance to it, into which pixels fall (section 3.2)."""

BOX_CELLS, MASK_CELLS = 14, 41
SAMPLES = 2
REFINED_WIDTH = 64
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
LEAST_SCORE, MOST_OVERLAP, MOST_OBJECTS = 0.05, 0.5, 100


def _dilated(stage: nn.Sequential, dilation: int) -> nn.Sequential:
    """A stage that keeps its input's size and dilates instead."""
    for block in stage:
        block.conv2.stride, block.conv2.dilation, block.conv2.padding = (1, 1), (dilation,) * 2, (dilation,) * 2
    stage[0].downsample[0].stride = (1, 1)
    return stage


def sectors(cells: int) -> torch.Tensor:
    """int64 `[cells, cells]`: in which of the directions from the middle each cell lies."""
    places = torch.arange(cells) - (cells - 1) / 2
    angles = torch.atan2(places[:, None].expand(cells, cells), places[None, :].expand(cells, cells))
    return ((angles + pi) / (2 * pi) * DIRECTIONS).long().clamp_(max=DIRECTIONS - 1)


def pooled_by_direction(logits: torch.Tensor) -> torch.Tensor:
    """In each sector the logits of its own direction: `[R, DIRECTIONS · DISTANCES, m, m]` to `[R, DISTANCES, m, m]`.

    Where the pixels of a box are those of its object they all point at its middle (section 3.2, direction pooling).
    """
    count, _, height, width = logits.shape
    by_direction = logits.view(count, DIRECTIONS, DISTANCES, height, width)
    own = sectors(height).to(logits.device).expand(count, 1, DISTANCES, height, width)
    return by_direction.gather(1, own)[:, 0]


class MaskLab(nn.Module):
    """`[N, 3, H, W]`, sides multiples of 32, to a list of N dictionaries of `masks`, `scores`, `channels`, `boxes`."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.trunk = Trunk(101)
        dense = copy.deepcopy(self.trunk.layer4)
        _dilated(self.trunk.layer3, 2)
        self.proposals = RegionProposals(1024, 512, SCALES, MOST_REGIONS)
        self.cls_score = nn.Linear(2048, num_classes + 1)
        self.bbox_pred = nn.Linear(2048, 4 * num_classes)
        self.dense = _dilated(dense, 4)
        self.semantic = nn.Conv2d(2048, num_classes + 1, 1)
        self.direction = nn.Conv2d(2048, DIRECTIONS * DISTANCES, 1)
        self.coarse = nn.Conv2d(1 + DISTANCES, 1, 1)
        convs: list[nn.Module] = []
        inputs = 1 + 64 + 256
        for _ in range(3):
            convs += [nn.Conv2d(inputs, REFINED_WIDTH, 5, padding=2), nn.ReLU()]
            inputs = REFINED_WIDTH
        self.refine = nn.Sequential(*convs, nn.Conv2d(REFINED_WIDTH, 1, 1))

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        return [self._of_one(image[None]) for image in pixels]

    def features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Features at a half (64 channels), a quarter (256) and an eighth (1024) of the size."""
        stem = self.trunk.relu(self.trunk.bn1(self.trunk.conv1(pixels)))
        first = self.trunk.layer1(self.trunk.maxpool(stem))
        return stem, first, self.trunk.layer3(self.trunk.layer2(first))

    def masks(
        self, features: tuple[torch.Tensor, torch.Tensor, torch.Tensor], boxes: torch.Tensor, channels: torch.Tensor
    ) -> torch.Tensor:
        """Probabilities `[K, 41, 41]` of the boxes `[K, 4]` with their classes."""
        stem, first, deep = features
        dense = self.dense(deep)
        of_class = self.semantic(dense)[0, channels + 1]
        own = torch.cat([_cropped(of_class[i][None, None], boxes[i][None], STRIDE) for i in range(len(boxes))])
        pointing = pooled_by_direction(_cropped(self.direction(dense), boxes, STRIDE))
        coarse = self.coarse(torch.cat((own, pointing), dim=1))
        hypercolumn = torch.cat((coarse, _cropped(stem, boxes, 2), _cropped(first, boxes, 4)), dim=1)
        return self.refine(hypercolumn)[:, 0].sigmoid()

    def _of_one(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        features = self.features(pixels)
        regions = self.proposals([features[-1]], [STRIDE], size)
        crops = roi_align(features[-1], [regions], BOX_CELLS, 1 / STRIDE, SAMPLES)
        hidden = F.adaptive_avg_pool2d(self.trunk.layer4(crops), 1).flatten(1)
        offsets = self.bbox_pred(hidden).view(len(regions), -1, 4)
        boxes, scores, channels = best_of_classes(
            clipped(moved(regions[:, None], offsets, BOX_WEIGHTS), size),
            self.cls_score(hidden).softmax(dim=1)[:, 1:],
            least_score=LEAST_SCORE,
            most_overlap=MOST_OVERLAP,
            most=MOST_OBJECTS,
        )
        masks = self.masks(features, boxes, channels) if len(boxes) else boxes.new_zeros((0, MASK_CELLS, MASK_CELLS))
        return {"masks": pasted(masks, boxes, size), "scores": scores, "channels": channels, "boxes": boxes}


def _cropped(features: torch.Tensor, boxes: torch.Tensor, stride: int) -> torch.Tensor:
    return roi_align(features, [boxes], MASK_CELLS, 1 / stride, SAMPLES)


def build(num_classes: int | None = None) -> nn.Module:
    return MaskLab(num_classes or 80)
