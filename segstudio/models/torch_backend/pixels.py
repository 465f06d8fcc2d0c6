"""From an image to a network's input and from its logits back to labels, all on the device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.models.card import Preprocess

CACHE_BYTES = 1 << 21
"""Size of the pieces in which a CPU works through logits: about its second-level cache."""


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """float32 `[N, 3, h, w]`, of which the upper left `content_hw` shows the images and the rest is padding."""

    pixels: torch.Tensor
    content_hw: tuple[int, int]


def resized_hw(size_hw: tuple[int, int], preprocess: Preprocess) -> tuple[int, int]:
    """The size (height, width) to which an image of `size_hw` is brought before padding."""
    height, width = size_hw
    if preprocess.resize == "none" or preprocess.size_hw is None:
        return size_hw
    if preprocess.resize == "stretch":
        return preprocess.size_hw
    short, longest = preprocess.size_hw
    factor = min(short / min(height, width), longest / max(height, width))
    if preprocess.resize == "short-up":
        sides = (round(s * factor) if s == min(size_hw) else int(s * factor + 1e-9) for s in size_hw)
        up_h, up_w = (-(-max(1, side) // preprocess.multiple) * preprocess.multiple for side in sides)
        return up_h, up_w
    return max(1, round(height * factor)), max(1, round(width * factor))


def to_input(image: NDArray[np.uint8] | torch.Tensor, preprocess: Preprocess, device: torch.device) -> NetworkInput:
    """Bring uint8 `[H, W, 3]` or `[N, H, W, 3]` RGB onto the device and into the form that `preprocess` describes."""
    pixels = image if isinstance(image, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(image))
    pixels = pixels.to(device, non_blocking=True)
    planes = (pixels if pixels.ndim == 4 else pixels[None]).permute(0, 3, 1, 2)
    if preprocess.order == "bgr":
        planes = planes.flip(1)
    image_hw = (int(planes.shape[-2]), int(planes.shape[-1]))
    size = resized_hw(image_hw, preprocess)
    if size != image_hw:
        planes = _resized(planes, size, antialias=preprocess.antialias)
    planes = planes.to(torch.float32)
    # (x·scale − mean) / std and (x − mean) / std · scale are one multiplication and one subtraction each.
    mean, std = np.asarray(preprocess.mean, np.float64), np.asarray(preprocess.std, np.float64)
    factor = preprocess.scale / std
    offset = mean / std * (preprocess.scale if preprocess.scale_last else 1.0)
    planes = planes.contiguous()
    planes.mul_(_column(factor, device)).sub_(_column(offset, device))
    below, right = (-size[0]) % preprocess.multiple, (-size[1]) % preprocess.multiple
    if below or right:
        planes = F.pad(planes, (0, right, 0, below))
    return NetworkInput(planes, size)


def without_padding(masks: torch.Tensor, given: NetworkInput) -> torch.Tensor:
    """The part of masks `[K, h, w]` that shows the image; only masks of padded inputs are enlarged for it."""
    padded_hw, (height, width) = tuple(given.pixels.shape[-2:]), given.content_hw
    if padded_hw == given.content_hw or len(masks) == 0:
        return masks
    if tuple(masks.shape[-2:]) != padded_hw:
        masks = F.interpolate(masks[None].float(), size=padded_hw, mode="bilinear", align_corners=False)[0]
    return masks[..., :height, :width]


def _resized(planes: torch.Tensor, size_hw: tuple[int, int], *, antialias: bool) -> torch.Tensor:
    """uint8 `[N, 3, h, w]` at another size: float32, or where antialiased rounded to whole values as Pillow does."""
    if antialias and planes.device.type == "cpu":
        return F.interpolate(planes, size=size_hw, mode="bilinear", align_corners=False, antialias=True)
    resized = F.interpolate(planes.float(), size=size_hw, mode="bilinear", align_corners=False, antialias=antialias)
    return resized.round_() if antialias else resized


def _column(values: NDArray[np.float64], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device).view(1, 3, 1, 1)


def as_logits(output: object, input_hw: tuple[int, int]) -> torch.Tensor:
    """The logits `[N, C, h, w]` at the input's size among what a network returned.

    Takes the tensor itself, the entry "out" or "logits" of a dictionary, or the first of a sequence; smaller maps are
    enlarged bilinearly. Raises `UserError` where there is nothing of the kind.
    """
    if isinstance(output, dict):
        output = output.get("out", output.get("logits"))
    elif isinstance(output, (tuple, list)) and output:
        output = output[0]
    if not isinstance(output, torch.Tensor) or output.ndim != 4:
        what = f"{list(output.shape)}" if isinstance(output, torch.Tensor) else type(output).__name__
        raise UserError(f"the network returned {what}, not logits [N, C, H, W]")
    if tuple(output.shape[-2:]) != input_hw:
        output = F.interpolate(output.float(), size=input_hw, mode="bilinear", align_corners=False)
    return output


@dataclass(frozen=True, slots=True)
class LabelMaps:
    """Output channel and confidence of every pixel: integer `[h, w]` and float32 `[h, w]` (0…1) on the device.

    `finite` is a boolean on the device, so that asking need not make the program wait for it before it must.
    """

    channels: torch.Tensor
    confidence: torch.Tensor
    finite: torch.Tensor

    def check(self) -> None:
        """Raise `UserError` where the network gave NaN; waits for the device."""
        if not bool(self.finite):
            raise UserError(
                "the network gave NaN or infinite values", hint="wrong weights, or choose the precision float32"
            )


def with_rest(logits: torch.Tensor) -> torch.Tensor:
    """float32 logits `[N, C, h, w]` of at least two channels: a single one is that of class 0 against nothing."""
    logits = logits.float()
    return torch.cat((logits, torch.zeros_like(logits)), dim=1) if logits.shape[1] == 1 else logits


def decode(logits: torch.Tensor, *, size_hw: tuple[int, int] | None = None) -> LabelMaps:
    """The best channel of logits `[1, C, h, w]` and its softmax.

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


def _best(logits: torch.Tensor) -> LabelMaps:
    """The greatest of logits `[C, h, w]` and its softmax; on a CPU in strips of rows that stay in its cache."""
    count, height, width = logits.shape
    rows = height if logits.device.type != "cpu" else max(1, CACHE_BYTES // (4 * count * width))
    channels = torch.empty((height, width), dtype=torch.int64, device=logits.device)
    confidence = torch.empty((height, width), dtype=torch.float32, device=logits.device)
    for y in range(0, height, rows):
        strip = logits[:, y : y + rows]
        best, channels[y : y + rows] = strip.max(dim=0)
        confidence[y : y + rows] = (strip - best).exp_().sum(dim=0).reciprocal_()
    return LabelMaps(channels, confidence, torch.isfinite(confidence.sum()))


def enlarged_argmax(logits: torch.Tensor, channels: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """int64 `[H, W]`: the best channel of logits `[C, h, w]` enlarged bilinearly, given their best channels `[h, w]`.

    Between four neighbours that agree, bilinear interpolation keeps their best channel, for it is a weighted mean; so
    only the pixels between neighbours that differ are interpolated.
    """
    (y0, y1, wy), (x0, x1, wx) = (
        _neighbours(of, to, logits.device) for of, to in zip(channels.shape, size_hw, strict=True)
    )
    # What is looked up for every pixel of the result is as narrow as can be: its cost is that of moving it.
    narrow = channels.to(torch.uint8 if logits.shape[0] <= 256 else torch.int16)
    below = torch.cat((narrow[1:], narrow[-1:]))
    differ = (narrow != below) | (narrow != _shifted(narrow)) | (narrow != _shifted(below))
    result = narrow.index_select(0, y0).index_select(1, x0).long()
    mixed = differ.index_select(0, y0).index_select(1, x0)
    rows, columns = torch.nonzero(mixed, as_tuple=True)
    if 3 * rows.numel() > mixed.numel():
        return F.interpolate(logits[None], size=size_hw, mode="bilinear", align_corners=False)[0].argmax(dim=0)
    flat, width = logits.reshape(logits.shape[0], -1), channels.shape[1]
    corners = [y[rows] * width + x[columns] for y in (y0, y1) for x in (x0, x1)]
    needed = torch.zeros(flat.shape[1], dtype=torch.bool, device=logits.device)
    for corner in corners:
        needed[corner] = True
    place = needed.cumsum(0, dtype=torch.int32).sub_(1)
    scores = flat.index_select(
        1, needed.nonzero().flatten()
    ).T.contiguous()  # one row for each pixel that is a corner of several
    step = max(1, CACHE_BYTES // (16 * logits.shape[0]))
    for start in range(0, rows.numel(), step):
        part = slice(start, start + step)
        upper_left, upper_right, lower_left, lower_right = (
            scores.index_select(0, place.index_select(0, corner[part])) for corner in corners
        )
        across = wx[columns[part], None]
        above, below = upper_left.lerp_(upper_right, across), lower_left.lerp_(lower_right, across)
        result[rows[part], columns[part]] = above.lerp_(below, wy[rows[part], None]).argmax(dim=1)
    return result


def _shifted(values: torch.Tensor) -> torch.Tensor:
    """Each column's right neighbour `[h, w]`, the last one's itself."""
    return torch.cat((values[:, 1:], values[:, -1:]), dim=1)


def _neighbours(of: int, to: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each of `to` places the two of `of` samples beside it and the weight of the second (half-pixel centres)."""
    place = ((torch.arange(to, device=device, dtype=torch.float32) + 0.5) * (of / to) - 0.5).clamp_(0, of - 1)
    first = place.floor().long()
    return first, (first + 1).clamp_(max=of - 1), place - first


def restore_labels(maps: LabelMaps, size_hw: tuple[int, int]) -> LabelMaps:
    """Maps at another size: channels of the nearest pixel, confidence bilinear."""
    if tuple(maps.channels.shape) == size_hw:
        return maps
    rows, columns = (
        torch.arange(count, device=maps.channels.device) * of // count
        for count, of in zip(size_hw, maps.channels.shape, strict=True)
    )
    confidence = F.interpolate(maps.confidence[None, None], size=size_hw, mode="bilinear", align_corners=False)
    return LabelMaps(maps.channels[rows][:, columns], confidence[0, 0], maps.finite)


def to_bytes(maps: LabelMaps, table: NDArray[np.uint8] | NDArray[np.uint16]) -> tuple[torch.Tensor, torch.Tensor]:
    """Evaluation indices `[H, W]` through `table` (index of each channel, uint8, or int32 for tables of uint16) and
    confidence × 255, on the device.
    """
    confidence = (maps.confidence * 255).round_().to(torch.uint8)
    kind = torch.uint8 if table.dtype == np.uint8 else torch.int32
    if np.array_equal(table, np.arange(len(table))):
        return maps.channels.to(kind), confidence
    lut = torch.from_numpy(table.astype(np.int32)).to(maps.channels.device, kind)
    return lut.index_select(0, maps.channels.flatten()).view(maps.channels.shape), confidence
