"""PANet: Liu, Qi, Qin, Shi, Jia: Path Aggregation Network for Instance Segmentation, CVPR 2018, arXiv:1803.01534.

Tensor names are those of ShuLiu1993/PANet (lib/modeling, configuration e2e_panet_R-50-FPN_2x_mask), renamed by a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import roi_align

from .boxes import best_of_classes, clipped, moved
from .regions import RegionProposals, pasted
from .trunk import STAGE_CHANNELS, Trunk

WIDTH = 256
NORM_GROUPS = 32
STRIDES = (4, 8, 16, 32, 64)
POOLED_LEVELS = 4
BOX_CELLS, MASK_CELLS, MASK_SIDE = 7, 14, 28
SAMPLES = 2
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
LEAST_SCORE, MOST_OVERLAP, MOST_OBJECTS = 0.05, 0.5, 100

RENAMED = {
    "Conv_Body.conv_body.res1.": "trunk.",
    "Conv_Body.conv_body.res2.": "trunk.layer1.",
    "Conv_Body.conv_body.res3.": "trunk.layer2.",
    "Conv_Body.conv_body.res4.": "trunk.layer3.",
    "Conv_Body.conv_body.res5.": "trunk.layer4.",
    "Conv_Body.": "pyramid.",
    "RPN.FPN_RPN_": "proposals.",
    "Box_Head.": "box_head.",
    "Box_Outs.": "box_head.",
    "Mask_Head.": "mask_head.",
    "Mask_Outs.": "mask_head.",
}
"""Beginnings of the reference's names and of ours."""


def _conv(inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1, bias: bool = False) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias), nn.GroupNorm(NORM_GROUPS, outputs)]


def _rectified(inputs: int, outputs: int, *, stride: int = 1, bias: bool = False) -> nn.Sequential:
    return nn.Sequential(*_conv(inputs, outputs, stride=stride, bias=bias), nn.ReLU())


class Lateral(nn.Module):
    """The 1×1 convolution of a stage whose features are added to."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv_lateral = nn.Sequential(*_conv(inputs, WIDTH, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv_lateral(features)


class TwoWayPyramid(nn.Module):
    """A feature pyramid with a second path from the finest level up to the coarsest (section 3.1)."""

    def __init__(self) -> None:
        super().__init__()
        top, *finer = reversed(STAGE_CHANNELS)
        self.conv_top = nn.Sequential(*_conv(top, WIDTH, 1))
        self.topdown_lateral_modules = nn.ModuleList(Lateral(channels) for channels in finer)
        self.posthoc_modules = nn.ModuleList(nn.Sequential(*_conv(WIDTH, WIDTH)) for _ in STAGE_CHANNELS)
        strided = (_rectified(WIDTH, WIDTH, stride=2, bias=True) for _ in finer)
        self.panet_buttomup_conv1_modules = nn.ModuleList(strided)
        self.panet_buttomup_conv2_modules = nn.ModuleList(_rectified(WIDTH, WIDTH, bias=True) for _ in finer)

    def forward(self, stages: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Five levels, from a quarter of the size to a 64th."""
        inner = [self.conv_top(stages[-1])]
        for lateral, features in zip(self.topdown_lateral_modules, reversed(stages[:-1]), strict=True):
            finer = lateral(features)
            inner.append(finer + F.interpolate(inner[-1], finer.shape[-2:], mode="nearest"))
        downward = [conv(features) for conv, features in zip(self.posthoc_modules, inner, strict=True)]
        levels = [downward[-1]]
        steps = zip(self.panet_buttomup_conv1_modules, self.panet_buttomup_conv2_modules, strict=True)
        for (halve, smooth), beside in zip(steps, reversed(downward[:-1]), strict=True):
            levels.append(smooth(halve(levels[-1]) + beside))
        return [*levels, levels[-1][..., ::2, ::2]]


def pooled(levels: Sequence[torch.Tensor], boxes: torch.Tensor, cells: int) -> list[torch.Tensor]:
    """Features `[R, D, cells, cells]` of boxes `[R, 4]` from each level (adaptive feature pooling, section 3.2)."""
    return [
        roi_align(level, [boxes], cells, 1 / stride, SAMPLES)
        for level, stride in zip(levels[:POOLED_LEVELS], STRIDES, strict=False)
    ]


def _greatest(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(parts)).amax(dim=0)


class BoxHead(nn.Module):
    """Class and exact place of a region, from the features of all levels (section 3.2)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1_head = nn.ModuleList(_rectified(WIDTH, WIDTH) for _ in range(POOLED_LEVELS))
        self.convs = nn.Sequential(*(layer for _ in range(3) for layer in _rectified(WIDTH, WIDTH)))
        self.fc = nn.Linear(WIDTH * BOX_CELLS**2, 1024)
        self.cls_score = nn.Linear(1024, num_classes + 1)
        self.bbox_pred = nn.Linear(1024, 4 * (num_classes + 1))

    def forward(self, parts: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Probabilities `[R, C + 1]`, background first, and offsets `[R, 4 · (C + 1)]`."""
        merged = _greatest([conv(part) for conv, part in zip(self.conv1_head, parts, strict=True)])
        hidden = torch.relu(self.fc(self.convs(merged).flatten(1)))
        return self.cls_score(hidden).softmax(dim=1), self.bbox_pred(hidden)


class MaskHead(nn.Module):
    """The mask of a box for every class; a fully connected branch adds what all classes share (section 3.3)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.mask_conv1 = nn.ModuleList(_rectified(WIDTH, WIDTH) for _ in range(POOLED_LEVELS))
        self.conv_fcn = nn.Sequential(*(layer for _ in range(2) for layer in _rectified(WIDTH, WIDTH)))
        self.mask_conv4 = _rectified(WIDTH, WIDTH)
        self.upconv = nn.ConvTranspose2d(WIDTH, WIDTH, 2, 2)
        self.classify = nn.Conv2d(WIDTH, num_classes + 1, 1)
        self.mask_conv4_fc = _rectified(WIDTH, WIDTH)
        self.mask_conv5_fc = _rectified(WIDTH, WIDTH // 2)
        self.mask_fc = nn.Sequential(nn.Linear(WIDTH // 2 * MASK_CELLS**2, MASK_SIDE**2), nn.ReLU())

    def forward(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Probabilities `[R, C + 1, 28, 28]`."""
        merged = _greatest([conv(part) for conv, part in zip(self.mask_conv1, parts, strict=True)])
        merged = self.conv_fcn(merged)
        of_classes = self.classify(torch.relu(self.upconv(self.mask_conv4(merged))))
        shared = self.mask_fc(self.mask_conv5_fc(self.mask_conv4_fc(merged)).flatten(1))
        return (of_classes + shared.view(-1, 1, MASK_SIDE, MASK_SIDE)).sigmoid()


class PANet(nn.Module):
    """`[N, 3, H, W]`, sides multiples of 32, to a list of N dictionaries of `masks`, `scores`, `channels`, `boxes`."""

    def __init__(self, num_classes: int, depth: int = 50) -> None:
        super().__init__()
        self.trunk = Trunk(depth, as_caffe=True)
        self.pyramid = TwoWayPyramid()
        self.proposals = RegionProposals(WIDTH, WIDTH)
        self.box_head = BoxHead(num_classes)
        self.mask_head = MaskHead(num_classes)

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        return [self._of_one(image[None]) for image in pixels]

    def _of_one(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        levels = self.pyramid(self.trunk(pixels))
        regions = self.proposals(levels, STRIDES, size)
        of_classes, offsets = self.box_head(pooled(levels, regions, BOX_CELLS))
        by_class = clipped(moved(regions[:, None], offsets.view(len(regions), -1, 4), BOX_WEIGHTS), size)
        boxes, scores, channels = best_of_classes(
            by_class[:, 1:],
            of_classes[:, 1:],
            least_score=LEAST_SCORE,
            most_overlap=MOST_OVERLAP,
            most=MOST_OBJECTS,
        )
        masks = self.mask_head(pooled(levels, boxes, MASK_CELLS))
        own = masks[torch.arange(len(boxes), device=masks.device), channels + 1]
        return {"masks": pasted(own, boxes, size), "scores": scores, "channels": channels, "boxes": boxes}

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The reference's names begin otherwise; its Caffe names and those of its optimiser are not read."""
        renamed = {}
        for key, value in state.items():
            begins = next((begin for begin in RENAMED if key.startswith(begin)), None)
            renamed[key if begins is None else RENAMED[begins] + key.removeprefix(begins)] = value
        return renamed


def build_50(num_classes: int | None = None) -> nn.Module:
    return PANet(num_classes or 80)
