"""Long work of a segmenter: all things of an image, and things followed through those after it; layers to accept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import Cancelled, UserError
from segstudio.core.layer import Annotation, Layer, prediction_layer
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.host import Host
from segstudio.models.interactive.tasks import (
    BULK,
    Everything,
    EverythingSettings,
    Failure,
    Found,
    Reply,
    Task,
    TrackStart,
    TrackStep,
    Working,
)
from segstudio.session.assist.prompt_results import annotation_of, mask_of_object
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.session.opening import Opened
    from segstudio.session.session import Session
    from segstudio.store import Project

_POLL_S = 0.1
_TRACK = "session"


def find_everything(session: Session, settings: EverythingSettings | None = None) -> Job:
    """Find all things of the open image, as objects of the active class in the layer `prediction:everything`.

    Raises `UserError` where no image is open, or no segmenter or class is chosen.
    """
    document, class_id = session.document, session.view.now.active_class
    if document is None or class_id is None:
        raise UserError("open an image and choose a class first", hint="what is found gets the active class")
    prompting = session.prompting
    if not prompting.choose_any():
        raise UserError("no segmenter is chosen", hint="Assist › AI segmenter")
    host, spec = prompting.host, prompting.spec

    def work(job: Job) -> Layer:
        frame = prompting.frame_of(document.pyramid, document.truth)
        found: list[Found] = _wait(host, Everything(spec, frame, settings or EverythingSettings()), job)
        annotation = annotation_of(found, document.size_hw, classes=[class_id] * len(found), run="everything")
        return Layer.from_annotation(prediction_layer("everything"), annotation, locked=True)

    def done(layer: Layer) -> None:
        if session.document is document:
            document.set_prediction(layer)
            session.view.show_only_prediction(layer.name)
        session.notify.info(f"{len(layer.objects)} things found; accept those that are right (Y), or all (Shift+Y)")

    return session.jobs.submit(
        work, done=done, failed=session.notify.fault, lane="batch", key="everything", title="finding everything"
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """An image to go through: what reads it, and where the objects went."""

    item: ImageItem
    read: Callable[[], Opened]


def track_objects(session: Session, count: int = 20) -> Job:
    """Follow the selected objects through the next `count` images; each gets a layer `prediction:track`.

    Raises `UserError` where nothing is selected, or the segmenter does not follow.
    """
    document, index, prompting = session.document, session.index, session.prompting
    if document is None or index is None:
        raise UserError("no image is open")
    chosen = [item for item in document.labels.objects.in_order() if item.id in session.view.now.selection]
    if not chosen:
        raise UserError("nothing is selected to follow", hint="select objects with the select tool (V)")
    if not prompting.choose_any():
        raise UserError("no segmenter is chosen", hint="Assist › AI segmenter")
    if not prompting.capabilities.tracks:
        raise UserError(f"{prompting.model} does not follow objects", hint="SAM 2 and EdgeTAM do")
    host, spec = prompting.host, prompting.spec
    steps = [
        _Step(session.images[i], session.reader(i))
        for i in range(index + 1, min(len(session.images), index + 1 + count))
    ]
    masks = tuple(mask_of_object(item, document.size_hw) for item in chosen)
    classes, project = [item.class_id for item in chosen], session.project

    def work(job: Job) -> list[tuple[str, Annotation]]:
        first = prompting.frame_of(document.pyramid, document.truth)
        _wait(host, TrackStart(spec, first, _TRACK, masks), job)
        results = []
        for number, step in enumerate(steps):
            job.progress(number, len(steps), step.item.name)
            opened = step.read()
            frame = prompting.frame_of(opened.pyramid, opened.truth)
            candidates: list[Candidate | None] = _wait(host, TrackStep(spec, frame, _TRACK), job)
            annotation = _annotation(candidates, classes, frame.size_hw)
            if not annotation.objects:
                break  # all of them are out of sight
            results.append((step.item.key, annotation))
            _keep(project, step.item.key, annotation, spec.model)
        return results

    def done(results: list[tuple[str, Annotation]]) -> None:
        now = session.document
        for key, annotation in results:
            if now is not None and now.key == key:
                now.set_prediction(Layer.from_annotation(prediction_layer("track"), annotation, locked=True))
        if results:
            session.view.show_only_prediction(prediction_layer("track"))
        session.notify.info(f"followed through {len(results)} images; each has a layer to accept from")

    return session.jobs.submit(
        work, done=done, failed=session.notify.fault, lane="batch", key="track", title="following objects"
    )


def _annotation(candidates: Sequence[Candidate | None], classes: Sequence[int], size_hw: tuple[int, int]) -> Annotation:
    found, kept = [], []
    for candidate, class_id in zip(candidates, classes, strict=True):
        if candidate is None:
            continue
        rect, mask_hw = candidate.pixels(size_hw)
        if not rect.is_empty:
            found.append(Found(rect, mask_hw, candidate.score))
            kept.append(class_id)
    return annotation_of(found, size_hw, classes=kept, run="track")


def _keep(project: Project | None, key: str, annotation: Annotation, model: str) -> None:
    if project is None or project.read_only:
        return
    if all(row.name != "track" for row in project.runs()):
        project.add_run("track", model=model, device="")
    project.save_annotation(key, prediction_layer("track"), annotation, locked=True, run="track")


def _wait(host: Host, task: Task, job: Job) -> Any:
    """Have a task done, on this worker's time: what it gives. Raises `Cancelled`, and `UserError` where it fails."""

    def on_reply(reply: Reply) -> None:
        if isinstance(reply, Working) and reply.total and not job.cancel_token.cancelled:
            job.progress(reply.done, reply.total, reply.text)

    asked = host.submit(task, priority=BULK, on_reply=on_reply)
    while (last := asked.wait(_POLL_S)) is None:
        if job.cancel_token.cancelled:
            host.cancel(asked)
    if isinstance(last, Failure):
        if last.cancelled:
            raise Cancelled
        raise UserError(last.message, hint=last.hint)
    return last.value
