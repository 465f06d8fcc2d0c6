"""DFANet: Li, Xiong, Fan, Sun: DFANet: Deep Feature Aggregation for Real-Time Semantic Segmentation, CVPR 2019,
arXiv:1904.02216.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/dfanet.py at 1a32d68),
with the trunk "XceptionA": no activation before a block's convolutions, maximum instead of mean before the attention.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import (
    Act,
    conv,
    depthwise,
    head,
    mix,
    separable,
    times,
)

WIDTHS = (48, 96, 192)
COUNTS = (4, 6, 4)


class Block(nn.Module):
    """Three separable convolutions at a quarter of the width, with a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        inner = outputs // 4
        self.conv = nn.Sequential(
            separable(inputs, inner),
            separable(inner, inner),
            depthwise(inner, outputs, stride=stride),
            mix(outputs, outputs),
            Act("relu"),
        )
        self.conv_stride: nn.Module = mix(inputs, outputs, stride=2) if stride == 2 else nn.Identity()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(features) + self.conv_stride(features)


class Stage(nn.Module):
    def __init__(self, inputs: int, outputs: int, count: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(Block(inputs, outputs, 2), *(Block(outputs, outputs, 1) for _ in range(count - 1)))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(features)


class Attention(nn.Module):
    """Channels weighted by what a fully connected layer makes of their maxima."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, 1000)
        self.conv = conv(1000, channels, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        weights = self.linear(features.amax(dim=(2, 3)))
        return features * self.conv(weights[:, :, None, None])


class Trunk(nn.Module):
    """Three stages, each fed with the one before and, from the second trunk on, with the last trunk's."""

    def __init__(self, inputs: tuple[int, int, int]) -> None:
        super().__init__()
        for number, width, outputs, count in zip((2, 3, 4), inputs, WIDTHS, COUNTS, strict=True):
            self.add_module(f"enc{number}", Stage(width, outputs, count))
        self.fc_attention = Attention(WIDTHS[-1])

    def forward(self, features: torch.Tensor, before: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The attended end, and the three stages."""
        stages = []
        for number in (2, 3, 4):
            if before:
                features = torch.cat((features, before[number - 2]), dim=1)
            features = self.get_submodule(f"enc{number}")(features)
            stages.append(features)
        return self.fc_attention(features), stages


class Decoder(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        for number in (1, 2, 3):
            self.add_module(f"enc_conv{number}", conv(WIDTHS[0], 48))
            self.add_module(f"fc_conv{number}", head(WIDTHS[2], num_classes))
        self.conv_enc = mix(48, num_classes)

    def forward(self, shallow: list[torch.Tensor], deep: list[torch.Tensor]) -> torch.Tensor:
        details = [self.get_submodule(f"enc_conv{n}")(x) for n, x in enumerate(shallow, start=1)]
        scores = [self.get_submodule(f"fc_conv{n}")(x) for n, x in enumerate(deep, start=1)]
        joined = self.conv_enc(details[0] + times(details[1], 2) + times(details[2], 4))
        for factor, score in zip((4, 8, 16), scores, strict=True):
            joined = joined + times(score, factor)
        return times(joined, 4)


class DFANet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 64."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        first, second, third = WIDTHS
        again = (first + third, second + first, third + second)
        self.conv1 = conv(3, 8, stride=2)
        self.backbone1 = Trunk((8, first, second))
        self.backbone2 = Trunk(again)
        self.backbone3 = Trunk(again)
        self.decoder = Decoder(num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features, stages = self.conv1(pixels), []
        shallow, deep = [], []
        for trunk in (self.backbone1, self.backbone2, self.backbone3):
            features, stages = trunk(features, stages)
            shallow.append(stages[0])
            deep.append(features)
            features = times(features, 4)
        return self.decoder(shallow, deep)


def build(num_classes: int | None = None) -> nn.Module:
    return DFANet(num_classes or 19)
