"""Segment Anything and SAM-HQ: the image in the upper left corner of a square, one point gives three masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
import transformers

from segstudio.plugins.api import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    CancelToken,
    Candidate,
    Capabilities,
    Embedding,
    Frame,
    Prompt,
    Tracker,
    no_tracker,
)

from .frozen import Frozen, half, load_network, points_of

_SURE = 8.0
"""Logit of the pixels of a mask that a person drew, and of those around it with the opposite sign."""


class SamSegmenter(Frozen):
    """`SamModel` of the library."""

    capabilities = Capabilities()

    @property
    def side(self) -> int:
        """Side of the square, in pixels."""
        return int(self.network.config.vision_config.image_size)

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        height, width = frame.size_hw
        scale = self.side / max(height, width)
        used = max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))
        with self.listening(cancel):
            pixels = self.pixels(frame.image_hwc, used, IMAGENET_MEAN, IMAGENET_STD)
            square = F.pad(pixels, (0, self.side - used[1], 0, self.side - used[0]))
            arrays = {name: half(tensor) for name, tensor in self._embedded(square).items()}
        return Embedding(arrays, frame.size_hw, used)

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        height, width = embedding.size_hw
        used = embedding.used_hw
        given = points_of(prompt, (used[1] / width, used[0] / height), self.device)
        if not given:
            cancel.raise_if_cancelled()
            return []
        several = len(prompt.positive) == 1 and prompt.box_xyxy is None and prompt.previous_hw is None
        with self.listening(cancel):
            masks, scores = self._decoded(
                self.tensors(embedding),
                {**given, "input_masks": self._prior(embedding, prompt), "multimask_output": several},
            )
        square = self.side, self.side
        return [
            Candidate(half(mask), float(score), square, used)
            for mask, score in zip(masks, scores.tolist(), strict=True)
        ]

    def tracker(self) -> Tracker:
        return no_tracker("Segment Anything")

    def _embedded(self, square: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"image": self.network.get_image_embeddings(square)}

    def _decoded(self, arrays: dict[str, torch.Tensor], given: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits `[K, h, w]` and scores `[K]`."""
        output = self.network(image_embeddings=arrays["image"], **given)
        return output.pred_masks[0, 0], output.iou_scores[0, 0]

    def _prior(self, embedding: Embedding, prompt: Prompt) -> torch.Tensor | None:
        """Logits to start from `[1, 1, 4 e, 4 e]` of the padded square: the last answer's, or made of a mask."""
        size = 4 * self.side // int(self.network.config.vision_config.patch_size)
        if prompt.previous_hw is not None and prompt.previous_hw.shape == (size, size):
            logits_hw = prompt.previous_hw.astype(np.float32)
        elif prompt.prior_hw is not None and prompt.prior_hw.any():
            height, width = (max(1, round(side * size / self.side)) for side in embedding.used_hw)
            share_hw = cv2.resize(prompt.prior_hw.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
            logits_hw = np.full((size, size), -_SURE, np.float32)
            logits_hw[:height, :width] = (share_hw * 2 - 1) * _SURE
        else:
            return None
        return torch.from_numpy(logits_hw).to(self.device)[None, None]


class SamHqSegmenter(SamSegmenter):
    """`SamHQModel` of the library: finer borders, from features of every global attention layer too.

    The library's mask decoder (5.23) enlarges the image features as they were before its transformer, with rows and
    columns exchanged, instead of those that the transformer gives: other masks than the reference's
    (`SysCV/sam-hq`, `mask_decoder_hq.py`). A hook puts the right ones in place; to a library that does so itself it
    changes nothing.
    """

    def __init__(self, network: Any, *, device: str, content: str) -> None:
        super().__init__(network, device=device, content=content)
        self._attended: torch.Tensor | None = None
        decoder = network.mask_decoder
        decoder.transformer.register_forward_hook(self._keep)
        decoder.upscale_conv1.register_forward_pre_hook(self._put)

    def _keep(self, module: Any, given: Any, output: Any) -> None:
        self._attended = output[1]

    def _put(self, module: Any, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        before, attended = given[0], self._attended
        self._attended = None
        return given if attended is None else (attended.transpose(2, 3).reshape(before.shape),)

    def _embedded(self, square: torch.Tensor) -> dict[str, torch.Tensor]:
        image, layers = self.network.get_image_embeddings(square)
        return {"image": image, **{f"layer{number}": layer for number, layer in enumerate(layers)}}

    def _decoded(self, arrays: dict[str, torch.Tensor], given: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        layers = [arrays[f"layer{number}"] for number in range(len(arrays) - 1)]
        output = self.network(image_embeddings=arrays["image"], intermediate_embeddings=layers, **given)
        return output.pred_masks[0, 0], output.iou_scores[0, 0]


def open_sam(weights: Path | None, *, device: str = "auto") -> SamSegmenter:
    """Raises `UserError` where the folder is no SAM."""
    network, content = load_network(transformers.SamModel, weights)
    return SamSegmenter(network, device=device, content=content)


def open_sam_hq(weights: Path | None, *, device: str = "auto") -> SamHqSegmenter:
    """Raises `UserError` where the folder is no SAM-HQ."""
    network, content = load_network(transformers.SamHQModel, weights)
    return SamHqSegmenter(network, device=device, content=content)
