"""Images larger than memory: overlapping tiles whose logits are blended, decided row of tiles by row of tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
import torch.nn.functional as F

from segstudio.core.geometry import Rect
from segstudio.models.torch_backend.decoding import LabelMaps, decode


def starts(length: int, tile: int, overlap: float) -> list[int]:
    """Where tiles of `tile` pixels begin so that they cover `length`, neighbours sharing at least that fraction."""
    if length <= tile:
        return [0]
    step = max(1, int(tile * (1 - overlap)))
    count = -(-(length - tile) // step)
    return [round(i * (length - tile) / count) for i in range(count + 1)]


def tiles(size_hw: tuple[int, int], tile: int, overlap: float) -> Iterator[Rect]:
    """The tiles of an image, row by row."""
    height, width = size_hw
    for y in starts(height, tile, overlap):
        for x in starts(width, tile, overlap):
            yield Rect(x, y, min(x + tile, width), min(y + tile, height))


def tiled_logits(
    forward: Callable[[torch.Tensor], torch.Tensor],
    pixels: torch.Tensor,
    *,
    tile: int,
    overlap: float,
    multiple: int = 1,
    between: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[int, torch.Tensor]]:
    """Bands `(y, [1, C, rows, w])` of the logits of `pixels` `[1, 3, h, w]`, from those that `forward` gives per tile.

    Where tiles overlap their logits are averaged with weights that fall towards a tile's edges. Only one row of tiles
    is held at a time, so memory follows the width. `between` is called with tiles done and in all and may raise.
    """
    height, width = pixels.shape[-2:]
    side = max(multiple, tile // multiple * multiple)
    rows, columns = starts(height, side, overlap), starts(width, side, overlap)
    carried: tuple[torch.Tensor, torch.Tensor] | None = None
    for number, y in enumerate(rows):
        bottom = min(y + side, height)
        band, weight = _blend_row(forward, pixels[..., y:bottom, :], side, columns, multiple, carried)
        done = rows[number + 1] - y if number + 1 < len(rows) else bottom - y
        yield y, band[..., :done, :] / weight[..., :done, :]
        carried = band[..., done:, :], weight[..., done:, :]
        between((number + 1) * len(columns), len(rows) * len(columns))


def decoded_bands(bands: Iterable[tuple[int, torch.Tensor]], size_hw: tuple[int, int]) -> LabelMaps:
    """Label maps of `size_hw` from its bands of logits, of which only one is in memory at a time."""
    channels = confidence = finite = None
    for y, logits in bands:
        maps = decode(logits)
        if channels is None or confidence is None or finite is None:
            channels = torch.empty(size_hw, dtype=maps.channels.dtype, device=logits.device)
            confidence = torch.empty(size_hw, dtype=torch.float32, device=logits.device)
            finite = maps.finite
        rows = slice(y, y + logits.shape[-2])
        channels[rows], confidence[rows] = maps.channels, maps.confidence
        finite = finite & maps.finite
    assert channels is not None
    assert confidence is not None
    assert finite is not None
    return LabelMaps(channels, confidence, finite)


def _blend_row(
    forward: Callable[[torch.Tensor], torch.Tensor],
    strip: torch.Tensor,
    side: int,
    columns: list[int],
    multiple: int,
    carried: tuple[torch.Tensor, torch.Tensor] | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums of weighted logits and of weights over one row of tiles, on top of what the row above left."""
    height, width = strip.shape[-2:]
    band: torch.Tensor | None = None
    weight = strip.new_zeros((1, 1, height, width))
    for x in columns:
        part = strip[..., x : x + side]
        below, right = (-part.shape[-2]) % multiple, (-part.shape[-1]) % multiple
        logits = forward(F.pad(part, (0, right, 0, below)))[..., : part.shape[-2], : part.shape[-1]].float()
        if band is None:
            band = logits.new_zeros((1, logits.shape[1], height, width))
        ramp = _ramp(part.shape[-2], logits.device)[:, None] * _ramp(part.shape[-1], logits.device)[None, :]
        band[..., x : x + part.shape[-1]] += logits * ramp
        weight[..., x : x + part.shape[-1]] += ramp
    assert band is not None
    if carried is not None:
        rows = carried[0].shape[-2]
        band[..., :rows, :] += carried[0]
        weight[..., :rows, :] += carried[1]
    return band, weight


def _ramp(length: int, device: torch.device) -> torch.Tensor:
    """Weights of a tile along one axis: 1 in the middle, towards 0 (never there) at both ends."""
    place = torch.arange(length, device=device, dtype=torch.float32) + 0.5
    return torch.minimum(place, length - place).div_(length / 2).clamp_(min=1e-3)
