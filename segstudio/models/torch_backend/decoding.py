"""From a network's logits to labels and confidence, on the device; on a CPU in pieces that stay in its cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.models.torch_backend.on_device import constant

CACHE_BYTES = 1 << 21
"""Size of the pieces in which a CPU works through logits: about the second-level caches of two cores."""
SPARSE_SHARE, SPARSE_SHARE_UNEVEN = 0.1, 0.3
"""Where a larger share of the logits has a neighbour of another channel, enlarging all of them is quicker; the second
where sides do not grow by powers of two.
"""


@dataclass(frozen=True, slots=True)
class LabelMaps:
    """Output channel and confidence of every pixel: integer `[h, w]` and float32 `[h, w]` (0…1) on the device.

    `finite` is a boolean on the device, so that asking need not make the program wait for it before it must.
    """

    channels: torch.Tensor
    confidence: torch.Tensor
    finite: torch.Tensor


def check_finite(finite: bool) -> None:
    """Raise `UserError` where a network gave values that are no numbers."""
    if not finite:
        raise UserError(
            "the network gave NaN or infinite values", hint="wrong weights, or choose the precision float32"
        )


def with_rest(logits: torch.Tensor) -> torch.Tensor:
    """float32 logits `[N, C, h, w]` of at least two channels: a single one is that of class 0 against nothing."""
    logits = logits.float()
    return torch.cat((logits, torch.zeros_like(logits)), dim=1) if logits.shape[1] == 1 else logits


def decode(logits: torch.Tensor, *, size_hw: tuple[int, int] | None = None) -> LabelMaps:
    """The best channel of logits `[1, C, h, w]`, the first of equal ones, and its softmax.

    With `size_hw` the logits are enlarged before the choice (the confidence after it, which costs a C-th).
    """
    logits = with_rest(logits)
    maps = _best(logits[0])
    if size_hw is None or tuple(logits.shape[-2:]) == size_hw:
        return maps
    confidence = F.interpolate(maps.confidence[None, None], size=size_hw, mode="bilinear", align_corners=False)[0, 0]
    if logits.device.type == "cpu":
        return LabelMaps(enlarged_argmax(logits[0], maps.channels, size_hw), confidence, maps.finite)
    # Elsewhere arithmetic is cheap, and looking for the pixels that need it would make the program wait.
    channels = F.interpolate(logits, size=size_hw, mode="bilinear", align_corners=False)[0].argmax(dim=0)
    return LabelMaps(channels, confidence, maps.finite)


class _Strips:
    """Works through logits strip by strip in memory that is taken once: fresh pages would cost more than the sums."""

    def __init__(self, count: int, width: int, *, rows: int = 0) -> None:
        self.rows = rows or max(1, CACHE_BYTES // (4 * count * width))
        self._count = count
        self._scratch = torch.empty((count, self.rows, width))
        self._best = torch.empty((self.rows, width))
        # Of equal channels the first has the highest rank. Ranks are whole numbers, exact in float32.
        self._rank = torch.arange(count, 0, -1, dtype=torch.float32)[:, None, None]

    def best(self, strip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The greatest of `[C, r, w]`, and scratch memory of the strip's shape; valid until the next call."""
        rows = strip.shape[1]
        return torch.amax(strip, dim=0, out=self._best[:rows]), self._scratch[:, :rows]

    def put_channels(self, strip: torch.Tensor, best: torch.Tensor, scratch: torch.Tensor, into: torch.Tensor) -> None:
        """The first channel that is as great as `best`, which is overwritten as `scratch` is; `into` is `[r, w]`.

        Comparing and ranking in float32 runs on whole vector registers, which a maximum that also returns where it
        was found does not.
        """
        torch.eq(strip, best, out=scratch).mul_(self._rank)
        torch.amax(scratch, dim=0, out=best)
        into.copy_(best.neg_().add_(self._count).clamp_(max=self._count - 1))


def _channels_like(count: int, size_hw: tuple[int, ...]) -> torch.Tensor:
    """Memory for channel numbers, as narrow as can be: moving them is what they cost."""
    return torch.empty(size_hw, dtype=torch.uint8 if count <= 256 else torch.int32)


def _best(logits: torch.Tensor) -> LabelMaps:
    """The greatest of logits `[C, h, w]` and its softmax."""
    if logits.device.type != "cpu":
        best, channels = logits.max(dim=0)
        confidence = (logits - best).exp_().sum(dim=0).reciprocal_()
        return LabelMaps(channels, confidence, torch.isfinite(confidence.sum()))
    count, height, width = logits.shape
    channels, confidence = _channels_like(count, (height, width)), torch.empty((height, width))
    strips = _Strips(count, width)
    for y in range(0, height, strips.rows):
        rows = slice(y, y + strips.rows)
        strip = logits[:, rows]
        best, scratch = strips.best(strip)
        torch.sum(torch.sub(strip, best, out=scratch).exp_(), dim=0, out=confidence[rows])
        strips.put_channels(strip, best, scratch, channels[rows])
    return LabelMaps(channels, confidence.reciprocal_(), torch.isfinite(confidence.sum()))


def enlarged_argmax(logits: torch.Tensor, channels: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """`[H, W]`: the best channel of logits `[C, h, w]` enlarged bilinearly, given their best channels `[h, w]`.

    Between four neighbours that agree, bilinear interpolation keeps their best channel, for it is a weighted mean; so
    only between neighbours that differ is anything interpolated. A CPU's way; the result is of the type of `channels`.
    """
    below = torch.cat((channels[1:], channels[-1:]))
    differ = (channels != below) | (channels != _shifted(channels)) | (channels != _shifted(below))
    cells = torch.from_numpy(np.flatnonzero(differ.numpy()))
    most = SPARSE_SHARE if _factors(channels.shape, size_hw) else SPARSE_SHARE_UNEVEN
    if cells.numel() > most * differ.numel():
        return _dense_argmax(logits, size_hw, channels.dtype)
    rows, columns = (_Neighbours.of(of, to) for of, to in zip(channels.shape, size_hw, strict=True))
    result = _sampled(channels, rows.first, columns.first)
    step = max(1, CACHE_BYTES // (32 * logits.shape[0]))
    for start in range(0, len(cells), step):
        _put_between(result, logits, cells[start : start + step], rows, columns)
    return result


def _put_between(
    result: torch.Tensor, logits: torch.Tensor, cells: torch.Tensor, rows: _Neighbours, columns: _Neighbours
) -> None:
    """Interpolate what lies between the upper left corners `cells` (places in `[h * w]`) and their neighbours."""
    flat, (count, height, width) = logits.reshape(logits.shape[0], -1), logits.shape
    y, x = cells // width, cells % width
    across, down = (x + 1 < width).long(), (y + 1 < height).long() * width
    corners = [flat.index_select(1, cells + step) for step in (0 * across, across, down, down + across)]
    upper_left, upper_right, lower_left, lower_right = corners
    strips, chosen = _Strips(count, len(cells), rows=1), torch.empty((1, len(cells)), dtype=result.dtype)
    places = result.view(-1).numpy()
    for column, is_column, weight_x in columns.inside(x):
        above, below = upper_left.lerp(upper_right, weight_x), lower_left.lerp(lower_right, weight_x)
        for row, is_row, weight_y in rows.inside(y):
            strip = above.lerp(below, weight_y)[:, None]
            best, scratch = strips.best(strip)
            strips.put_channels(strip, best, scratch, chosen)
            there = (is_row & is_column).numpy()
            places[(row * result.shape[1] + column).numpy()[there]] = chosen.numpy()[0, there]


def _dense_argmax(logits: torch.Tensor, size_hw: tuple[int, int], kind: torch.dtype) -> torch.Tensor:
    """The same with everything interpolated."""
    count, height, width = logits.shape
    result = torch.empty(size_hw, dtype=kind)
    factors = _factors((height, width), size_hw)
    if factors is not None:
        strips = _Strips(count, width)
        framed = F.pad(logits[None], (1, 1, 1, 1), mode="replicate")[0]
        for y in range(0, height, strips.rows):
            _put_phases(result, framed[:, y : y + strips.rows + 2], y, factors, strips)
        return result
    whole = F.interpolate(logits[None], size=size_hw, mode="bilinear", align_corners=False)[0]
    strips = _Strips(count, size_hw[1])
    for y in range(0, size_hw[0], strips.rows):
        part = whole[:, y : y + strips.rows]
        strips.put_channels(part, *strips.best(part), into=result[y : y + strips.rows])
    return result


def _factors(size_hw: Sequence[int], to_hw: Sequence[int]) -> tuple[int, int] | None:
    """By what both sides grow, where that is a power of two; None for others."""
    down, across = (to // of if to % of == 0 else 0 for of, to in zip(size_hw, to_hw, strict=True))
    return (down, across) if all(one and one & (one - 1) == 0 for one in (down, across)) else None


def _put_phases(result: torch.Tensor, framed: torch.Tensor, y: int, factors: tuple[int, int], strips: _Strips) -> None:
    """Channels of the rows that grow out of the logits `[C, r + 2, w + 2]` at row `y`, framed by their neighbours.

    Where sides grow by powers of two, every place of the result lies in one of a few ways between its neighbours, with
    weights that floats hold exactly: one way after another, all in rows that lie side by side in memory.
    """
    down, across = factors
    for column in range(across):
        left, weight_x = _phase(column, across)
        width = framed.shape[2] - 2
        mixed = torch.lerp(framed[:, :, left : left + width], framed[:, :, left + 1 : left + 1 + width], weight_x)
        for row in range(down):
            top, weight_y = _phase(row, down)
            rows = framed.shape[1] - 2
            strip = torch.lerp(mixed[:, top : top + rows], mixed[:, top + 1 : top + 1 + rows], weight_y)
            into = result[y * down + row : (y + rows) * down : down, column::across]
            strips.put_channels(strip, *strips.best(strip), into=into)


def _phase(number: int, factor: int) -> tuple[int, float]:
    """Where in a frame of one the first neighbour of a sample's place lies, and the weight of the second."""
    offset = (number + 0.5) / factor - 0.5
    return (0, 1 + offset) if offset < 0 else (1, offset)


def _sampled(values: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """`[len(rows), len(columns)]`: values `[h, w]` at their crossings."""
    if values.device.type != "cpu":
        return values.index_select(1, columns).index_select(0, rows)
    # NumPy takes columns of bytes four times as fast.
    return torch.from_numpy(values.numpy().take(columns.numpy(), axis=1).take(rows.numpy(), axis=0))


def _shifted(values: torch.Tensor) -> torch.Tensor:
    """Each column's right neighbour `[h, w]`, the last one's itself."""
    return torch.cat((values[:, 1:], values[:, -1:]), dim=1)


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """For each of the places of an axis the first of the two samples beside it and the weight of the second."""

    first: torch.Tensor
    weight: torch.Tensor
    start: torch.Tensor
    """The first place of each sample, and behind the last the number of places."""

    @classmethod
    def of(cls, samples: int, places: int) -> _Neighbours:
        """With half-pixel centres, as `F.interpolate` has them."""
        at = ((torch.arange(places, dtype=torch.float32) + 0.5) * (samples / places) - 0.5).clamp_(0, samples - 1)
        first = at.floor().long()
        return cls(first, at - first, torch.searchsorted(first, torch.arange(samples + 1)))

    def inside(self, sample: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """One place after another that follows each sample `[n]`: places, whether there are so many, and weights."""
        start, end = self.start[sample], self.start[sample + 1]
        for number in range(int((end - start).max()) if len(sample) else 0):
            place = start + number
            held = place.clamp(max=len(self.first) - 1)
            yield held, place < end, self.weight[held]


def restore_labels(maps: LabelMaps, size_hw: tuple[int, int]) -> LabelMaps:
    """Maps at another size: channels of the nearest pixel, confidence bilinear."""
    if tuple(maps.channels.shape) == size_hw:
        return maps
    rows, columns = (
        torch.arange(count, device=maps.channels.device) * of // count
        for count, of in zip(size_hw, maps.channels.shape, strict=True)
    )
    confidence = F.interpolate(maps.confidence[None, None], size=size_hw, mode="bilinear", align_corners=False)
    return LabelMaps(_sampled(maps.channels, rows, columns), confidence[0, 0], maps.finite)


def to_bytes(maps: LabelMaps, table: NDArray[np.uint8] | NDArray[np.uint16]) -> tuple[torch.Tensor, torch.Tensor]:
    """Evaluation indices `[H, W]` through `table` (index of each channel, uint8, or int32 for tables of uint16) and
    confidence × 255, on the device. The confidence of `maps` is overwritten.
    """
    confidence = maps.confidence.mul_(255).round_().to(torch.uint8)
    kind = torch.uint8 if table.dtype == np.uint8 else torch.int32
    if np.array_equal(table, np.arange(len(table))):
        return maps.channels.to(kind), confidence
    if maps.channels.device.type == "cpu":
        here = table.astype(np.uint8 if kind == torch.uint8 else np.int32)
        return torch.from_numpy(here.take(maps.channels.numpy(), mode="clip")), confidence
    lut = constant(tuple(int(index) for index in table), kind, maps.channels.device)
    return lut.index_select(0, maps.channels.flatten()).view(maps.channels.shape), confidence
