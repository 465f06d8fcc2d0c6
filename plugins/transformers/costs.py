"""10⁹ multiply-accumulates of one image at the size that the card states, counted without the choice of objects."""

from __future__ import annotations

GMACS = {
    "eomt-b-panoptic": 215.537,
    "eomt-s-panoptic": 67.82,
    "mask2former-swin-b": 216.32,
    "mask2former-swin-b-instance": 544.105,
    "mask2former-swin-b-panoptic": 544.119,
    "mask2former-swin-s": 92.944,
    "mask2former-swin-s-instance": 368.383,
    "mask2former-swin-s-panoptic": 368.397,
    "mask2former-swin-t": 69.225,
    "mask2former-swin-t-instance": 273.51,
    "mask2former-swin-t-panoptic": 273.524,
    "maskformer-swin-b": 187.944,
    "maskformer-swin-b-panoptic": 470.709,
    "maskformer-swin-l": 367.525,
    "maskformer-swin-l-panoptic": 917.929,
    "maskformer-swin-s": 74.396,
    "maskformer-swin-s-panoptic": 294.367,
    "maskformer-swin-t": 50.676,
    "maskformer-swin-t-panoptic": 199.494,
    "segformer-b0": 8.388,
    "segformer-b1": 15.878,
    "segformer-b2": 62.338,
    "segformer-b3": 78.963,
    "segformer-b4": 95.567,
    "segformer-b5": 183.141,
    "upernet-convnext-b": 292.356,
    "upernet-convnext-l": 614.369,
    "upernet-convnext-s": 256.726,
    "upernet-convnext-t": 234.636,
    "upernet-swin-b": 305.515,
    "upernet-swin-s": 260.584,
    "upernet-swin-t": 236.865,
}
"""By the name of the model; those that are missing here were not counted."""
