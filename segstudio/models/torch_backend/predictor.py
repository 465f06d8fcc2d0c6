"""One model with its weights on one device: images in, predictions out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
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
from segstudio.models.torch_backend.decoding import check_finite, to_bytes
from segstudio.models.torch_backend.device import DeviceChoice
from segstudio.models.torch_backend.execution import Forward
from segstudio.models.torch_backend.fallback import Plan, is_out_of_memory
from segstudio.models.torch_backend.instances import to_objects
from segstudio.models.torch_backend.lanes import Lanes, copied, cores, free_bytes, lanes_for
from segstudio.models.torch_backend.outputs import channel_table
from segstudio.models.torch_backend.panoptic import to_segments
from segstudio.models.torch_backend.pixels import as_logits, resized_hw, to_input, without_padding
from segstudio.models.torch_backend.semantic import semantic_maps
from segstudio.models.torch_backend.transfer import Download, Upload

Image = NDArray[np.uint8]


class Predictor:
    """Runs one network on images; not for several threads at once.

    Where memory runs out it goes on with fewer images at once, then with tiles, then with smaller ones, then on the
    CPU, and says so in the notes of the prediction; what worked is kept for the following images.
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
        if self.settings.channels_last or (self.settings.channels_last is None and choice.device.type == "cuda"):
            self._network.to(memory_format=torch.channels_last)
        self._execute = Forward(self._network, self.settings)
        self._upload = Upload()
        self._plan = Plan(choice.device, self.settings.tile, self.settings.batch)
        self._table: NDArray[np.uint8] | NDArray[np.uint16] = np.zeros(0, np.uint8)
        self._beside: list[Predictor] = []

    @property
    def network(self) -> torch.nn.Module:
        """The network, in eval mode and without gradients."""
        return self._network

    @property
    def channels(self) -> list[int]:
        """The evaluation index of every output channel, the ignored index for background."""
        return [int(index) for index in channel_table(self.card, self.class_set, self._outputs())]

    @property
    def device(self) -> str:
        return str(self._plan.device)

    @property
    def reason(self) -> str:
        return self._plan.reason or self._choice.reason

    def device_line(self) -> str:
        """The device in words, with the memory that is free."""
        return DeviceChoice(self._plan.device, self.reason).line()

    def change_input(self, **options: Any) -> None:
        """Change what is given of `Preprocess.with_options`; None leaves what holds for these weights."""
        self.preprocess = self.preprocess.with_options(**options)
        own = None if self.preprocess == self.card.preprocess else self.preprocess
        self.settings = replace(self.settings, preprocess=own)
        self._beside.clear()

    def predict(
        self, image: Image, *, progress: Progress = no_progress, cancel: CancelToken | None = None
    ) -> Prediction:
        """What the model says about uint8 `[H, W, 3]` RGB, at the image's own size.

        Raises `UserError` for other arrays, for NaN outputs and where even small tiles on the CPU do not fit,
        `Cancelled` between two tiles.
        """
        check_image(image)
        return self._in_pieces([image], progress, cancel or CancelToken())[0]

    def predict_all(
        self, images: Iterable[Image], *, progress: Progress = no_progress, cancel: CancelToken | None = None
    ) -> Iterator[Prediction | UserError]:
        """The predictions of many images in their order; neighbours of one size go together, up to `settings.batch`.

        In the place of an image for which `predict` would raise `UserError` stands that error. On CUDA the next batch
        is begun before the last one is waited for; on a CPU several images are worked on side by side. Raises
        `Cancelled` between two batches.
        """
        cancel = cancel or CancelToken()
        ahead = iter(images)
        first = list(islice(ahead, 2))
        images = chain(first, ahead)
        lanes = self._lanes(first[0]) if len(first) == 2 else None
        if lanes is not None:
            yield from lanes.predict_all(images, cancel)
            return
        waiting: _Pending | None = None
        for group in self._groups(images):
            begun = self._try_begin(group, progress, cancel)
            if waiting is not None:
                yield from self._finish(waiting, progress, cancel)
            waiting = begun
            if waiting.launched is None or waiting.launched.is_here:
                yield from self._finish(waiting, progress, cancel)
                waiting = None
        if waiting is not None:
            yield from self._finish(waiting, progress, cancel)

    def _lanes(self, image: Image) -> Lanes | None:
        """Copies of this predictor for images such as this one; None where one at a time is better."""
        settings = self.settings
        if self._plan.device.type != "cpu" or self._plan.batch > 1 or settings.compiled or self._plan.tile:
            return None
        check_image(image)
        height, width = resized_hw(image.shape[:2], self.preprocess)
        threads = settings.threads or cores()
        count = lanes_for(height * width, cores=threads, free_bytes=free_bytes())
        while len(self._beside) + 1 < count:
            network = copied(self._network)
            if network is None:
                return None
            self._beside.append(Predictor(self.card, network, choice=self._choice, settings=settings, notes=self.notes))
        return Lanes([self, *self._beside[: count - 1]], threads=threads // count) if count > 1 else None

    def _groups(self, images: Iterable[Image]) -> Iterator[list[Image]]:
        group: list[Image] = []
        for image in images:
            check_image(image)
            if group and (image.shape != group[0].shape or len(group) >= self._together):
                yield group
                group = []
            group.append(image)
        if group:
            yield group

    @property
    def _together(self) -> int:
        return self._plan.batch if self.card.task == "semantic" else 1

    def _try_begin(self, group: list[Image], progress: Progress, cancel: CancelToken) -> _Pending:
        """Begin a batch; where that fails it is left to be done with care when its turn comes."""
        try:
            with torch.inference_mode():
                return _Pending(group, time.perf_counter(), self._launch(group, progress, cancel))
        except (RuntimeError, MemoryError, UserError):
            return _Pending(group, time.perf_counter(), None)

    def _finish(self, pending: _Pending, progress: Progress, cancel: CancelToken) -> Iterator[Prediction | UserError]:
        """The answers of a batch that was begun; where something is wrong with it, each image is asked for alone."""
        if pending.launched is not None:
            try:
                yield from self._dressed(pending.launched.wait(), pending.began, [])
                return
            except (RuntimeError, MemoryError, UserError):
                pass  # told below, image by image, with the steps that it takes
        for pieces in [pending.group] if pending.launched is None else [[image] for image in pending.group]:
            yield from self._carefully(pieces, progress, cancel)

    def _carefully(self, group: list[Image], progress: Progress, cancel: CancelToken) -> list[Prediction | UserError]:
        try:
            return [*self._in_pieces(group, progress, cancel)]
        except UserError as error:
            if len(group) == 1:
                return [error]
        return [answer for image in group for answer in self._carefully([image], progress, cancel)]

    def _in_pieces(self, images: Sequence[Image], progress: Progress, cancel: CancelToken) -> list[Prediction]:
        """Predict images of one size, stepping down wherever memory runs out."""
        result: list[Prediction] = []
        told: list[str] = []
        while len(result) < len(images):
            group = images[len(result) : len(result) + max(1, self._together)]
            began = time.perf_counter()
            try:
                with torch.inference_mode():
                    launched = self._launch(group, progress, cancel)
                result += self._dressed(launched.wait(), began, told)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise UserError(f"{self.card.name} failed: {str(error).splitlines()[0]}") from error
                self._step_down(told, group)
        return result

    def _dressed(self, predictions: Sequence[Prediction], began: float, told: Sequence[str]) -> list[Prediction]:
        """The same with the time that each took, the device, and what was noted on the way."""
        seconds = (time.perf_counter() - began) / len(predictions)
        common = (*self.notes, *self._execute.notes, *told)
        return [
            replace(one, seconds=seconds, device=self.device, reason=self.reason, notes=(*common, *one.notes))
            for one in predictions
        ]

    def _step_down(self, told: list[str], group: Sequence[Image]) -> None:
        size = resized_hw(group[0].shape[:2], self.preprocess)
        before = self._plan.device
        self._plan = self._plan.smaller(size, count=len(group), may_tile=self.card.task == "semantic")
        told.append(self._plan.said)
        if self._plan.device != before:
            self._execute.forget()
            self._network.to(self._plan.device)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _launch(self, group: Sequence[Image], progress: Progress, cancel: CancelToken) -> _Launched:
        """Begin a batch of images of one size; on CUDA the device is still at work when this returns."""
        cancel.raise_if_cancelled()
        pixels = self._upload(group, self._plan.device)
        if self.card.task != "semantic":
            return _Launched(self, found=[self._objects(one) for one in pixels])

        def between(done: int, total: int) -> None:
            progress(done, total, "tiles")
            cancel.raise_if_cancelled()

        result = semantic_maps(
            self._forward, pixels, self.preprocess, self.settings, tile=self._plan.tile, between=between
        )
        downloads = []
        for maps in result.maps:
            labels, confidence = to_bytes(maps, self._table)
            downloads.append(Download.start(labels, confidence, maps.finite))
        return _Launched(self, group[0].shape[:2], downloads, self._table.dtype, result.notes)

    def _forward(self, pixels: torch.Tensor) -> torch.Tensor:
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        logits = as_logits(self._execute(pixels), size)
        self._table = channel_table(self.card, self.class_set, int(logits.shape[1]))
        return logits

    def _objects(self, pixels: torch.Tensor) -> Prediction:
        size_hw = (int(pixels.shape[0]), int(pixels.shape[1]))
        given = to_input(pixels, self.preprocess, self._plan.device)
        results = self._execute(given.pixels)
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


@dataclass
class _Launched:
    """A batch whose results are here or on their way."""

    owner: Predictor
    size_hw: tuple[int, int] = (0, 0)
    downloads: Sequence[Download] = ()
    kind: np.dtype[Any] | None = None
    notes: tuple[str, ...] = ()
    found: Sequence[Prediction] = ()

    @property
    def is_here(self) -> bool:
        return all(download.event is None for download in self.downloads)

    def wait(self) -> list[Prediction]:
        """The predictions, once the device is done. Raises `UserError` where the network gave NaN."""
        result = list(self.found)
        for download in self.downloads:
            labels, confidence, finite = (tensor.numpy() for tensor in download.wait())
            check_finite(bool(finite))
            labels_hw = labels if labels.dtype == self.kind else labels.astype(self.kind)
            result.append(Prediction(self.size_hw, self.owner.class_set, labels_hw, confidence, notes=self.notes))
        return result


@dataclass(frozen=True)
class _Pending:
    """A batch that was begun, or could not be and waits to be done with care."""

    group: list[Image]
    began: float
    launched: _Launched | None
