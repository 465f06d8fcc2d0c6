"""What the networks of zh320/realtime-semantic-segmentation-pytorch are made of, under its tensor names."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18

Kernel = int | tuple[int, int]
_ACTIVATIONS = {"relu": nn.ReLU, "prelu": nn.PReLU, "sigmoid": nn.Sigmoid, "none": nn.Identity}


class Act(nn.Module):
    """An activation under the name that the reference gives it."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[kind]()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.activation(features)


def _padding(kernel: Kernel, dilation: int) -> tuple[int, int]:
    high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
    return (high - 1) // 2 * dilation, (wide - 1) // 2 * dilation


def conv(
    inputs: int, outputs: int, kernel: Kernel = 3, *, stride: int = 1, dilation: int = 1, act: str = "relu"
) -> nn.Sequential:
    """Convolution, normalisation, activation."""
    plain = nn.Conv2d(inputs, outputs, kernel, stride, _padding(kernel, dilation), dilation, bias=False)
    return nn.Sequential(plain, nn.BatchNorm2d(outputs), Act(act))


def depthwise(
    inputs: int, outputs: int | None = None, *, stride: int = 1, dilation: int = 1, act: str = "relu"
) -> nn.Sequential:
    """A 3×3 convolution of every channel alone, normalised."""
    outputs = outputs or inputs
    plain = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, groups=inputs, bias=False)
    return nn.Sequential(plain, nn.BatchNorm2d(outputs), Act(act))


def pointwise(inputs: int, outputs: int, *, act: str = "relu") -> nn.Sequential:
    """A 1×1 convolution with bias, normalised."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), Act(act))


def separable(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1, act: str = "relu") -> nn.Sequential:
    """Depth-wise, then point-wise, both activated."""
    return nn.Sequential(
        depthwise(inputs, stride=stride, dilation=dilation, act=act), pointwise(inputs, outputs, act=act)
    )


def mix(inputs: int, outputs: int, *, stride: int = 1) -> nn.Conv2d:
    """A bare 1×1 convolution."""
    return nn.Conv2d(inputs, outputs, 1, stride, bias=False)


def up(inputs: int, outputs: int, *, kernel: int = 3, act: str = "relu") -> nn.Sequential:
    """A transposed convolution to twice the size, normalised; at the end of a network these are the class scores."""
    plain = nn.ConvTranspose2d(inputs, outputs, kernel, 2, 1, output_padding=4 - kernel)
    return nn.Sequential(OrderedDict(up_conv=nn.Sequential(plain, nn.BatchNorm2d(outputs), Act(act))))


def head(inputs: int, num_classes: int) -> nn.Sequential:
    return nn.Sequential(conv(inputs, 128), mix(128, num_classes))


def enlarged(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Bilinear, corners aligned, to the size of another map."""
    return F.interpolate(features, like.shape[2:], mode="bilinear", align_corners=True)


def times(features: torch.Tensor, factor: int) -> torch.Tensor:
    return F.interpolate(features, scale_factor=factor, mode="bilinear", align_corners=True)


class PooledConv(nn.Module):
    """A strided convolution beside pooling, together `outputs` wide (ENet's first block)."""

    def __init__(self, inputs: int, outputs: int, *, act: str = "relu") -> None:
        super().__init__()
        self.conv = conv(inputs, outputs - inputs, stride=2, act=act)
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat((self.conv(features), self.pool(features)), dim=1)


class Pyramid(nn.Module):
    """Averages of the whole in 1, 2, 4 and 6 parts a side beside the features themselves (PSPNet's pooling)."""

    def __init__(self, inputs: int, outputs: int, *, act: str = "relu") -> None:
        super().__init__()
        for number, parts in enumerate((1, 2, 4, 6), start=1):
            self.add_module(f"stage{number}", nn.Sequential(nn.AdaptiveAvgPool2d(parts), mix(inputs, inputs // 4)))
        self.conv = pointwise(2 * inputs, outputs, act=act)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        pooled = (self.get_submodule(f"stage{number}")(features) for number in (1, 2, 3, 4))
        return self.conv(torch.cat([features, *(enlarged(part, features) for part in pooled)], dim=1))


class InvertedResidual(nn.Module):
    """MobileNetV2's block; its first convolution has a bias here."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, expansion: int = 6) -> None:
        super().__init__()
        inner = inputs * expansion
        self.conv = nn.Sequential(
            pointwise(inputs, inner), depthwise(inner, stride=stride), conv(inner, outputs, 1, act="none")
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.conv(features) if self.shortcut else self.conv(features)


def bottlenecks(inputs: int, outputs: int, count: int, *, stride: int, expansion: int = 6) -> nn.Sequential:
    """`count` inverted residuals, the first with the stride."""
    first = InvertedResidual(inputs, outputs, stride=stride, expansion=expansion)
    return nn.Sequential(
        first, *(InvertedResidual(outputs, outputs, stride=1, expansion=expansion) for _ in range(count - 1))
    )


class ResNet18(nn.Module):
    """torchvision's ResNet-18 without its classifier: features at 1/4, 1/8, 1/16 and 1/32."""

    def __init__(self) -> None:
        super().__init__()
        whole = resnet18(weights=None)
        self.conv1, self.bn1 = whole.conv1, whole.bn1
        self.layer1, self.layer2, self.layer3, self.layer4 = whole.layer1, whole.layer2, whole.layer3, whole.layer4
        self.maxpool = whole.maxpool

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        features = self.maxpool(torch.relu(self.bn1(self.conv1(pixels))))
        levels = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = layer(features)
            levels.append(features)
        return levels
