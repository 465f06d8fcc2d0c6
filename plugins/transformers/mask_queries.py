"""What the queries of a mask classifier say: classes of pixels, objects, or candidates for panoptic segments.

Source: Cheng, Schwing, Kirillov, Per-Pixel Classification is Not All You Need for Semantic Segmentation, section 3.4,
and Cheng et al., Masked-attention Mask Transformer for Universal Image Segmentation, section 4.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

LEAST = 1e-8
"""A score below this counts as this: its logarithm stays finite in half precision too."""


def semantic_logits(classes: torch.Tensor, masks: torch.Tensor, *, size_hw: tuple[int, int]) -> torch.Tensor:
    """Logarithms of the class scores `[N, C, H, W]`, which a softmax makes shares of their sum.

    `classes` are logits `[N, Q, C + 1]` with "no object" last, `masks` logits `[N, Q, h, w]`. The score of a class is
    the sum over the queries of its probability times the mask's.
    """
    return logarithms(semantic_scores(classes, masks), size_hw=size_hw)


def semantic_scores(classes: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """The class scores `[N, C, h, w]` themselves."""
    of_classes, of_masks = classes.float().softmax(dim=-1)[..., :-1], masks.float().sigmoid()
    return torch.einsum("nqc,nqhw->nchw", of_classes, of_masks)


def logarithms(scores: torch.Tensor, *, size_hw: tuple[int, int]) -> torch.Tensor:
    """Logarithms of class scores `[N, C, h, w]`, enlarged before."""
    if tuple(scores.shape[-2:]) != size_hw:
        scores = F.interpolate(scores, size=size_hw, mode="bilinear", align_corners=False)
    return scores.clamp_(min=LEAST).log_()


def found_instances(classes: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
    """As many objects as there are queries, the best pairs of query and class of one image.

    `masks` are probabilities `[K, h, w]`, `channels` `[K]` the numbers of the classes, `scores` `[K]` the probability
    of the class times the mean probability inside the mask.
    """
    of_pairs = classes.float().softmax(dim=-1)[:, :-1]
    scores, places = of_pairs.flatten().topk(min(len(classes), of_pairs.numel()), sorted=True)
    num_classes = of_pairs.shape[1]
    probabilities = masks.float()[places // num_classes].sigmoid_()
    inside = (probabilities > 0.5).float()
    sureness = (probabilities * inside).sum(dim=(1, 2)) / (inside.sum(dim=(1, 2)) + 1e-6)
    return {"masks": probabilities, "channels": places % num_classes, "scores": scores * sureness}


def found_segments(classes: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
    """The queries of one image that see something: probabilities `masks` `[K, h, w]`, `channels` and `scores` `[K]`."""
    scores, channels = classes.float().softmax(dim=-1).max(dim=-1)
    something = channels != classes.shape[-1] - 1
    return {
        "masks": masks[something].float().sigmoid_(),
        "channels": channels[something],
        "scores": scores[something],
    }
