"""SAM 2, EdgeTAM and the tracker of SAM 3 on single images: stretched to a square, three levels of features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
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
)

from .following import VideoTracker
from .frozen import Frozen, half, load_network, points_of

_SURE = 8.0
_HALF = (0.5, 0.5, 0.5)


class Sam2Segmenter(Frozen):
    """`Sam2Model`, `EdgeTamModel` or `Sam3TrackerModel` of the library; `video` opens its network with memory."""

    capabilities = Capabilities(tracks=True)

    def __init__(
        self,
        network: Any,
        *,
        device: str,
        content: str,
        video: Any = None,
        mean: Any = IMAGENET_MEAN,
        std: Any = IMAGENET_STD,
    ) -> None:
        super().__init__(network, device=device, content=content)
        self.mean, self.std = mean, std
        self._video = video
        self.capabilities = Capabilities(tracks=video is not None)

    @property
    def side(self) -> int:
        """Side of the square, in pixels."""
        size = self.network.config.prompt_encoder_config.image_size
        return int(size if isinstance(size, int) else size[0])

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        with self.listening(cancel):
            pixels = self.pixels(frame.image_hwc, (self.side, self.side), self.mean, self.std)
            levels = self.network.get_image_embeddings(pixels)
            arrays = {f"level{number}": half(level) for number, level in enumerate(levels)}
        return Embedding(arrays, frame.size_hw, (self.side, self.side))

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        height, width = embedding.size_hw
        given: dict[str, Any] = points_of(prompt, (self.side / width, self.side / height), self.device)
        if not given:
            cancel.raise_if_cancelled()
            return []
        several = len(prompt.positive) == 1 and prompt.box_xyxy is None and prompt.previous_hw is None
        with self.listening(cancel):
            arrays = self.tensors(embedding)
            levels = [arrays[f"level{number}"] for number in range(len(arrays))]
            output = self.network(
                image_embeddings=levels, input_masks=self._prior(prompt), multimask_output=several, **given
            )
        masks, scores = output.pred_masks[0, 0], output.iou_scores[0, 0]
        return [Candidate(half(mask), float(score)) for mask, score in zip(masks, scores.tolist(), strict=True)]

    def tracker(self) -> Tracker:
        return VideoTracker(self._video(), self)

    def _prior(self, prompt: Prompt) -> torch.Tensor | None:
        size_hw = tuple(int(side) for side in self.network.prompt_encoder.mask_input_size)
        if prompt.previous_hw is not None and prompt.previous_hw.shape == size_hw:
            logits_hw = prompt.previous_hw.astype(np.float32)
        elif prompt.prior_hw is not None and prompt.prior_hw.any():
            share_hw = cv2.resize(prompt.prior_hw.astype(np.float32), size_hw[::-1], interpolation=cv2.INTER_AREA)
            logits_hw = (share_hw.astype(np.float32) * 2 - 1) * np.float32(_SURE)
        else:
            return None
        return torch.from_numpy(logits_hw).to(self.device)[None, None]


def open_sam2(weights: Path | None, *, device: str = "auto") -> Sam2Segmenter:
    """Raises `UserError` where the folder is no SAM 2."""
    network, content = load_network(transformers.Sam2Model, weights)
    return Sam2Segmenter(network, device=device, content=content, video=_video(transformers.Sam2VideoModel, weights))


def open_edgetam(weights: Path | None, *, device: str = "auto") -> Sam2Segmenter:
    """Raises `UserError` where the folder is no EdgeTAM."""
    network, content = load_network(transformers.EdgeTamModel, weights)
    return Sam2Segmenter(network, device=device, content=content, video=_video(transformers.EdgeTamVideoModel, weights))


def open_sam3_tracker(weights: Path | None, *, device: str = "auto") -> Sam2Segmenter:
    """The part of SAM 3 that takes points and boxes. Raises `UserError` where the folder is no SAM 3."""
    network, content = load_network(transformers.Sam3TrackerModel, weights)
    return Sam2Segmenter(network, device=device, content=content, mean=_HALF, std=_HALF)


def _video(kind: Any, weights: Path | None) -> Any:
    """Opens the network with memory when something is followed for the first time; it is kept."""
    opened: list[Any] = []

    def open_video() -> Any:
        if not opened:
            opened.append(load_network(kind, weights)[0].eval().requires_grad_(False))
        return opened[0]

    return open_video
