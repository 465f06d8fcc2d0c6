"""One segment for every pixel, from the overlapping masks that a panoptic network returns.

Source: Cheng, Schwing, Kirillov, Per-Pixel Classification is Not All You Need for Semantic Segmentation, section 3.4;
the thresholds are those of its reference and of the library transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.objects import SegObject
from segstudio.models.torch_backend.instances import MASK_THRESHOLD, class_ids, to_objects

LEAST_SHARE = 0.8
"""A mask of which other masks leave less than this part is dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class PanopticSegments:
    """Classes of all pixels `[H, W]` in evaluation indices, and the things among the segments as objects."""

    labels_hw: NDArray[np.uint8] | NDArray[np.uint16]
    objects: tuple[SegObject, ...]


def to_segments(
    result: Mapping[str, torch.Tensor],
    class_set: ClassSet,
    table: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    size_hw: tuple[int, int],
    least_score: float,
) -> PanopticSegments:
    """Give every pixel to the mask with the greatest score times probability; pixels of dropped masks stay ignored.

    `result` has `masks` `[K, h, w]` (probabilities, enlarged to the image here), `scores` `[K]` and `channels` `[K]`,
    which `table` turns into evaluation indices. Segments of one stuff class are one; a thing each is an object. Raises
    `UserError` where an entry is missing or a score is NaN.
    """
    try:
        masks, scores, channels = result["masks"], result["scores"].float(), result["channels"]
    except (KeyError, TypeError):
        raise UserError("the network returned no masks, scores and channels") from None
    if not bool(torch.isfinite(scores).all()):
        raise UserError("the network gave NaN or infinite scores", hint="wrong weights, or switch half precision off")
    kept = scores > least_score
    masks, scores, channels = masks[kept], scores[kept], channels[kept]
    labels_hw = np.full(size_hw, class_set.ignored_index, table.dtype)
    if len(masks) == 0:
        return PanopticSegments(labels_hw, ())
    owner, segments = _owners(masks.float(), scores, size_hw)
    of_segment = torch.from_numpy(table.astype(np.int64)).to(channels.device)[channels[segments]]
    lut = torch.cat((of_segment, of_segment.new_tensor([class_set.ignored_index])))
    labels_hw = lut[owner].cpu().numpy().astype(table.dtype)
    ids = class_ids(channels[segments], class_set, table)
    things = [i for i, class_id in enumerate(ids) if class_id is not None and class_set.by_id[class_id].is_thing]
    found = {
        "masks": owner == torch.tensor(things, device=owner.device)[:, None, None],
        "scores": scores[segments][things],
        "channels": channels[segments][things],
    }
    objects = to_objects(found, class_set, size_hw=size_hw, least_score=least_score, table=table) if things else ()
    return PanopticSegments(labels_hw, objects)


def _owners(masks: torch.Tensor, scores: torch.Tensor, size_hw: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Which segment each pixel belongs to, int64 `[H, W]` (−1: none), and which mask each segment was."""
    if tuple(masks.shape[-2:]) != size_hw:
        masks = F.interpolate(masks[None], size=size_hw, mode="bilinear", align_corners=False)[0]
    weighted = masks * scores[:, None, None]
    best = weighted.argmax(dim=0)
    won = torch.bincount(best.flatten(), minlength=len(masks))
    area = (weighted >= MASK_THRESHOLD).sum(dim=(1, 2))
    segments = torch.nonzero((won > 0) & (area > 0) & (won > LEAST_SHARE * area)).flatten()
    number = torch.full((len(masks),), -1, dtype=torch.int64, device=masks.device)
    number[segments] = torch.arange(len(segments), device=masks.device)
    return number[best], segments
