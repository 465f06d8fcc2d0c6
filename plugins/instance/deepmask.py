"""DeepMask: Pinheiro, Collobert, Dollár: Learning to Segment Object Candidates, NIPS 2015, arXiv:1506.06204; and
SharpMask: Pinheiro, Lin, Collobert, Dollár: Learning to Refine Object Segments, ECCV 2016, arXiv:1603.08695.

Tensor names are those of foolwood/deepmask-pytorch (models/DeepMask.py, models/SharpMask.py), whose ResNet mirrors the
border instead of padding with zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from .window_proposals import CELLS, Window, best_windows, found_objects, pyramid

CODE_CHANNELS = 512
MASK_SIDE, ENLARGED_SIDE = 56, 112
REFINED_WIDTH = 32
SKIPPED_WIDTHS = (1024, 512, 256, 64)
"""Channels of the features that refine a mask, from the coarsest to the finest."""

SKIPPED_PLACES = (6, 5, 4, 2)
"""Where in the trunk these features come from."""


class Mirrored(nn.Module):
    """Padding by the nearest pixels in reverse, those at the border included."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.padding = padding

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for axis in (-2, -1):
            first = features.narrow(axis, 0, self.padding).flip(axis)
            last = features.narrow(axis, features.shape[axis] - self.padding, self.padding).flip(axis)
            features = torch.cat((first, features, last), dim=axis)
        return features


def _trunk() -> nn.Sequential:
    """ResNet-50 without its last stage, with mirrored borders; then a code for each window of 10×10 cells."""
    resnet = ResNet(Bottleneck, [3, 4, 6, 3])
    for stage in (resnet.layer1, resnet.layer2, resnet.layer3):
        for block in stage:
            conv = block.conv2
            conv.padding = (0, 0)
            block.conv2 = nn.Sequential(nn.ReflectionPad2d(1), conv)
    stem = nn.Sequential(Mirrored(3), nn.Conv2d(3, 64, 7, 2, bias=False))
    stages = (resnet.layer1, resnet.layer2, resnet.layer3)
    features = nn.Sequential(stem, resnet.bn1, resnet.relu, resnet.maxpool, *stages)
    code = nn.Sequential(nn.Conv2d(1024, 128, 1), nn.ReLU(), nn.Conv2d(128, CODE_CHANNELS, CELLS))
    return nn.Sequential(features, code)


def _score_branch() -> nn.Sequential:
    hidden = nn.Conv2d(CODE_CHANNELS, 1024, 1)
    return nn.Sequential(nn.Dropout(0.5), hidden, nn.Threshold(0, 1e-6), nn.Dropout(0.5), nn.Conv2d(1024, 1, 1))


class Proposals(nn.Module):
    """What both share: `[N, 3, H, W]` to a list of N dictionaries of `masks` `[K, H, W]`, `scores` and `channels`.

    The image is looked at in several sizes through windows of 160×160 pixels, 16 apart. `channels` are all 0: the
    objects have no class.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = _trunk()
        self.scoreBranch = _score_branch()

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        return [self._of_one(image[None]) for image in pixels]

    def features(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Features at the places of `SKIPPED_PLACES`, from the coarsest to the finest."""
        found: dict[int, torch.Tensor] = {}
        for place, layer in enumerate(self.trunk[0]):
            pixels = found[place] = layer(pixels)
        return [found[place] for place in SKIPPED_PLACES]

    def masks(self, codes: torch.Tensor, features: Sequence[torch.Tensor], windows: Sequence[Window]) -> torch.Tensor:
        """Probabilities `[K, side, side]` of the windows with these codes `[K, D, 1, 1]`."""
        raise NotImplementedError

    def _of_one(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = []
        for scaled, factor in pyramid(pixels):
            features = self.features(scaled)
            codes = self.trunk[1](features[0])
            seen.append((features, codes, (self.scoreBranch(codes).sigmoid()[0, 0], factor)))
        windows: list[Window] = []
        masks: list[torch.Tensor] = []
        for (features, codes, _), found in zip(seen, best_windows([scores for *_, scores in seen]), strict=True):
            if found:
                at = torch.stack([codes[0, :, window.row, window.column] for window in found])
                masks.extend(self.masks(at[:, :, None, None], features, found))
                windows.extend(found)
        return found_objects(windows, masks, size_hw=(int(pixels.shape[-2]), int(pixels.shape[-1])))


class DeepMask(Proposals):
    """The mask of a window is one layer's answer to its code."""

    def __init__(self) -> None:
        super().__init__()
        enlarge = nn.UpsamplingBilinear2d(size=[ENLARGED_SIDE, ENLARGED_SIDE])
        self.maskBranch = nn.Sequential(nn.Sequential(nn.Conv2d(CODE_CHANNELS, MASK_SIDE**2, 1)), enlarge)

    def masks(self, codes: torch.Tensor, features: Sequence[torch.Tensor], windows: Sequence[Window]) -> torch.Tensor:
        return self._logits(codes)[:, 0].sigmoid()

    def _logits(self, codes: torch.Tensor) -> torch.Tensor:
        """`[N, D, h, w]` to `[N, h·w, side, side]`."""
        said = self.maskBranch[0](codes).permute(0, 2, 3, 1)
        return self.maskBranch[1](said.reshape(len(codes), -1, MASK_SIDE, MASK_SIDE))

    def raw(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Mask logits and scores of the windows of an image that has a cell of context on each side."""
        codes = self.trunk[1](self.features(pixels)[0][..., 1:-1, 1:-1])
        return {"masks": self._logits(codes), "scores": self.scoreBranch(codes)}


def _mirrored_conv(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3)]


def _lateral(step: int) -> nn.Sequential:
    """From features of the trunk to the width of the mask at this step."""
    cut = [nn.Identity()] if step else []  # the reference cuts the context of training off here
    width = REFINED_WIDTH >> step
    first = [*_mirrored_conv(SKIPPED_WIDTHS[step], 64), nn.ReLU()]
    return nn.Sequential(*cut, *first, *_mirrored_conv(64, width), nn.ReLU(), *_mirrored_conv(width, width // 2))


def _vertical(step: int) -> nn.Sequential:
    width = REFINED_WIDTH >> step
    return nn.Sequential(*_mirrored_conv(width, width), nn.ReLU(), *_mirrored_conv(width, width // 2))


class SharpMask(Proposals):
    """The mask of a window grows out of its code, at each step refined by the features at twice the size (3.1)."""

    def __init__(self) -> None:
        super().__init__()
        steps = range(len(SKIPPED_WIDTHS))
        self.neths = nn.ModuleList(_lateral(step) for step in steps)
        first = nn.ConvTranspose2d(CODE_CHANNELS, REFINED_WIDTH, CELLS)
        self.netvs = nn.ModuleList([first, *(_vertical(step) for step in steps)])
        self.last = nn.Sequential(*_mirrored_conv(REFINED_WIDTH >> len(SKIPPED_WIDTHS), 1))

    def masks(self, codes: torch.Tensor, features: Sequence[torch.Tensor], windows: Sequence[Window]) -> torch.Tensor:
        skipped = []
        for step, level in enumerate(features):
            side = CELLS << step
            parts = [
                level[0, :, w.row << step : (w.row << step) + side, w.column << step : (w.column << step) + side]
                for w in windows
            ]
            skipped.append(torch.stack(parts))
        return self._logits(codes, skipped)[:, 0].sigmoid()

    def _logits(self, codes: torch.Tensor, skipped: Sequence[torch.Tensor]) -> torch.Tensor:
        mask = self.netvs[0](codes)
        for step, features in enumerate(skipped):
            mask = torch.relu(self.neths[step](features) + self.netvs[step + 1](mask))
            mask = nn.functional.interpolate(mask, scale_factor=2, mode="nearest")
        return self.last(mask)

    def raw(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Mask logits and score of one window with a cell of context on each side."""
        skipped = [
            level[..., 1 << step : -(1 << step), 1 << step : -(1 << step)]
            for step, level in enumerate(self.features(pixels))
        ]
        codes = self.trunk[1](skipped[0])
        return {"masks": self._logits(codes, skipped), "scores": self.scoreBranch(codes)}

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The reference names the layers that refine twice, and keeps DeepMask's own masks."""
        tensors = {key: value for key, value in state.items() if not key.startswith(("refs.", "maskBranchDM."))}
        for step in range(len(SKIPPED_WIDTHS) + 2):
            own = {"": f"netvs.{step}.", "layer1.": f"neths.{step - 1}.", "layer2.": f"netvs.{step}."}
            if step > len(SKIPPED_WIDTHS):
                own[""] = "last."
            for key, value in state.items():
                _, refined, rest = key.partition(f"refs.{step}.")
                if refined:
                    part = next((part for part in ("layer1.", "layer2.") if rest.startswith(part)), "")
                    tensors[own[part] + rest.removeprefix(part)] = value
        return tensors


def _without_classes(network: Proposals, num_classes: int | None) -> nn.Module:
    if num_classes not in (None, 1):
        raise TypeError("its objects have no classes")
    return network


def build_deepmask(num_classes: int | None = None) -> nn.Module:
    return _without_classes(DeepMask(), num_classes)


def build_sharpmask(num_classes: int | None = None) -> nn.Module:
    return _without_classes(SharpMask(), num_classes)
