"""Models run on the open image or on all, in the model host: what is asked, what waits, and what has come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import SegStudioError
from segstudio.core.event import Event
from segstudio.models.events import DeviceInfo, Done, Failed, Progress, Started
from segstudio.models.events import Event as HostEvent
from segstudio.models.jobs import BATCH, NEIGHBOUR, ON_SCREEN
from segstudio.models.jobs import Job as HostJob
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.session.jobs import Job
from segstudio.session.prediction.model_library import ModelLibrary
from segstudio.session.prediction.prediction_results import ResultKeeper, Run

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard
    from segstudio.models.registry import ModelStatus
    from segstudio.models.result_cache import ResultCache
    from segstudio.session.document import Document
    from segstudio.session.session import Session

AT_ONCE = 2
"""Requests that are with the host: one runs, and one is there when it ends."""
AHEAD = 2
"""How many images after the open one, and half as many before it, are predicted ahead."""


class Host(Protocol):
    """What runs models: `models.host.ModelHost` in a process of its own, or anything that answers like it."""

    def submit(
        self, request: PredictRequest, *, priority: int = ..., on_event: Callable[[HostEvent], object] = ...
    ) -> HostJob: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An image that waits to be decoded and sent."""

    item: ImageItem
    run: Run
    priority: int


class Predictions:
    """The model in hand, what runs, and where its results go. `changed` is emitted whenever any of it changes."""

    def __init__(self, session: Session, make_host: Callable[[], Host] | None = None) -> None:
        self.changed: Event[None] = Event()
        self.model = ""
        self.weights: Path | None = None
        self.settings = PredictSettings()
        self.status = ""
        self.outcome = ""
        self.done_images = 0
        self.asked_images = 0
        self.cached_images = 0
        self.device_line = ""
        self.device_reason = ""
        self.looks_ahead = False
        self.library = ModelLibrary(session)
        self._session = session
        self._make_host = make_host if make_host is not None else self._model_host
        self._host: Host | None = None
        self._cache: ResultCache | None = None
        self._told_problem = ""
        self._handles: dict[str, HostJob] = {}
        self._runs: dict[str, Run] = {}
        self._queue: deque[_Wanted] = deque()
        self._decoding = 0
        self._round = 0
        self._keeper = ResultKeeper(session)

    @property
    def is_running(self) -> bool:
        return bool(self._handles or self._queue or self._decoding)

    @property
    def can_predict_image(self) -> bool:
        """Whether the open image can be asked for now; a run over the other images does not forbid it."""
        document = self._session.document
        return document is not None and bool(self.model) and document.key not in self._handles

    @property
    def device(self) -> str:
        return self.settings.device

    @property
    def cache(self) -> ResultCache:
        """The predictions that were made before."""
        if self._cache is None:
            from segstudio.models.result_cache import ResultCache

            self._cache = ResultCache(self._session.data_dir / "predictions")
        return self._cache

    @property
    def run_name(self) -> str:
        """The name of the run that the model in hand makes: the model, and the weights where they were chosen."""
        return self._run().name

    def cards(self) -> list[tuple[ModelCard, ModelStatus]]:
        """Every known model with whether it can run here; imports no network code."""
        from segstudio.models.registry import default_registry

        registry = default_registry()
        return [(card, registry.status(card.name)) for card in registry.cards() if card.task != "promptable"]

    def choose(self, model: str, *, weights: Path | None = None) -> None:
        """Take a model in hand; `weights` (a file, or the name of known weights) replaces those that its card names."""
        self.model, self.weights = model, weights
        self.changed.emit(None)

    def choose_device(self, device: str) -> None:
        """ "auto", "cuda", "mps" or "cpu", from the next run on."""
        self.change_settings(device=device)

    def change_settings(self, **changes: Any) -> None:
        """Change fields of `PredictSettings`, from the next run on. Raises `UserError` where they make no sense."""
        self.settings = replace(self.settings, **changes)
        self.changed.emit(None)

    def look_ahead(self, wanted: bool) -> None:
        """Predict every image that is opened, and those beside it before they are."""
        if wanted and not self.looks_ahead:
            self._session.document_changed.connect(self._on_document)
        elif self.looks_ahead and not wanted:
            self._session.document_changed.disconnect(self._on_document)
        self.looks_ahead = wanted
        if wanted:
            self._on_document(self._session.document)
        self.changed.emit(None)

    def predict_image(self) -> None:
        """Run the model on the open image, before anything else that waits."""
        document = self._session.document
        if document is None or document.key in self._handles:
            return
        self._begin(1)
        self._send(_Wanted(document.item, self._run(), ON_SCREEN), document.pyramid.image_hwc)

    def predict_all(self) -> None:
        """Run the model on every image that is open, the current one first."""
        images = list(self._session.images)
        start, run = self._session.index or 0, self._run()
        waiting = {wanted.item.key for wanted in self._queue}
        asked = [
            _Wanted(item, run, BATCH)
            for item in (*images[start:], *images[:start])
            if item.path is not None and item.key not in waiting
        ]
        self._begin(len(asked))
        self._queue.extend(asked)
        self._feed()

    def cancel(self) -> None:
        """Stop; what has come back stays."""
        if not self.is_running:
            return
        self._drop_waiting()
        for handle in list(self._handles.values()):
            handle.cancel()
        self._handles.clear()
        self._end("cancelled")

    def close(self) -> None:
        """Stop and end the host; returns when its process is gone."""
        self._drop_waiting()
        self._handles.clear()
        if self._host is not None:
            self._host.close()
            self._host = None

    def clear_cache(self) -> None:
        """Forget the predictions that were made before; layers and projects keep theirs."""
        self.cache.clear()
        self.changed.emit(None)

    def _model_host(self) -> Host:
        from segstudio.models.host import ModelHost
        from segstudio.models.registry import default_registry
        from segstudio.models.results import Results

        return ModelHost(results=Results(default_registry(), self.cache))

    def _run(self) -> Run:
        return Run(self.model, None if self.weights is None else str(self.weights), self.settings)

    def _on_document(self, document: Document | None) -> None:
        """Predict what is shown now, then what is beside it."""
        if document is None or not self.model:
            return
        self.predict_image()
        index, images = self._session.index, self._session.images
        if index is None:
            return
        beside = [index + step for step in (*range(1, AHEAD + 1), *range(-1, -AHEAD // 2 - 1, -1))]
        self._queue = deque(wanted for wanted in self._queue if wanted.priority != NEIGHBOUR)
        wanted = [images[place] for place in beside if 0 <= place < len(images)]
        run = self._run()
        near = [_Wanted(item, run, NEIGHBOUR) for item in wanted if item.path and item.key not in self._handles]
        self._queue.extendleft(reversed(near))
        self._feed()

    def _drop_waiting(self) -> None:
        """Send nothing more; pictures that are being decoded now belong to a round that is over."""
        self._queue.clear()
        self._decoding = 0
        self._round += 1

    def _begin(self, count: int) -> None:
        if self.is_running:
            self.asked_images += count
        else:
            self.done_images, self.asked_images, self.cached_images = 0, count, 0
            self.status, self.outcome = f"{self.model}: starting", ""
        self.changed.emit(None)

    def _end(self, status: str) -> None:
        self.status = status
        problem = self._cache.problem if self._cache is not None else ""
        if problem and problem != self._told_problem:
            self._session.notify.tell("warning", problem, hint="models run again where they need not")
        self._told_problem = problem
        if self.cached_images:
            self.outcome = "from cache" if self.cached_images == 1 else f"{self.cached_images} images from cache"
        self.changed.emit(None)

    def _feed(self) -> None:
        """Decode and send the next image of a batch; one waits while one runs."""
        if not self._queue or len(self._handles) + self._decoding >= AT_ONCE:
            return
        wanted, now = self._queue.popleft(), self._round
        self._decoding += 1
        path, page = wanted.item.path, wanted.item.page
        assert path is not None

        def decode(job: Job) -> object:
            from segstudio.ops.image import read_image

            return read_image(path, page=page).image_hwc

        def decoded(image: object) -> None:
            if now != self._round:
                return
            self._decoding -= 1
            if wanted.item.key in self._handles:  # asked for by hand meanwhile
                self.done_images += wanted.priority == BATCH
            else:
                self._send(wanted, image)
            self._feed()

        def failed(error: BaseException) -> None:
            if now != self._round:
                return
            self._decoding -= 1
            self._session.notify.fault(error)
            self.done_images += 1
            self._feed()
            self._end_if_idle()

        self._session.jobs.submit(decode, done=decoded, failed=failed)

    def _send(self, wanted: _Wanted, image_hwc: object) -> None:
        run, key = wanted.run, wanted.item.key
        request = PredictRequest(run.model, image_hwc, run.weights, run.settings, key)  # type: ignore[arg-type]
        try:
            if self._host is None:
                self._host = self._make_host()
            handle = self._host.submit(request, priority=wanted.priority, on_event=self._hear)
        except SegStudioError as error:
            self._session.notify.fault(error)
            self._drop_waiting()
            self._end("")
            return
        self._handles[key], self._runs[key] = handle, run
        self.changed.emit(None)

    def _hear(self, event: HostEvent) -> None:
        """Called on a thread of the host: take the event home."""
        self._session.jobs.home(lambda: self._on_event(event))

    def _on_event(self, event: HostEvent) -> None:
        if event.key not in self._handles:
            return
        run = self._runs[event.key]
        if isinstance(event, Started):
            self.status = f"{run.model}: {event.key.rsplit('/', 1)[-1]}"
        elif isinstance(event, Progress):
            share = f" {event.done / event.total:.0%}" if event.total else ""
            self.status = f"{run.model}: {event.text}{share}"
        elif isinstance(event, DeviceInfo):
            self.device_line = event.line
        elif isinstance(event, Done):
            self._finish(event.key)
            self.cached_images += event.cached
            if not event.cached:
                self.device_line = self.device_line or event.prediction.device
                self.device_reason = event.prediction.reason
            self._keeper.keep(event.key, run, event.prediction)
        elif isinstance(event, Failed):
            self._finish(event.key)
            if not event.cancelled:
                self._session.notify.tell("warning", event.message, hint=event.hint)
        self.changed.emit(None)
        self._feed()
        self._end_if_idle()

    def _finish(self, key: str) -> None:
        self._handles.pop(key, None)
        self._runs.pop(key, None)
        self.done_images += 1

    def _end_if_idle(self) -> None:
        if not self.is_running:
            self._end("")
