"""From an image to a network's input, and the logits among what a network returned, all on the device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.models.card import Preprocess


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
    image_hw = (int(planes.shape[-2]), int(planes.shape[-1]))
    size = resized_hw(image_hw, preprocess)
    if size != image_hw:
        planes = _resized(planes, size, antialias=preprocess.antialias)
    planes = _normalised(planes, preprocess)
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


def _normalised(planes: torch.Tensor, preprocess: Preprocess) -> torch.Tensor:
    """Planes `[N, 3, h, w]` in RGB as float32 in the order and on the scale that the network knows, contiguous."""
    # (x·scale − mean) / std and (x − mean) / std · scale are one multiplication and one subtraction each.
    mean, std = np.asarray(preprocess.mean, np.float64), np.asarray(preprocess.std, np.float64)
    factor = preprocess.scale / std
    offset = mean / std * (preprocess.scale if preprocess.scale_last else 1.0)
    result = torch.empty(planes.shape, dtype=torch.float32, device=planes.device)
    for channel in range(3):
        source = 2 - channel if preprocess.order == "bgr" else channel
        # Each channel's factors are numbers, not tensors: those would have to be brought to the device.
        torch.mul(planes[:, source], float(np.float32(factor[channel])), out=result[:, channel])
        result[:, channel].sub_(float(np.float32(offset[channel])))
    return result


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
