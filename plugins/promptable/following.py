"""Following one thing through a sequence with the memory of SAM 2 or EdgeTAM."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from numpy.typing import NDArray
from transformers.models.edgetam_video.modeling_edgetam_video import EdgeTamVideoInferenceSession
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

from segstudio.plugins.api import CancelToken, Candidate, Frame, UserError

from .frozen import Frozen, half

_THING = 1
"""The library's number of the one thing that is followed."""


class VideoTracker:
    """`Sam2VideoModel` or `EdgeTamVideoModel`, one frame after another; frames that were looked at are let go."""

    def __init__(self, network: Any, of: Frozen) -> None:
        self._network = network.to(of.device)
        self._of = of
        self._memory: Any = None
        self._count = 0

    def start(self, frame: Frame, mask_hw: NDArray[np.bool_], *, cancel: CancelToken) -> None:
        """Raises `UserError` for an empty mask."""
        if mask_hw.shape != frame.size_hw or not mask_hw.any():
            raise UserError("there is nothing to follow: the mask is empty, or not one of this image")
        is_edge = "EdgeTam" in type(self._network).__name__
        kind = EdgeTamVideoInferenceSession if is_edge else Sam2VideoInferenceSession
        height, width = frame.size_hw
        self._memory = kind(
            video_height=height, video_width=width, inference_device=self._of.device, dtype=torch.float32
        )
        number = self._memory.obj_id_to_idx(_THING)
        self._memory.obj_with_new_inputs.append(_THING)
        side = self._side
        given = torch.from_numpy(mask_hw.astype(np.float32))[None, None].to(self._of.device)
        square = F.interpolate(given, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
        self._memory.add_mask_inputs(number, 0, (square >= 0.5).float())
        self._count = 0
        self._look(frame, cancel)

    def step(self, frame: Frame, *, cancel: CancelToken) -> list[Candidate]:
        """Empty where the network says that the thing is out of sight."""
        if self._memory is None:
            raise UserError("nothing is followed yet")
        output = self._look(frame, cancel)
        if float(output.object_score_logits.reshape(-1)[0]) <= 0:
            return []
        score = float(torch.sigmoid(output.object_score_logits.reshape(-1)[0]))
        return [Candidate(half(output.pred_masks[0, 0]), score)]

    @property
    def _side(self) -> int:
        size = self._network.config.image_size
        return int(size if isinstance(size, int) else size[0])

    def _look(self, frame: Frame, cancel: CancelToken) -> Any:
        side, of = self._side, self._of
        with of.listening(cancel):
            pixels = of.pixels(frame.image_hwc, (side, side), of.mean, of.std)  # type: ignore[attr-defined]
            output = self._network(inference_session=self._memory, frame=pixels[0])
        self._memory.processed_frames[self._count] = None  # the library counts its frames, so the place stays
        self._count += 1
        return output
