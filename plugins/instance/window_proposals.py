"""Where DeepMask looks, and what becomes of the masks of its windows.

Source: Pinheiro, Collobert, Dollár: Learning to Segment Object Candidates, NIPS 2015, section 4; sizes, threshold and
grey border as in foolwood/deepmask-pytorch (tools/InferDeepMask.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torchvision.ops import nms

from segstudio.plugins.api import IMAGENET_MEAN, IMAGENET_STD

WINDOW = 160
STRIDE = 16
CELLS = WINDOW // STRIDE
"""Side of a window in pixels, distance between two, and its side in cells of the coarsest features."""

FACTORS = tuple(2 ** (half / 2) for half in range(-5, 2))
"""The sizes in which an image is looked at."""

MASK_THRESHOLD = 0.2
MOST_CANDIDATES, MOST_OBJECTS = 200, 100
MOST_OVERLAP = 0.7


@dataclass(frozen=True, slots=True)
class Window:
    """A window: its score, and its upper left cell in the image brought to `factor` times its size."""

    score: float
    row: int
    column: int
    factor: float


def pyramid(pixels: torch.Tensor) -> Iterator[tuple[torch.Tensor, float]]:
    """The normalised image `[1, 3, H, W]` in all sizes, each with at least half a window of grey around it.

    Their sides are multiples of `STRIDE`.
    """
    for factor in FACTORS:
        size = [max(1, int(side * factor)) for side in pixels.shape[-2:]]
        scaled = F.interpolate(pixels, size, mode="bilinear", align_corners=True)
        grey = [(0.5 - mean) / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
        border = WINDOW // 2
        height, width = (-(-(side + 2 * border) // STRIDE) * STRIDE for side in size)
        padded = pixels.new_tensor(grey)[None, :, None, None].repeat(1, 1, height, width)
        padded[..., border : border + size[0], border : border + size[1]] = scaled
        yield padded, factor


def best_windows(scores: Sequence[tuple[torch.Tensor, float]]) -> list[list[Window]]:
    """The best windows of an image, by its sizes; `scores` has `[h, w]` and the factor of each size."""
    found: list[tuple[int, Window]] = []
    for number, (of_size, factor) in enumerate(scores):
        columns = of_size.shape[1]
        best, places = of_size.flatten().topk(min(MOST_CANDIDATES, of_size.numel()))
        for score, place in zip(best.tolist(), places.tolist(), strict=True):
            found.append((number, Window(score, place // columns, place % columns, factor)))
    found.sort(key=lambda pair: -pair[1].score)
    kept = found[:MOST_CANDIDATES]
    return [[window for number, window in kept if number == wanted] for wanted in range(len(scores))]


def found_objects(
    windows: Sequence[Window], masks: Sequence[torch.Tensor], *, size_hw: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """The best masks that lie in the image, none much like a better one: `masks` boolean `[K, H, W]` and `scores`.

    `masks` are probabilities `[side, side]` over each window. Likeness is the overlap of the masks' boxes: the
    reference keeps all, to be counted; a person wants each object once.
    """
    kept: list[torch.Tensor] = []
    boxes, scores = [], []
    for window, inside in zip(windows, masks, strict=True):
        mask = _pasted(inside, window, size_hw)
        rows, columns = mask.any(dim=1).nonzero().flatten(), mask.any(dim=0).nonzero().flatten()
        if rows.numel():
            kept.append(mask)
            scores.append(window.score)
            boxes.append([float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1])
    if not kept:
        nothing = torch.zeros((0, *size_hw), dtype=torch.bool)
        return {"masks": nothing, "scores": torch.zeros(0), "channels": torch.zeros(0, dtype=torch.int64)}
    device = kept[0].device
    of_all = torch.tensor(scores, device=device)
    chosen = nms(torch.tensor(boxes, device=device), of_all, MOST_OVERLAP)[:MOST_OBJECTS]
    return {
        "masks": torch.stack([kept[i] for i in chosen.tolist()]),
        "scores": of_all[chosen],
        "channels": torch.zeros(len(chosen), dtype=torch.int64, device=device),
    }


def _pasted(mask: torch.Tensor, window: Window, size_hw: tuple[int, int]) -> torch.Tensor:
    """The mask of a window as booleans `[H, W]` of the image."""
    side = max(1, round(WINDOW / window.factor))
    inside = F.interpolate(mask[None, None], (side, side), mode="bilinear", align_corners=False)[0, 0] > MASK_THRESHOLD
    top = round((window.row * STRIDE - WINDOW // 2) / window.factor)
    left = round((window.column * STRIDE - WINDOW // 2) / window.factor)
    canvas = torch.zeros(size_hw, dtype=torch.bool, device=mask.device)
    y0, x0, y1, x1 = max(0, top), max(0, left), min(size_hw[0], top + side), min(size_hw[1], left + side)
    if y0 < y1 and x0 < x1:
        canvas[y0:y1, x0:x1] = inside[y0 - top : y1 - top, x0 - left : x1 - left]
    return canvas
