"""The two demo networks: small enough for any CPU, different enough to be wrong in different places.

Both map a normalised image `[N, 3, H, W]` to logits `[N, C, H, W]` at the input's size, for any size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def build_unet(num_classes: int) -> nn.Module:
    """Return an untrained `ToytownUNet`."""
    return ToytownUNet(num_classes)


def build_fastscnn(num_classes: int) -> nn.Module:
    """Return an untrained `ToytownFastSCNN`."""
    return ToytownFastSCNN(num_classes)


class ConvNormAct(nn.Sequential):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Separable(nn.Sequential):
    """A 3×3 convolution taken apart into one per channel and one across channels (Howard et al. 2017)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(ConvNormAct(inputs, inputs, 3, stride, groups=inputs), ConvNormAct(inputs, outputs, 1))


class InvertedResidual(nn.Module):
    """Widen, filter per channel, narrow; with a shortcut where shapes allow (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, widen: int = 4) -> None:
        super().__init__()
        hidden = inputs * widen
        self.body = nn.Sequential(
            ConvNormAct(inputs, hidden, 1),
            ConvNormAct(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Return features, at half the size where the stride is 2."""
        refined: Tensor = self.body(features)
        return features + refined if self.shortcut else refined


class ToytownUNet(nn.Module):
    """A U-Net (Ronneberger et al. 2015) of separable convolutions.

    Five levels at strides 2 … 32; every decoder level adds the encoder's features of its own size, so that thin things
    such as poles survive. Logits come from stride 2.
    """

    widths = (16, 32, 48, 80, 112)

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem = ConvNormAct(3, self.widths[0], 3, 2)
        pairs = list(zip(self.widths, self.widths[1:], strict=False))
        self.down = nn.ModuleList(
            nn.Sequential(Separable(inputs, outputs, 2), Separable(outputs, outputs)) for inputs, outputs in pairs
        )
        self.deepest = nn.Sequential(*(InvertedResidual(self.widths[-1], self.widths[-1], widen=2) for _ in range(2)))
        self.across = nn.ModuleList(ConvNormAct(outputs, inputs, 1) for inputs, outputs in reversed(pairs))
        self.up = nn.ModuleList(Separable(inputs, inputs) for inputs, _ in reversed(pairs))
        self.classify = nn.Conv2d(self.widths[0], num_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits at the input's size."""
        levels = [self.stem(images)]
        for down in self.down:
            levels.append(down(levels[-1]))
        features: Tensor = self.deepest(levels.pop())
        for across, up in zip(self.across, self.up, strict=True):
            skip = levels.pop()
            features = up(_resized(across(features), skip) + skip)
        return _resized(self.classify(features), images)


class PyramidPooling(nn.Module):
    """The scene at four coarse grids, beside the features themselves (Zhao et al. 2017)."""

    def __init__(self, width: int, grids: tuple[int, ...] = (1, 2, 3, 6)) -> None:
        super().__init__()
        self.grids = grids
        self.narrow = nn.ModuleList(ConvNormAct(width, width // 4, 1) for _ in grids)
        self.merge = ConvNormAct(width * 2, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        pooled = [
            _resized(narrow(functional.adaptive_avg_pool2d(features, grid)), features)
            for grid, narrow in zip(self.grids, self.narrow, strict=True)
        ]
        merged: Tensor = self.merge(torch.cat([features, *pooled], dim=1))
        return merged


class ToytownFastSCNN(nn.Module):
    """A two-branch network after Fast-SCNN (Poudel, Liwicki and Cipolla 2019), about a third of its size.

    A shallow branch keeps detail at stride 8, a deep one sees the whole scene at stride 32; logits come from stride 8
    and are enlarged eightfold, so that outlines are soft and thin things get lost.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.learn_to_downsample = nn.Sequential(ConvNormAct(3, 24, 3, 2), Separable(24, 32, 2), Separable(32, 48, 2))
        self.see_the_scene = nn.Sequential(
            InvertedResidual(48, 48, 2),
            InvertedResidual(48, 48),
            InvertedResidual(48, 72, 2),
            InvertedResidual(72, 72),
            InvertedResidual(72, 96),
            InvertedResidual(96, 96),
            PyramidPooling(96),
        )
        self.from_scene = nn.Sequential(Separable(96, 96), nn.Conv2d(96, 96, 1, bias=False), nn.BatchNorm2d(96))
        self.from_detail = nn.Sequential(nn.Conv2d(48, 96, 1, bias=False), nn.BatchNorm2d(96))
        self.classify = nn.Sequential(Separable(96, 96), nn.Dropout(0.1), nn.Conv2d(96, num_classes, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits at the input's size."""
        detail = self.learn_to_downsample(images)
        scene = _resized(self.see_the_scene(detail), detail)
        fused = functional.relu(self.from_scene(scene) + self.from_detail(detail))
        return _resized(self.classify(fused), images)


def _resized(features: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(features, size=like.shape[-2:], mode="bilinear", align_corners=False)
