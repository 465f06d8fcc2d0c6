"""From images of one size to their label maps, all on the device: input, passes, tiles, averaging, refinement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from segstudio.models.card import Preprocess
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.augment import averaged
from segstudio.models.torch_backend.decoding import LabelMaps, decode, restore_labels, with_rest
from segstudio.models.torch_backend.fallback import AUTO_TILE_PIXELS
from segstudio.models.torch_backend.pixels import to_input
from segstudio.models.torch_backend.tiling import decoded_bands, tiled_logits

AUTO_TILE = 1024
REFINED_PIXELS = 1 << 24
"""Larger images are not refined: their probabilities alone would take gigabytes."""

Forward = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class SemanticMaps:
    """The maps of a batch at the images' size, in its order, and what had to be done differently."""

    maps: tuple[LabelMaps, ...]
    notes: tuple[str, ...] = ()


def semantic_maps(
    forward: Forward,
    images: torch.Tensor,
    preprocess: Preprocess,
    settings: PredictSettings,
    *,
    tile: int = 0,
    between: Callable[[int, int], None] = lambda done, total: None,
) -> SemanticMaps:
    """Label maps of uint8 `images` `[N, H, W, 3]` on a device; `forward` gives logits at the size of its input.

    `tile` is the side of square tiles, 0 for none; `between` is called between two of them and may raise.
    """
    image_hw = (int(images.shape[1]), int(images.shape[2]))
    given = to_input(images, preprocess, images.device)
    height, width = given.pixels.shape[-2:]
    notes: list[str] = []
    if not tile and height * width > AUTO_TILE_PIXELS.get(images.device.type, 0):
        tile = AUTO_TILE
        notes.append(f"{width}×{height} pixels at once would not fit: tiles of {tile}")
    refine = settings.refine != "none"
    if refine and image_hw[0] * image_hw[1] > REFINED_PIXELS:
        refine = False
        notes.append(f"not refined: {image_hw[1]}×{image_hw[0]} pixels are too many for it")
    scored = _augmented(forward, settings, preprocess.multiple) if settings.augments else forward
    content = given.pixels[..., : given.content_hw[0], : given.content_hw[1]]
    tiled = bool(tile) and max(height, width) > tile
    if tiled and not refine:
        maps = []
        for one in _each(content):
            bands = tiled_logits(
                scored, one, tile=tile, overlap=settings.tile_overlap, multiple=preprocess.multiple, between=between
            )
            maps.append(restore_labels(decoded_bands(bands, given.content_hw), image_hw))
        return SemanticMaps(tuple(maps), tuple(notes))
    if tiled:
        logits = torch.cat([_untiled(scored, one, tile, preprocess, settings, between) for one in _each(content)])
    else:
        logits = scored(given.pixels)[..., : given.content_hw[0], : given.content_hw[1]]
    if refine:
        return SemanticMaps(tuple(_refined(logits, images, settings.refine)), tuple(notes))
    if preprocess.restore == "logits":
        return SemanticMaps(tuple(decode(one, size_hw=image_hw) for one in _each(logits)), tuple(notes))
    return SemanticMaps(tuple(restore_labels(decode(one), image_hw) for one in _each(logits)), tuple(notes))


def _each(batch: torch.Tensor) -> list[torch.Tensor]:
    """Batches of one."""
    return [batch[i : i + 1] for i in range(len(batch))]


def _augmented(forward: Forward, settings: PredictSettings, multiple: int) -> Forward:
    def scored(pixels: torch.Tensor) -> torch.Tensor:
        return averaged(forward, pixels, scales=settings.scales, flip=settings.flip, multiple=multiple)

    return scored


def _untiled(
    forward: Forward,
    pixels: torch.Tensor,
    tile: int,
    preprocess: Preprocess,
    settings: PredictSettings,
    between: Callable[[int, int], None],
) -> torch.Tensor:
    """The logits of one image as a whole, computed in tiles."""
    bands = tiled_logits(
        forward, pixels, tile=tile, overlap=settings.tile_overlap, multiple=preprocess.multiple, between=between
    )
    return torch.cat([band for _, band in bands], dim=2)


def _refined(logits: torch.Tensor, images: torch.Tensor, how: str) -> list[LabelMaps]:
    """The maps of logits `[N, C, h, w]` brought to the images' size and drawn to their borders."""
    from segstudio.models.torch_backend.crf import crf_refine
    from segstudio.models.torch_backend.guided import guided_refine

    refine = crf_refine if how == "crf" else guided_refine
    result = []
    for one, image in zip(_each(logits), images, strict=True):
        enlarged = F.interpolate(with_rest(one), size=tuple(image.shape[:2]), mode="bilinear", align_corners=False)
        probabilities = refine(enlarged.softmax(dim=1)[0], image.permute(2, 0, 1).float())
        confidence, channels = probabilities.max(dim=0)
        result.append(LabelMaps(channels, confidence, torch.isfinite(enlarged).all()))
    return result
