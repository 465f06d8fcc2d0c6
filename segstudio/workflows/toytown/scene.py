"""What the painter delivers: a photo with its ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.camera import Points


@dataclass(frozen=True)
class LabelPolygon:
    """One outline of the ground truth: class name and image points `[n, 2]`, x then y."""

    label: str
    points_xy: Points


@dataclass(frozen=True)
class Scene:
    """A painted photo with its ground truth.

    `image_hwc` uint8 RGB; `class_hw` uint8 Cityscapes class ids; `instance_hw` uint16, 0 on stuff and 1, 2, … per class
    on things; `polygons` in paint order, later ones above earlier ones, one for each visible thing.
    """

    image_hwc: NDArray[np.uint8]
    class_hw: NDArray[np.uint8]
    instance_hw: NDArray[np.uint16]
    polygons: tuple[LabelPolygon, ...]
