"""Widths and depths of the trunks as their papers and the published configurations state them."""

from __future__ import annotations

from typing import Any

_STAGES = ["stage1", "stage2", "stage3", "stage4"]


def _mit(hidden: tuple[int, ...], depths: tuple[int, ...], decoder: int) -> dict[str, Any]:
    return {"hidden_sizes": hidden, "depths": depths, "decoder_hidden_size": decoder}


def _swin(width: int, depth: int, heads: int, window: int) -> dict[str, Any]:
    return {
        "model_type": "swin",
        "embed_dim": width,
        "depths": [2, 2, depth, 2],
        "num_heads": [heads, 2 * heads, 4 * heads, 8 * heads],
        "window_size": window,
        "image_size": 224 if window == 7 else 384,
        "drop_path_rate": 0.3,
        "out_features": _STAGES,
    }


def _convnext(width: int, depth: int) -> dict[str, Any]:
    return {
        "model_type": "convnext",
        "hidden_sizes": [width, 2 * width, 4 * width, 8 * width],
        "depths": [3, 3, depth, 3],
        "out_features": _STAGES,
    }


_NARROW, _WIDE = (32, 64, 160, 256), (64, 128, 320, 512)
MIT_B0 = _mit(_NARROW, (2, 2, 2, 2), 256)
MIT_B1 = _mit(_WIDE, (2, 2, 2, 2), 256)
MIT_B2 = _mit(_WIDE, (3, 4, 6, 3), 768)
MIT_B3 = _mit(_WIDE, (3, 4, 18, 3), 768)
MIT_B4 = _mit(_WIDE, (3, 8, 27, 3), 768)
MIT_B5 = _mit(_WIDE, (3, 6, 40, 3), 768)

SWIN_T = _swin(96, 6, 3, 7)
SWIN_S = _swin(96, 18, 3, 7)
SWIN_B = _swin(128, 18, 4, 12)
SWIN_L = _swin(192, 18, 6, 12)

CONVNEXT_T = _convnext(96, 9)
CONVNEXT_S = _convnext(96, 27)
CONVNEXT_B = _convnext(128, 27)
CONVNEXT_L = _convnext(192, 27)


def _eomt(width: int, layers: int, heads: int, blocks: int) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_blocks": blocks,
        "num_queries": 200,
        "image_size": 640,
    }


EOMT_S = _eomt(384, 12, 6, 3)
EOMT_B = _eomt(768, 12, 12, 3)
EOMT_L = _eomt(1024, 24, 16, 4)
