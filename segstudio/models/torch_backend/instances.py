"""Objects from the masks that an instance network returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import SegObject
from segstudio.ops.rle import mask_shape

MASK_THRESHOLD = 0.5


def to_objects(
    result: Mapping[str, torch.Tensor],
    class_set: ClassSet,
    *,
    size_hw: tuple[int, int],
    least_score: float,
    table: Sequence[int] | NDArray[Any] = (),
) -> tuple[SegObject, ...]:
    """Objects in the order of their scores, best in front.

    `result` has `masks` `[K, h, w]` or `[K, 1, h, w]` (probabilities or booleans; at another size than the image's they
    are resized), `scores` `[K]` and `labels` `[K]`, class ids, or `channels` `[K]`, numbers of outputs that `table`
    turns into evaluation indices. Objects below `least_score`, of classes that the set lacks or without a pixel are
    left out. Raises `UserError` where an entry is missing or a score is NaN.
    """
    try:
        masks, scores = result["masks"], result["scores"].float()
        labels: list[Any] = (
            class_ids(result["channels"], class_set, table) if "channels" in result else result["labels"].tolist()
        )
    except (KeyError, TypeError):
        raise UserError("the network returned no masks, scores and labels") from None
    if not bool(torch.isfinite(scores).all()):
        raise UserError("the network gave NaN or infinite scores", hint="wrong weights, or switch half precision off")
    if masks.ndim == 4:
        masks = masks[:, 0]
    order = torch.argsort(scores, descending=True)
    kept = [int(i) for i in order if float(scores[i]) >= least_score and labels[i] in class_set.by_id]
    objects: list[SegObject] = []
    for i in kept:
        mask_hw, box = _cropped(masks[i], size_hw)
        shape = mask_shape(mask_hw, size_hw=size_hw, at=box)
        if not shape.box.is_empty:
            objects.append(
                SegObject(len(objects) + 1, labels[i], shape, score=float(scores[i]), z=len(kept) - len(objects))
            )
    return tuple(objects)


def class_ids(channels: torch.Tensor, class_set: ClassSet, table: Sequence[int] | NDArray[Any]) -> list[int | None]:
    """The class id behind each output channel, None for background and for outputs that the table lacks."""
    evaluated = class_set.evaluated
    indices = [int(table[channel]) if channel < len(table) else -1 for channel in channels.tolist()]
    return [evaluated[index].id if 0 <= index < len(evaluated) else None for index in indices]


def _cropped(mask: torch.Tensor, size_hw: tuple[int, int]) -> tuple[NDArray[np.bool_], Rect]:
    """The part of a mask that holds its pixels, and where that lies; only this part leaves the device."""
    if tuple(mask.shape) != size_hw:
        mask = F.interpolate(mask[None, None].float(), size=size_hw, mode="bilinear", align_corners=False)[0, 0]
    inside = mask if mask.dtype == torch.bool else mask > MASK_THRESHOLD
    rows, columns = torch.nonzero(inside.any(dim=1)).flatten(), torch.nonzero(inside.any(dim=0)).flatten()
    if rows.numel() == 0:
        return np.zeros((1, 1), np.bool_), Rect(0, 0, 1, 1)
    box = Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return inside[box.slices].cpu().numpy(), box
