"""Models run on the open image or on all, in the model host; what comes back becomes locked layers and is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import SegStudioError
from segstudio.core.event import Event
from segstudio.core.layer import Annotation, Layer, prediction_layer
from segstudio.models.events import DeviceInfo, Done, Failed, Progress, Started
from segstudio.models.events import Event as HostEvent
from segstudio.models.jobs import BATCH, ON_SCREEN
from segstudio.models.jobs import Job as HostJob
from segstudio.models.prediction import Prediction
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard
    from segstudio.models.registry import ModelStatus
    from segstudio.session.session import Session


class Host(Protocol):
    """What runs models: `models.host.ModelHost` in a process of its own, or anything that answers like it."""

    def submit(
        self, request: PredictRequest, *, priority: int = ..., on_event: Callable[[HostEvent], object] = ...
    ) -> HostJob: ...

    def close(self) -> None: ...


class Predictions:
    """The model in hand, what runs, and where its results go. `changed` is emitted whenever any of it changes."""

    def __init__(self, session: Session, make_host: Callable[[], Host]) -> None:
        self.changed: Event[None] = Event()
        self.model = ""
        self.weights: Path | None = None
        self.device = "auto"
        self.status = ""
        self.done_images = 0
        self.asked_images = 0
        self.device_line = ""
        self.device_reason = ""
        self._session = session
        self._make_host = make_host
        self._host: Host | None = None
        self._handles: dict[str, HostJob] = {}
        self._queue: list[ImageItem] = []
        self._decoding = 0
        self._round = 0
        self._told_unmatched: set[str] = set()

    @property
    def is_running(self) -> bool:
        return bool(self._handles or self._queue or self._decoding)

    def cards(self) -> list[tuple[ModelCard, ModelStatus]]:
        """Every known model with whether it can run here; imports no network code."""
        from segstudio.models.registry import default_registry

        registry = default_registry()
        return [(card, registry.status(card.name)) for card in registry.cards()]

    def choose(self, model: str, *, weights: Path | None = None) -> None:
        """Take a model in hand; `weights` replaces those that its card names."""
        self.model, self.weights = model, weights
        self.changed.emit(None)

    def choose_device(self, device: str) -> None:
        """ "auto", "cuda", "mps" or "cpu", from the next run on."""
        self.device = device
        self.changed.emit(None)

    def predict_image(self) -> None:
        """Run the model on the open image, before anything else that waits."""
        document = self._session.document
        if document is None:
            return
        self._begin(1)
        self._send(document.item, document.pyramid.image_hwc, ON_SCREEN)

    def predict_all(self) -> None:
        """Run the model on every image that is open, the current one first."""
        images = list(self._session.images)
        start = self._session.index or 0
        self._queue = [item for item in (*images[start:], *images[:start]) if item.path is not None]
        self._begin(len(self._queue))
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

    def _drop_waiting(self) -> None:
        """Send nothing more; pictures that are being decoded now belong to a round that is over."""
        self._queue.clear()
        self._decoding = 0
        self._round += 1

    def _begin(self, count: int) -> None:
        self.done_images, self.asked_images = 0, count
        self.status = f"{self.model}: starting"
        self.changed.emit(None)

    def _end(self, status: str) -> None:
        self.status = status
        self.changed.emit(None)

    def _feed(self) -> None:
        """Decode and send the next image of a batch; one waits while one runs."""
        if not self._queue or len(self._handles) + self._decoding >= 2:
            return
        item, now = self._queue.pop(0), self._round
        self._decoding += 1
        path = item.path
        assert path is not None

        def decode(job: Job) -> object:
            from segstudio.ops.image import read_image

            return read_image(path).image_hwc

        def decoded(image: object) -> None:
            if now != self._round:
                return
            self._decoding -= 1
            self._send(item, image, BATCH)
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

    def _send(self, item: ImageItem, image_hwc: object, priority: int) -> None:
        request = PredictRequest(
            self.model,
            image_hwc,  # type: ignore[arg-type]
            None if self.weights is None else str(self.weights),
            PredictSettings(device=self.device),
            key=item.key,
        )
        try:
            if self._host is None:
                self._host = self._make_host()
            handle = self._host.submit(request, priority=priority, on_event=self._hear)
        except SegStudioError as error:
            self._session.notify.fault(error)
            self._drop_waiting()
            self._end("")
            return
        self._handles[item.key] = handle
        self.changed.emit(None)

    def _hear(self, event: HostEvent) -> None:
        """Called on a thread of the host: take the event home."""
        self._session.jobs.home(lambda: self._on_event(event))

    def _on_event(self, event: HostEvent) -> None:
        if event.key not in self._handles:
            return
        if isinstance(event, Started):
            self.status = f"{self.model}: {event.key.rsplit('/', 1)[-1]}"
        elif isinstance(event, Progress):
            share = f" {event.done / event.total:.0%}" if event.total else ""
            self.status = f"{self.model}: {event.text}{share}"
        elif isinstance(event, DeviceInfo):
            self.device_line = event.line
        elif isinstance(event, Done):
            self._finish(event.key)
            self._keep(event.key, event.prediction)
        elif isinstance(event, Failed):
            self._finish(event.key)
            if not event.cancelled:
                self._session.notify.tell("warning", event.message, hint=event.hint)
        self.changed.emit(None)
        self._feed()
        self._end_if_idle()

    def _finish(self, key: str) -> None:
        self._handles.pop(key, None)
        self.done_images += 1

    def _end_if_idle(self) -> None:
        if not self.is_running:
            self._end("")

    def _keep(self, key: str, prediction: Prediction) -> None:
        session = self._session
        self.device_line = self.device_line or prediction.device
        self.device_reason = prediction.reason
        for note in prediction.notes:
            session.notify.info(note)
        run = self.run_name
        layer_name = prediction_layer(run)
        annotation = self._in_our_classes(prediction)
        document = session.document
        if document is not None and document.key == key:
            if annotation.size_hw != document.size_hw:
                session.notify.tell("error", f"{run} answered with another size than the image of {key}")
                return
            document.set_prediction(Layer.from_annotation(layer_name, annotation, locked=True))
            session.view.show_only_prediction(layer_name)
        self._store(key, layer_name, run, annotation)

    @property
    def run_name(self) -> str:
        """The name of the run that the model in hand makes: the model, and the weights where they were chosen."""
        return self.model if self.weights is None else f"{self.model}@{self.weights.stem}"

    def _store(self, key: str, layer_name: str, run: str, annotation: Annotation) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return

        def write(job: Job) -> None:
            if all(row.name != run for row in project.runs()):
                project.add_run(run, model=self.model, device=self.device_line)
            project.save_annotation(key, layer_name, annotation, locked=True, run=run)

        self._session.jobs.submit(write, done=lambda _: None, failed=self._session.notify.fault)

    def _in_our_classes(self, prediction: Prediction) -> Annotation:
        """The prediction with class ids of the open project; classes without a counterpart are left out, and told."""
        session = self._session
        ours, theirs = session.classes.current, prediction.class_set
        annotation = prediction.to_annotation()
        from segstudio.session.workspace import UNTITLED

        if session.document is not None and ours.name == UNTITLED and _is_unused(session):
            session.document.change_classes(f"use the classes of {self.model}", theirs)
            ours = theirs
        from segstudio.workflows.class_mapping import match_classes

        target_of = match_classes(theirs, ours).mapping.target_of
        ids = {source: target for source, target in target_of.items() if target is not None}
        used = {item.class_id for item in annotation.objects}
        if prediction.labels_hw is not None and annotation.labels_hw is not None:
            used |= _classes_in(annotation)
        missing = sorted(theirs.by_id[i].name for i in used if i not in ids and i in theirs.by_id)
        if missing and self.run_name not in self._told_unmatched:
            self._told_unmatched.add(self.run_name)
            session.notify.tell(
                "warning", f"{self.model} found classes that this project does not have: {', '.join(missing[:6])}"
            )
        segments = tuple(
            replace(segment, class_id=ids.get(segment.class_id, NOWHERE)) for segment in annotation.segments
        )
        objects = tuple(
            replace(item, class_id=ids[item.class_id]) for item in annotation.objects if item.class_id in ids
        )
        extra = {**annotation.extra, "model": self.model, "run": self.run_name}
        return replace(annotation, segments=segments, objects=objects, extra=extra)


NOWHERE = -(2**31)
"""Class id of a prediction's segment that the project has no class for: never drawn, scored or accepted."""


def _is_unused(session: Session) -> bool:
    document = session.document
    if document is None or document.stroke is not None or document.history.undoable:
        return False
    return all(session.images.badge(index).status == "to do" for index in range(len(session.images)))


def _classes_in(annotation: Annotation) -> set[int]:
    assert annotation.labels_hw is not None
    present = np.flatnonzero(np.bincount(annotation.labels_hw.reshape(-1)))
    by_id = {segment.id: segment.class_id for segment in annotation.segments}
    return {by_id[i] for i in present.tolist() if i in by_id}
