"""One model with its weights on one device: images in, predictions out."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.card import ModelCard, Preprocess
from segstudio.models.prediction import Prediction
from segstudio.models.request import PredictSettings, check_image
from segstudio.models.torch_backend.building import OUTPUTS
from segstudio.models.torch_backend.device import DeviceChoice
from segstudio.models.torch_backend.fallback import AUTO_TILE_PIXELS, Plan, is_out_of_memory
from segstudio.models.torch_backend.instances import to_objects
from segstudio.models.torch_backend.outputs import channel_table
from segstudio.models.torch_backend.panoptic import to_segments
from segstudio.models.torch_backend.pixels import (
    LabelMaps,
    NetworkInput,
    as_logits,
    decode,
    resized_hw,
    restore_labels,
    to_arrays,
    to_input,
    without_padding,
)
from segstudio.models.torch_backend.tiling import predict_tiled


class Predictor:
    """Runs one network on images; not for several threads at once.

    Where memory runs out it goes on with tiles, then with smaller ones, then on the CPU, and says so in the notes of
    the prediction; what worked is kept for the following images.
    """

    def __init__(
        self,
        card: ModelCard,
        network: torch.nn.Module,
        *,
        choice: DeviceChoice,
        settings: PredictSettings | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.card = card
        self.settings = settings or PredictSettings()
        self.preprocess: Preprocess = self.settings.preprocess or card.preprocess
        self.class_set: ClassSet = self.settings.class_set or card.classes()
        self.notes = notes
        self._choice = choice
        self._network = network.eval().to(choice.device)
        for parameter in self._network.parameters():  # a TorchScript program offers no `requires_grad_` of its own
            parameter.requires_grad = False
        self._plan = Plan(choice.device, self.settings.tile)
        self._table: NDArray[np.uint8] | NDArray[np.uint16] = np.zeros(0, np.uint8)

    @property
    def device(self) -> str:
        return str(self._plan.device)

    @property
    def reason(self) -> str:
        return self._plan.reason or self._choice.reason

    def device_line(self) -> str:
        """The device in words, with the memory that is free."""
        return DeviceChoice(self._plan.device, self.reason).line()

    def predict(
        self,
        image: NDArray[np.uint8],
        *,
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """What the model says about uint8 `[H, W, 3]` RGB, at the image's own size.

        Raises `UserError` for other arrays, for NaN outputs and where even small tiles on the CPU do not fit,
        `Cancelled` between two tiles.
        """
        check_image(image)
        began = time.perf_counter()
        told: list[str] = []
        while True:
            try:
                with torch.inference_mode():
                    prediction = self._run(image, progress, cancel or CancelToken())
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise UserError(f"{self.card.name} failed: {str(error).splitlines()[0]}") from error
                self._step_down(told, image)
        return replace(
            prediction,
            seconds=time.perf_counter() - began,
            device=self.device,
            reason=self.reason,
            notes=(*self.notes, *told, *prediction.notes),
        )

    def _step_down(self, told: list[str], image: NDArray[np.uint8]) -> None:
        size = resized_hw(image.shape[:2], self.preprocess)
        self._plan = self._plan.smaller(size, may_tile=self.card.task == "semantic")
        told.append(self._plan.said)
        self._network.to(self._plan.device)
        if self._plan.device.type != "cuda" and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _run(self, image: NDArray[np.uint8], progress: Progress, cancel: CancelToken) -> Prediction:
        cancel.raise_if_cancelled()
        given = to_input(image, self.preprocess, self._plan.device)
        if self.card.task != "semantic":
            return self._objects(given, image.shape[:2])
        notes: tuple[str, ...] = ()
        tile = self._plan.tile
        height, width = given.pixels.shape[-2:]
        if not tile and height * width > AUTO_TILE_PIXELS.get(self._plan.device.type, 0):
            tile = 1024
            notes = (f"{width}×{height} pixels at once would not fit: tiles of {tile}",)
        if tile and (height > tile or width > tile):
            maps = self._tiled(given, tile, progress, cancel)
            maps = restore_labels(maps, image.shape[:2])
        else:
            maps = self._whole(given, image.shape[:2])
        labels_hw, confidence_hw = to_arrays(maps, self._table)
        return Prediction(image.shape[:2], self.class_set, labels_hw, confidence_hw, notes=notes)

    def _whole(self, given: NetworkInput, size_hw: tuple[int, int]) -> LabelMaps:
        height, width = given.content_hw
        logits = self._forward(given.pixels)[..., :height, :width]
        if self.preprocess.restore == "logits":
            return decode(logits, size_hw=size_hw)
        return restore_labels(decode(logits), size_hw)

    def _tiled(self, given: NetworkInput, tile: int, progress: Progress, cancel: CancelToken) -> LabelMaps:
        def between(done: int, total: int) -> None:
            progress(done, total, "tiles")

        def forward(pixels: torch.Tensor) -> torch.Tensor:
            cancel.raise_if_cancelled()
            return self._forward(pixels)

        height, width = given.content_hw
        return predict_tiled(
            forward,
            given.pixels[..., :height, :width],
            tile=tile,
            overlap=self.settings.tile_overlap,
            multiple=self.preprocess.multiple,
            between=between,
        )

    def _forward(self, pixels: torch.Tensor) -> torch.Tensor:
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        logits = as_logits(self._raw(pixels), size)
        self._table = channel_table(self.card, self.class_set, int(logits.shape[1]))
        return logits

    def _objects(self, given: NetworkInput, size_hw: tuple[int, int]) -> Prediction:
        results = self._raw(given.pixels)
        if not isinstance(results, (list, tuple)) or len(results) != 1:
            raise UserError(f"{self.card.name} returned no list of one result")
        result, least = dict(results[0]), self.settings.score
        if "channels" in result:
            self._table = channel_table(self.card, self.class_set, self._outputs())
            result["masks"] = without_padding(result["masks"], given)
        if self.card.task == "panoptic":
            segments = to_segments(result, self.class_set, self._table, size_hw=size_hw, least_score=least)
            return Prediction(size_hw, self.class_set, segments.labels_hw, objects=segments.objects)
        objects = to_objects(result, self.class_set, size_hw=size_hw, least_score=least, table=self._table)
        return Prediction(size_hw, self.class_set, objects=objects)

    def _outputs(self) -> int:
        return int(getattr(self._network, OUTPUTS, self.card.num_outputs()))

    def _raw(self, pixels: torch.Tensor) -> Any:
        if pixels.device.type == "cuda" and self.settings.half:
            with torch.autocast("cuda", dtype=torch.float16):
                return self._network(pixels.contiguous(memory_format=torch.channels_last))
        return self._network(pixels)
