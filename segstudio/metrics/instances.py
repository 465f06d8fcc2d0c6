"""Instances as the metrics take them: plain records around COCO run lengths, and the overlaps between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from segstudio.core.errors import UserError
from segstudio.metrics.boundary import boundary_of, boundary_width
from segstudio.metrics.numbers import Fractions
from segstudio.ops import rle as run_lengths

Rle = Mapping[str, Any]
"""A COCO run-length mask: {"size": [height, width], "counts": bytes}, column-major and compressed."""

Overlap = Literal["mask", "boundary"]


@dataclass(frozen=True, slots=True)
class TruthInstance:
    """One annotated object. `area` in pixels decides its size range; None counts the mask's pixels."""

    class_id: int
    rle: Rle
    is_crowd: bool = False
    area: float | None = None


@dataclass(frozen=True, slots=True)
class DetectedInstance:
    """One predicted object. `area` in pixels decides its size range; None counts the mask's pixels."""

    class_id: int
    score: float
    rle: Rle
    area: float | None = None


@dataclass(frozen=True, slots=True)
class InstanceImage:
    """Truth and detections of one image. The order of detections breaks ties between equal scores."""

    name: str
    truth: Sequence[TruthInstance]
    detections: Sequence[DetectedInstance]


def require_one_size(image: InstanceImage) -> None:
    """Raise UserError naming the image and two sizes unless all its masks have the same size."""
    sizes = {tuple(item.rle["size"]) for item in image.truth} | {tuple(item.rle["size"]) for item in image.detections}
    if len(sizes) > 1:
        first, second, *_ = sorted(sizes)
        raise UserError(
            f"{image.name}: masks of {first[0]}x{first[1]} and {second[0]}x{second[1]} (height x width) pixels",
            hint="masks are never resized for a metric",
        )


def areas_of(instances: Sequence[TruthInstance] | Sequence[DetectedInstance]) -> Fractions:
    """Return the area of each instance in pixels, float64 [N]: the stated one, else the mask's."""
    if not instances:
        return np.zeros(0)
    stated = [item.area for item in instances]
    if None not in stated:
        return np.array(stated, np.float64)
    counted = coco_mask.area([item.rle for item in instances])
    return np.array([own if own is not None else mask for own, mask in zip(stated, counted, strict=True)], np.float64)


def overlaps(
    detections: Sequence[DetectedInstance],
    truth: Sequence[TruthInstance],
    *,
    overlap: Overlap = "mask",
    boundary_ratio: float = 0.02,
) -> Fractions:
    """Return the IoU of every detection with every truth instance, float64 [D, G].

    With a crowd it is the share of the detection inside the crowd. `boundary` takes the smaller of mask IoU and
    Boundary IoU, except with crowds. Source: pycocotools maskApi; Cheng et al., Boundary IoU, CVPR 2021.
    """
    if not detections or not truth:
        return np.zeros((len(detections), len(truth)))
    detected_rles, truth_rles = [item.rle for item in detections], [item.rle for item in truth]
    crowd = [item.is_crowd for item in truth]
    ious = np.asarray(coco_mask.iou(detected_rles, truth_rles, crowd), np.float64)
    if overlap == "mask":
        return ious
    height, width = truth_rles[0]["size"]
    distance = boundary_width(height, width, ratio=boundary_ratio)
    rings = [[_ring(rle, distance) for rle in side] for side in (detected_rles, truth_rles)]
    edges = np.asarray(coco_mask.iou(rings[0], rings[1], [False] * len(truth)), np.float64)
    return np.where(np.array(crowd), ious, np.minimum(ious, edges))


def mask_of(rle: Rle) -> npt.NDArray[np.bool_]:
    """Return the pixels of a run-length mask, bool [H, W]."""
    height, width = rle["size"]
    return run_lengths.decode(run_lengths.from_string(rle["counts"], (height, width)))


def _ring(rle: Rle, distance: int) -> Rle:
    ring = boundary_of(mask_of(rle), distance)
    encoded: Rle = coco_mask.encode(np.asfortranarray(ring.view(np.uint8)))
    return encoded
