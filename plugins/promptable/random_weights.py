"""Segment Anything's own architecture, tiny, with weights made of a seed: every path of a real segmenter without any
download. Its masks mean nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from .sam import SamSegmenter

_SIDE, _PATCH, _WIDTH = 256, 16, 32


def tiny_sam_config(kind: Any = transformers.SamConfig, *, side: int = _SIDE, width: int = _WIDTH) -> Any:
    """A configuration of SAM or SAM-HQ with two layers."""
    decoder: dict[str, Any] = {"hidden_size": width, "mlp_dim": 2 * width, "num_attention_heads": 2}
    decoder |= {"iou_head_hidden_dim": width, "num_hidden_layers": 2}
    if "HQ" in kind.__name__:
        decoder["vit_dim"] = width
    return kind(
        vision_config={
            "hidden_size": width,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": side,
            "patch_size": _PATCH,
            "output_channels": width,
            "num_pos_feats": width // 2,
            "global_attn_indexes": [1],
            "window_size": 4,
            "mlp_dim": 2 * width,
        },
        prompt_encoder_config={"hidden_size": width, "image_size": side, "patch_size": _PATCH},
        mask_decoder_config=decoder,
    )


def stirred(network: Any, seed: int) -> Any:
    """The network with every weight drawn anew from a seed, large enough that masks have both sides."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in sorted(network.state_dict().items()):
            if tensor.is_floating_point() and "norm" not in name:
                spread = 1.0 / max(1, tensor[0].numel() if tensor.ndim > 1 else 16) ** 0.5
                tensor.copy_(torch.randn(tensor.shape, generator=source) * spread)
    return network.eval()


class RandomWeights(SamSegmenter):
    """`SamModel` in a tiny configuration."""

    def __init__(self, *, seed: int = 1, device: str = "cpu") -> None:
        network = stirred(transformers.SamModel(tiny_sam_config()), seed)
        super().__init__(network, device=device, content=f"seed {seed}")


def open_random(weights: Path | None = None, *, device: str = "auto", seed: int = 1) -> RandomWeights:
    """The same one for the same seed; always on the CPU, which is fast enough and the same everywhere."""
    return RandomWeights(seed=seed)
