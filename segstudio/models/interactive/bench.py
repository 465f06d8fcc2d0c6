"""Where segmenters run: opened ones are kept, images embedded once, and what goes wrong in a plugin ends its task."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from segstudio.core.errors import Cancelled, SegStudioError, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.candidate import Candidate, checked
from segstudio.models.interactive.embedding import Embedding, Frame, embedding_key
from segstudio.models.interactive.everything import everything
from segstudio.models.interactive.predictor import InteractivePredictor, SegmenterSpec, Tracker
from segstudio.models.interactive.tasks import (
    Ask,
    Encode,
    Encoded,
    Failure,
    Reply,
    Result,
    Task,
    TrackStart,
    TrackStep,
    Working,
)

KEPT = 1
"""How many segmenters stay loaded."""
FRAMES = 64
"""Of how many frames it is known which pixels they have."""

Open = Callable[[SegmenterSpec], InteractivePredictor]


class MissingPixels(Exception):
    """A frame came without its pixels, and they are needed."""


class PromptBench:
    """Runs tasks one after another. `Frame.image_hwc` may be empty where the frame was seen before."""

    def __init__(self, open_segmenter: Open, cache: EmbeddingCache) -> None:
        self._open_segmenter = open_segmenter
        self.cache = cache
        self._open: OrderedDict[SegmenterSpec, InteractivePredictor] = OrderedDict()
        self._keys: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._tracks: dict[str, list[Tracker]] = {}

    def run(self, task: Task, tell: Callable[[Reply], None], cancel: CancelToken) -> None:
        """Run a task; the last thing told is a `Result` or a `Failure`. Raises `MissingPixels` only."""
        try:
            cancel.raise_if_cancelled()
            tell(Result(self._value(task, tell, cancel)))
        except MissingPixels:
            raise
        except Cancelled as stopped:
            tell(Failure(stopped.message, cancelled=True))
        except SegStudioError as error:
            tell(Failure(error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - a broken plugin must end its task only
            self._forget(task.spec)
            tell(Failure(f"{task.spec.model} failed: {type(error).__name__}: {error}"))

    def _value(self, task: Task, tell: Callable[[Reply], None], cancel: CancelToken) -> Any:
        predictor = self._predictor(task.spec, tell)
        if isinstance(task, TrackStart):
            return self._start(predictor, task, cancel)
        if isinstance(task, TrackStep):
            return self._step(task, cancel)
        if isinstance(task, Encode) and task.ahead:
            return self._encode_ahead(predictor, task.frame, cancel)
        embedding, source = self._embedding(predictor, task.frame, cancel)
        if isinstance(task, Encode):
            return Encoded(source, predictor.capabilities, predictor.device_line(), embedding.nbytes)
        if isinstance(task, Ask):
            prompt = task.prompt.spelled_out(embedding.size_hw)
            return checked(predictor.predict(embedding, prompt, cancel=cancel), where=task.spec.model)

        def progress(done: int, total: int, text: str = "") -> None:
            tell(Working(done, total, text))

        return everything(predictor, embedding, task.settings, progress=progress, cancel=cancel)

    def _predictor(self, spec: SegmenterSpec, tell: Callable[[Reply], None]) -> InteractivePredictor:
        if spec not in self._open:
            while len(self._open) >= KEPT:
                self._open.popitem(last=False)[1].close()
            tell(Working(0, 0, f"opening {spec.model}"))
            self._open[spec] = self._open_segmenter(spec)
        self._open.move_to_end(spec)
        return self._open[spec]

    def _encode_ahead(self, predictor: InteractivePredictor, frame: Frame, cancel: CancelToken) -> Encoded:
        key = self._key(predictor, frame)
        if frame.image_hwc.size == 0:
            raise MissingPixels
        nbytes, was_there = self.cache.put_away(key, lambda: self._encode(predictor, frame, cancel))
        source = "disk" if was_there else "encoded"
        return Encoded(source, predictor.capabilities, predictor.device_line(), nbytes)

    def _key(self, predictor: InteractivePredictor, frame: Frame) -> str:
        """The key of a frame, from its pixels where it is seen for the first time."""
        known = self._keys.get((frame.id, predictor.model_hash))
        if known is None:
            if frame.image_hwc.size == 0:
                raise MissingPixels
            if not predictor.capabilities.reads_truth and frame.truth_hw is not None:
                frame = Frame(frame.id, frame.image_hwc)
            known = embedding_key(frame, predictor.model_hash)
            self._keys[frame.id, predictor.model_hash] = known
            while len(self._keys) > FRAMES:
                self._keys.popitem(last=False)
        return known

    def _embedding(self, predictor: InteractivePredictor, frame: Frame, cancel: CancelToken) -> tuple[Embedding, str]:
        known = self._key(predictor, frame)
        in_memory = self.cache.has_in_memory(known)
        found = self.cache.get(known)
        if found is not None:
            return found, "memory" if in_memory else "disk"
        if frame.image_hwc.size == 0:
            raise MissingPixels
        return self.cache.get_or_make(known, lambda: self._encode(predictor, frame, cancel)), "encoded"

    def _encode(self, predictor: InteractivePredictor, frame: Frame, cancel: CancelToken) -> Embedding:
        found: Any = predictor.encode(frame, cancel=cancel)
        if not isinstance(found, Embedding) or found.size_hw != frame.size_hw:
            raise UserError("the segmenter embedded something else than the image it was given")
        return found

    def _start(self, predictor: InteractivePredictor, task: TrackStart, cancel: CancelToken) -> None:
        self._tracks = {task.track: [predictor.tracker() for _ in task.masks_hw]}
        for tracker, mask_hw in zip(self._tracks[task.track], task.masks_hw, strict=True):
            tracker.start(task.frame, mask_hw, cancel=cancel)

    def _step(self, task: TrackStep, cancel: CancelToken) -> list[Candidate | None]:
        if task.track not in self._tracks:
            raise UserError("what was followed is lost", hint="begin again from the last good image")
        steps = [tracker.step(task.frame, cancel=cancel) for tracker in self._tracks[task.track]]
        return [next(iter(checked(step, where=task.spec.model)), None) for step in steps]

    def _forget(self, spec: SegmenterSpec) -> None:
        """A segmenter that raised something odd may be in any state."""
        self._open.pop(spec, None)
        self._tracks.clear()
