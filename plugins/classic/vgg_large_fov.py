"""VGG-16 with a large field of view: Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image
Recognition, ICLR 2015, arXiv:1409.1556, changed as in section 3.1 of DeepLab v1 (arXiv:1412.7062).

All poolings are 3×3, the last two keep the size, the last stage and the first layer that was fully connected dilate.
"""

from __future__ import annotations

from torch import nn

STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
"""Width, in multiples of the first, and number of convolutions between two poolings of VGG-16."""

SCORES_FACTOR = 16
"""Width of the features that are given, in multiples of the first."""


def large_fov(width: int, *, average_pool: bool) -> list[nn.Module]:
    """The layers up to the features that are classified, an eighth of the input's size.

    With `average_pool` the last pooling is followed by a mean over 3×3, as the authors' Caffe network has it.
    """
    layers: list[nn.Module] = []
    inputs = 3
    for number, (factor, count) in enumerate(STAGES, start=1):
        dilation = 2 if number == 5 else 1
        for _ in range(count):
            layers += [nn.Conv2d(inputs, factor * width, 3, padding=dilation, dilation=dilation), nn.ReLU()]
            inputs = factor * width
        layers.append(nn.MaxPool2d(3, 2 if number < 4 else 1, 1))
    if average_pool:
        layers.append(nn.AvgPool2d(3, 1, 1))
    outputs = SCORES_FACTOR * width
    layers += [nn.Conv2d(inputs, outputs, 3, padding=12, dilation=12), nn.ReLU(), nn.Dropout()]
    layers += [nn.Conv2d(outputs, outputs, 1), nn.ReLU(), nn.Dropout()]
    return layers
