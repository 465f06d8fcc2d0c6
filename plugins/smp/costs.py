"""10⁹ multiply-accumulates of one image at the size that the card states."""

from __future__ import annotations

GMACS = {
    "smp-deeplab-v3-resnet50": 327.154,
    "smp-deeplab-v3plus-mobilenet-v2": 12.002,
    "smp-deeplab-v3plus-resnet101": 112.062,
    "smp-deeplab-v3plus-resnet50": 73.273,
    "smp-fpn-resnet50": 62.365,
    "smp-linknet-resnet34": 40.542,
    "smp-pan-resnet50": 69.445,
    "smp-pspnet-resnet101": 23.965,
    "smp-pspnet-resnet50": 23.965,
    "smp-segformer-resnet50": 59.777,
    "smp-unet-mobilenet-v2": 28.119,
    "smp-unet-plus-plus-resnet34": 148.428,
    "smp-unet-resnet34": 63.871,
}
"""By the name of the model; those that are missing here were not counted."""
