"""What owns segmentation metrics: confusion, IoU family, AP, panoptic quality, boundary, error kinds, statistics.

May import segstudio.core and segstudio.ops only; numpy, OpenCV, pycocotools. Start at confusion.py, then semantic.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segstudio.metrics.boundary import boundary_iou as boundary_iou
    from segstudio.metrics.coco_ap import average_precision as average_precision
    from segstudio.metrics.confusion import ConfusionMatrix as ConfusionMatrix
    from segstudio.metrics.live import LiveMetrics as LiveMetrics
    from segstudio.metrics.panoptic import panoptic_quality as panoptic_quality
    from segstudio.metrics.policy import Policy as Policy
    from segstudio.metrics.semantic import evaluate_semantic as evaluate_semantic

_HOMES = {
    "ConfusionMatrix": "confusion",
    "LiveMetrics": "live",
    "Policy": "policy",
    "average_precision": "coco_ap",
    "boundary_iou": "boundary",
    "evaluate_semantic": "semantic",
    "panoptic_quality": "panoptic",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
