"""ERFNet: Romera, Álvarez, Bergasa, Arroyo: ERFNet: Efficient Residual Factorized ConvNet for Real-Time Semantic
Segmentation, IEEE Transactions on Intelligent Transportation Systems 19(1), 2018.

Tensor names are those of Eromera/erfnet_pytorch (train/erfnet.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

EPS = 1e-3


class Down(nn.Module):
    """A strided convolution beside pooling, normalised together."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs - inputs, 3, stride=2, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.bn(torch.cat((self.conv(features), self.pool(features)), dim=1)))


class Up(nn.Module):
    """A transposed convolution, normalised."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.bn(self.conv(features)))


class NonBottleneck1D(nn.Module):
    """Two 3×3 convolutions factorised into 3×1 and 1×3, the second dilated, with a shortcut (section III-A)."""

    def __init__(self, channels: int, dilation: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv3x1_1 = nn.Conv2d(channels, channels, (3, 1), padding=(1, 0))
        self.conv1x3_1 = nn.Conv2d(channels, channels, (1, 3), padding=(0, 1))
        self.bn1 = nn.BatchNorm2d(channels, eps=EPS)
        self.conv3x1_2 = nn.Conv2d(channels, channels, (3, 1), padding=(dilation, 0), dilation=(dilation, 1))
        self.conv1x3_2 = nn.Conv2d(channels, channels, (1, 3), padding=(0, dilation), dilation=(1, dilation))
        self.bn2 = nn.BatchNorm2d(channels, eps=EPS)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.bn1(self.conv1x3_1(torch.relu(self.conv3x1_1(features)))))
        second = self.bn2(self.conv1x3_2(torch.relu(self.conv3x1_2(first))))
        return torch.relu(self.dropout(second) + features)


class Encoder(nn.Module):
    """Features at an eighth of the input. Its own scores (`output_conv`) serve only the encoder's pre-training."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.initial_block = Down(3, 16)
        self.layers = nn.Sequential(
            Down(16, 64),
            *(NonBottleneck1D(64, dropout=0.03) for _ in range(5)),
            Down(64, 128),
            *(NonBottleneck1D(128, dilation, dropout=0.3) for dilation in (2, 4, 8, 16, 2, 4, 8, 16)),
        )
        self.output_conv = nn.Conv2d(128, num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layers(self.initial_block(pixels))


class Decoder(nn.Module):
    """From features to scores at the input's size."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Up(128, 64),
            NonBottleneck1D(64),
            NonBottleneck1D(64),
            Up(64, 16),
            NonBottleneck1D(16),
            NonBottleneck1D(16),
        )
        self.output_conv = nn.ConvTranspose2d(16, num_classes, 2, stride=2)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.output_conv(self.layers(features))


class ERFNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 20) -> None:
        super().__init__()
        self.encoder = Encoder(num_classes)
        self.decoder = Decoder(num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(pixels))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Give weights without the encoder's own scores those of this network: they are never used."""
        own = {key: value for key, value in self.state_dict().items() if key.startswith("encoder.output_conv.")}
        return {**own, **state}


def build(num_classes: int | None = None) -> nn.Module:
    return ERFNet(num_classes or 20)
