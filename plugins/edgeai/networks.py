"""The EdgeAI Lite networks of Texas Instruments: DeepLabV3Lite, UNetLite and FPNLite, which are DeepLab v3+
(arXiv:1802.02611), U-Net (arXiv:1505.04597) and FPN (arXiv:1612.03144) out of separable convolutions; no paper.

Tensor names are those of TexasInstruments/edgeai-torchvision (references/edgeailite/xvision/models).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import nn

from .encoders import MobileNetV2, RegNetX
from .layers import conv, enlarged, scores, separable

RATES = (6, 12, 18)
FINE_WIDTH = 48
LEAST_WIDTH = 32


class PyramidLite(nn.Module):
    """A 1×1 and three dilated separable convolutions, merged; without the mean of the image."""

    def __init__(self, inputs: int, width: int, group: int) -> None:
        super().__init__()
        self.conv1x1 = conv(inputs, width)
        self.aspp_bra1, self.aspp_bra2, self.aspp_bra3 = (
            separable(inputs, width, group=group, dilation=rate) for rate in RATES
        )
        self.aspp_out = conv(4 * width, width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        branches = (self.conv1x1, self.aspp_bra1, self.aspp_bra2, self.aspp_bra3)
        return self.aspp_out(torch.cat([branch(features) for branch in branches], dim=1))


class DeepLabDecoder(nn.Module):
    """The pyramid's features beside fine ones, classified."""

    def __init__(self, channels: Sequence[int], width: int, group: int, num_classes: int) -> None:
        super().__init__()
        self.aspp = PyramidLite(channels[-1], width, group)
        self.shortcut = conv(channels[1], FINE_WIDTH)
        self.pred = scores(width + FINE_WIDTH, num_classes, group=group)

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        factor = features[1].shape[-1] // features[-1].shape[-1]
        context = enlarged(self.aspp(features[-1]), factor)
        return enlarged(self.pred(torch.cat((context, self.shortcut(features[1])), dim=1)), 4)


class Ladder(nn.Module):
    """The steps from the coarsest features to the finest; the first of each list stands for the start."""

    def __init__(self, smooth: Sequence[nn.Module], shortcuts: Sequence[nn.Module] = ()) -> None:
        super().__init__()
        self.smooth_convs = nn.ModuleList([nn.Identity(), *smooth])
        if shortcuts:
            self.shortcuts = nn.ModuleList([nn.Identity(), *shortcuts])


class UNetDecoder(nn.Module):
    """Features enlarged step by step, finer ones beside them, up to half the size."""

    def __init__(self, channels: Sequence[int], width: int, group: int, num_classes: int) -> None:
        super().__init__()
        self.rfblock = PyramidLite(channels[-1], width, group)
        least = max(2 * num_classes, LEAST_WIDTH)
        steps: list[nn.Module] = []
        current = width
        for finer in reversed(channels[:-1]):
            steps.append(separable(current + finer, max(least, finer), group=group))
            current = max(least, finer)
        self.unet = Ladder(steps)
        self.pred = scores(current, num_classes, group=group)

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        current = self.rfblock(features[-1])
        for finer, smooth in zip(reversed(features[:-1]), list(self.unet.smooth_convs)[1:], strict=True):
            current = smooth(torch.cat((enlarged(current, 2), finer), dim=1))
        return enlarged(self.pred(current), 2)


class FPNDecoder(nn.Module):
    """Features enlarged step by step, finer ones of the same width added, up to a quarter of the size."""

    def __init__(self, channels: Sequence[int], width: int, group: int, num_classes: int) -> None:
        super().__init__()
        self.rfblock = PyramidLite(channels[-1], width, group)
        finer = channels[-2:0:-1]
        self.fpn = Ladder([separable(width, width, group=group) for _ in finer], [conv(c, width) for c in finer])
        self.pred = scores(width, num_classes, group=group)

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        current = self.rfblock(features[-1])
        smooth, shortcuts = list(self.fpn.smooth_convs)[1:], list(self.fpn.shortcuts)[1:]
        for finer, to_smooth, to_width in zip(features[-2:0:-1], smooth, shortcuts, strict=True):
            current = to_smooth(enlarged(current, 2) + to_width(finer))
        return enlarged(self.pred(current), 4)


class EdgeAILite(nn.Module):
    """`[N, 3, H, W]`, sides multiples of 32, to logits `[N, C, H, W]`."""

    def __init__(
        self,
        encoder: MobileNetV2 | RegNetX,
        decoder: type[DeepLabDecoder | UNetDecoder | FPNDecoder],
        num_classes: int,
        width: int = 256,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoders = nn.ModuleList([decoder(encoder.channels, width, encoder.group, num_classes)])

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.decoders[0](self.encoder(pixels))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Networks trained to be quantised keep the plain one, and its tensors, as `module`."""
        return {key.removeprefix("module."): value for key, value in state.items()}


def _mobilenet(decoder: type[DeepLabDecoder | UNetDecoder | FPNDecoder], num_classes: int | None = None) -> nn.Module:
    last_stride = 1 if decoder is DeepLabDecoder else 2
    return EdgeAILite(MobileNetV2(last_stride), decoder, num_classes or 19)


def _regnet(
    size: str,
    decoder: type[DeepLabDecoder | UNetDecoder | FPNDecoder],
    num_classes: int | None = None,
    *,
    width: int = 256,
) -> nn.Module:
    last_stride = 1 if decoder is DeepLabDecoder else 2
    return EdgeAILite(RegNetX(size, last_stride), decoder, num_classes or 19, width)


mobilenet_v2_deeplab_v3lite = partial(_mobilenet, DeepLabDecoder)
mobilenet_v2_unetlite = partial(_mobilenet, UNetDecoder)
mobilenet_v2_fpnlite = partial(_mobilenet, FPNDecoder)
regnetx_800mf_deeplab_v3lite = partial(_regnet, "800mf", DeepLabDecoder)
regnetx_800mf_unetlite = partial(_regnet, "800mf", UNetDecoder)
regnetx_400mf_fpnlite = partial(_regnet, "400mf", FPNDecoder)
regnetx_800mf_fpnlite = partial(_regnet, "800mf", FPNDecoder)
regnetx_1_6gf_fpnlite = partial(_regnet, "1.6gf", FPNDecoder, width=264)
regnetx_3_2gf_fpnlite = partial(_regnet, "3.2gf", FPNDecoder, width=288)
