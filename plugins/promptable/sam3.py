"""SAM 3 by words: every thing on the image that a short text names, and things like those in exemplar boxes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from segstudio.plugins.api import CancelToken, Candidate, Capabilities, Embedding, Frame, Prompt, Tracker, UserError

from .frozen import Frozen, half, load_network
from .sam2 import Sam2Segmenter

_HALF = (0.5, 0.5, 0.5)
_LEAST = 0.3
"""The least score of a thing that is offered."""


class Sam3Segmenter(Frozen):
    """`Sam3Model` for words and exemplars; points and boxes go to the tracker's part of the same weights.

    `words` makes token ids and their mask of a text. The two parts have an encoder each, so an image is embedded by the
    tracker at once and by the other only when words are asked for.
    """

    capabilities = Capabilities(text=True, exemplars=True)

    def __init__(self, network: Any, points: Sam2Segmenter, words: Any, *, device: str, content: str) -> None:
        super().__init__(network, device=device, content=content)
        self._points = points
        self._words = words
        self.model_hash = hashlib.sha256(f"{self.model_hash}|{points.model_hash}".encode()).hexdigest()

    @property
    def side(self) -> int:
        """Side of the square, in pixels."""
        return self._points.side

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        points = self._points.encode(frame, cancel=cancel)
        with self.listening(cancel):
            pixels = self.pixels(frame.image_hwc, (self.side, self.side), _HALF, _HALF)
            vision = self.network.get_vision_features(pixels)
            arrays = {f"fpn{number}": half(level) for number, level in enumerate(vision.fpn_hidden_states)}
            arrays |= {f"place{number}": half(level) for number, level in enumerate(vision.fpn_position_encoding)}
        return Embedding({**points.arrays, **arrays}, frame.size_hw, (self.side, self.side))

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        if not prompt.text.strip() and not prompt.exemplars_xyxy:
            levels = {name: array for name, array in embedding.arrays.items() if name.startswith("level")}
            part = Embedding(levels, embedding.size_hw, embedding.used_hw)
            return self._points.predict(part, prompt, cancel=cancel)
        ids, mask = self._words(prompt.text.strip() or "visual")
        with self.listening(cancel):
            output = self.network(
                vision_embeds=self._vision(embedding),
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                **self._exemplars(embedding, prompt),
            )
        scores = output.pred_logits.sigmoid()[0]
        if output.presence_logits is not None:
            scores = scores * output.presence_logits.sigmoid()[0]
        kept = torch.nonzero(scores > _LEAST).reshape(-1).tolist()
        return [Candidate(half(output.pred_masks[0, number]), float(scores[number])) for number in kept]

    def tracker(self) -> Tracker:
        raise UserError("SAM 3 is used on single images here", hint="SAM 2 and EdgeTAM follow objects")

    def close(self) -> None:
        self._points.close()
        super().close()

    def _vision(self, embedding: Embedding) -> Any:
        arrays = self.tensors(embedding)
        from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

        count = sum(name.startswith("fpn") for name in arrays)
        return Sam3VisionEncoderOutput(
            fpn_hidden_states=tuple(arrays[f"fpn{number}"] for number in range(count)),
            fpn_position_encoding=tuple(arrays[f"place{number}"] for number in range(count)),
        )

    def _exemplars(self, embedding: Embedding, prompt: Prompt) -> dict[str, torch.Tensor]:
        """Boxes as centre and size in shares of the image."""
        if not prompt.exemplars_xyxy:
            return {}
        height, width = embedding.size_hw
        boxes = np.array(prompt.exemplars_xyxy, np.float32) / (width, height, width, height)
        middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        given = torch.tensor(np.concatenate([middle, size], axis=1), dtype=torch.float32, device=self.device)
        return {
            "input_boxes": given[None],
            "input_boxes_labels": torch.ones(1, len(given), dtype=torch.long).to(given.device),
        }


def open_sam3(weights: Path | None, *, device: str = "auto") -> Sam3Segmenter:
    """Raises `UserError` where the folder is no SAM 3, or has no tokenizer."""
    network, content = load_network(transformers.Sam3Model, weights)
    tracker, _ = load_network(transformers.Sam3TrackerModel, weights)
    points = Sam2Segmenter(tracker, device=device, content=content, mean=_HALF, std=_HALF)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(weights), local_files_only=True)
    except Exception as error:  # noqa: BLE001 - the library raises what it likes about a folder
        raise UserError(
            f"{weights}: no tokenizer is there ({type(error).__name__})", hint="take the whole folder"
        ) from None

    def words(text: str) -> tuple[torch.Tensor, torch.Tensor]:
        given = tokenizer(text, return_tensors="pt", padding="max_length", max_length=32, truncation=True)
        return given["input_ids"], given["attention_mask"]

    return Sam3Segmenter(network, points, words, device=device, content=content)
