"""Light-Weight RefineNet: Nekrasov, Shen, Reid: Light-Weight RefineNet for Real-Time Semantic Segmentation, BMVC 2018,
arXiv:1810.03272.

Tensor names are those of the first author's DrSleep/light-weight-refinenet (models/resnet.py), which enlarges the
scores from a quarter of the input with OpenCV's cubic interpolation, as is done here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .bottleneck_resnet import BottleneckResNet

POOLINGS = 4


def conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


class ChainedPooling(nn.Module):
    """Chained residual pooling: four times pooled and convolved, each result added."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        for number in range(1, POOLINGS + 1):
            self.add_module(f"{number}_outvar_dimred", conv(channels, channels, kernel))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        top = features
        for convolve in self.children():
            top = convolve(F.max_pool2d(top, 5, 1, 2))
            features = features + top
        return features


class LightWeightRefineNet(BottleneckResNet):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the encoder's first stage, `kernel` the side of the
    decoder's convolutions.
    """

    def __init__(self, num_classes: int, depth: int, width: int = 64, kernel: int = 1) -> None:
        super().__init__(depth, width=width)
        self.dropout = nn.Dropout(0.5)
        for level in range(1, 5):
            channels = 4 * width if level > 1 else 8 * width
            reduce = conv((64 * width) >> level, channels, kernel)
            self.add_module(f"p_ims1d2_outl{level}_dimred", reduce)
            if level > 1:
                adapt = conv(channels, channels, kernel)
                self.add_module(f"adapt_stage{level}_b2_joint_varout_dimred", adapt)
            self.add_module(f"adapt_stage{level}_b", self.units(channels, 2))
            self.add_module(f"mflow_conv_g{level}_b", self.units(channels, 3))
            self.add_module(f"mflow_conv_g{level}_pool", nn.Sequential(ChainedPooling(channels, kernel)))
            if level < 4:
                joint = conv(channels, 4 * width, kernel)
                self.add_module(f"mflow_conv_g{level}_b3_joint_varout_dimred", joint)
        self.clf_conv = nn.Conv2d(4 * width, num_classes, 3, padding=1)

    def units(self, channels: int, count: int) -> nn.Module:
        """What the original has before and after the pooling, and this one left out."""
        return nn.Identity()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        first, second, third, fourth = self.stages(pixels)
        refined: torch.Tensor | None = None
        for level, features in enumerate((self.dropout(fourth), self.dropout(third), second, first), start=1):
            refined = self._refined(level, features, refined)
        return F.interpolate(self.clf_conv(refined), pixels.shape[-2:], mode="bicubic", align_corners=False)

    def _refined(self, level: int, features: torch.Tensor, deeper: torch.Tensor | None) -> torch.Tensor:
        x = self.get_submodule(f"p_ims1d2_outl{level}_dimred")(features)
        x = self.get_submodule(f"adapt_stage{level}_b")(x)
        if deeper is not None:
            joint = self.get_submodule(f"mflow_conv_g{level - 1}_b3_joint_varout_dimred")(deeper)
            x = self.get_submodule(f"adapt_stage{level}_b2_joint_varout_dimred")(x)
            x = x + F.interpolate(joint, x.shape[-2:], mode="bilinear", align_corners=True)
        x = self.get_submodule(f"mflow_conv_g{level}_pool")(torch.relu(x))
        return self.get_submodule(f"mflow_conv_g{level}_b")(x)


def build_50(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return LightWeightRefineNet(num_classes or 21, 50, width)


def build_101(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return LightWeightRefineNet(num_classes or 21, 101, width)


def build_152(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return LightWeightRefineNet(num_classes or 21, 152, width)
