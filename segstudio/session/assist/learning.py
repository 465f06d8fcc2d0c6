"""Learning from corrections as a person sees it: what there is to learn from, the round under way, the versions."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from segstudio.core.errors import EnvironmentFault, SegStudioError, UserError
from segstudio.core.event import Event
from segstudio.core.layer import Layer, prediction_layer
from segstudio.session.jobs import Job
from segstudio.store.place import full_address

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.store import Project
    from segstudio.workflows.learning.request import LearnRequest
    from segstudio.workflows.learning.run import LearnProcess
    from segstudio.workflows.learning.versions import Version, Versions

MOST_PARAMETERS = 5_000_000
"""What a processor can train in minutes."""
State = Literal["idle", "running", "paused", "stopping"]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One point of the curves: seconds of training, mean loss, mIoU 0…1 on what is held out."""

    number: int
    seconds: float
    loss: float
    miou: float


class Learning:
    """Runs one round at a time in a process of its own and takes what it found into the project.

    Never starts by itself. `changed` is emitted when anything that is shown here changes. Home thread only.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.state: State = "idle"
        self.said = ""
        self.curve: list[Epoch] = []
        self.before: float | None = None
        self.report: Mapping[str, Any] | None = None
        self.predicted = 0
        self._session = session
        self._process: LearnProcess | None = None
        self._thread: threading.Thread | None = None
        self._project: Project | None = None
        self._version: Version | None = None
        self._asked_to_stop = False
        session.opened.connect(self._on_opened)
        session.images.changed.connect(self._on_image)

    # ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def counts(self) -> tuple[int, int]:
        """How many images are labelled (and not reviewed yet), and how many reviewed."""
        images = self._session.images
        statuses = [images.badge(index).status for index in range(len(images))]
        return statuses.count("labelled"), statuses.count("reviewed")

    @property
    def is_running(self) -> bool:
        return self.state != "idle"

    def why_not(self, images: str = "labelled") -> str:
        """Why a round cannot be started now, "" where it can."""
        session, (labelled, reviewed) = self._session, self.counts
        if session.project is None:
            return "open a data set or a project first"
        if session.read_only:
            return "what is open is read-only: nothing learned could be kept"
        if self.is_running:
            return "a round is under way"
        count = reviewed if images == "reviewed" else labelled + reviewed
        if count < 2:
            return f"{count} of 2 {images} images: one to learn from, one to measure by"
        return ""

    @property
    def versions(self) -> Versions | None:
        """The versions of the open project; of a team's project those that were learned on this machine."""
        from segstudio.workflows.learning.versions import Versions

        project = self._session.project
        return None if project is None else Versions.of(project.path)

    @property
    def can_resume(self) -> bool:
        """Whether an interrupted round waits to be gone on with."""
        versions = self.versions
        return versions is not None and versions.state_file.is_file()

    # ── a round ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, **options: Any) -> bool:
        """Start a round; `options` are the fields of `LearnRequest` but the project. What stands against it is told."""
        from segstudio.workflows.learning.request import LearnRequest

        project = self._session.project
        reason = self.why_not(str(options.get("images", "labelled")))
        if reason or project is None:
            self._session.notify.tell("warning", f"learning did not start: {reason}")
            return False
        try:
            request = LearnRequest(project=full_address(project.path), **options)
        except UserError as error:
            self._session.notify.fault(error)
            return False
        self.state, self.said = "running", "starting"
        self.curve, self.before, self.report, self.predicted = [], None, None, 0
        self._project, self._version, self._asked_to_stop = project, None, False
        self._thread = threading.Thread(target=self._follow, args=(request, project), name="learning", daemon=True)
        self._thread.start()
        self.changed.emit(None)
        return True

    def pause(self) -> None:
        """Stand still, or go on where it stands still."""
        if self._process is None or self.state not in ("running", "paused"):
            return
        if self.state == "running":
            self._process.pause()
            self.state = "paused"
        else:
            self._process.go_on()
            self.state = "running"
        self.changed.emit(None)

    def cancel(self) -> None:
        """Stop after the step that is being made; the last whole epoch can be gone on from."""
        if self.is_running:
            self._asked_to_stop = True
            self.state = "stopping"
            if self._process is not None:
                self._process.cancel()
            self.changed.emit(None)

    def close(self) -> None:
        """End the round and its process; returns when both are gone."""
        self._asked_to_stop, self._project = True, None
        if self._process is not None:
            self._process.kill()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.state = "idle"

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def use(self, version: Version) -> None:
        """Take a version in hand, as the model, or the live forest, that predicts from now on."""
        from segstudio.workflows.learning.request import FOREST

        versions = self.versions
        if versions is not None and version.model == FOREST:
            live = self._session.forest
            live.project.load(versions.weights(version.name), then=lambda: self.changed.emit(None))
            live.switch(True)
        elif versions is not None:
            self._session.predictions.choose(version.model, weights=versions.weights(version.name))
            self._session.notify.info(f"{version.run} predicts from now on")
            self.changed.emit(None)

    def is_used(self, version: Version) -> bool:
        session, versions = self._session, self.versions
        used = (session.predictions.weights, session.forest.project.loaded_from)
        return versions is not None and versions.weights(version.name) in used

    def delete(self, version: Version) -> None:
        """Take a version away; its predictions stay in the project."""
        versions = self.versions
        if versions is None:
            return
        try:
            versions.delete(version.name)
        except EnvironmentFault as fault:
            self._session.notify.fault(fault)
        self.changed.emit(None)

    def doubtful_first(self) -> int:
        """Show the images that nobody labelled, those first of which the model is least sure; returns how many."""
        overview = self._session.overview
        if overview.table is None:
            overview.ready.connect(self._ask_once)
            overview.need()
            return 0
        return overview.ask("status:todo", order="confidence")

    def _ask_once(self, _: object) -> None:
        self._session.overview.ready.disconnect(self._ask_once)
        self.doubtful_first()

    # ── following ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _follow(self, request: LearnRequest, project: Project) -> None:
        """On a thread of its own: start the process, and send home what it tells."""
        from segstudio.workflows.learning.run import LearnProcess

        home = self._session.jobs.home
        last: dict[str, Any] = {"event": "failed", "message": "learning could not be started", "hint": ""}
        try:
            project.flush()
            process = LearnProcess(request)
        except SegStudioError as error:
            last |= {"message": error.message, "hint": error.hint}
            home(lambda: self._on_event(project, last))
            return
        self._process = process
        if self._asked_to_stop:
            process.cancel()
        if self._project is not project:  # closed while it was being started
            process.kill()
        for event in process.events():
            home(lambda event=event: self._on_event(project, event))  # type: ignore[misc]
        self._process = None
        process.close()

    def _on_event(self, project: Project, event: dict[str, Any]) -> None:
        if project is not self._project:
            return
        kind = event["event"]
        if kind == "material":
            self.said = f"{event['train']} images to learn from, {event['held_out']} held out, on {event['device']}"
        elif kind == "before":
            self.before = event["miou"]
        elif kind == "epoch":
            self.curve.append(Epoch(event["epoch"], event["seconds"], event["loss"], event["miou"]))
        elif kind in ("accepted", "rejected"):
            self._judged(event)
        elif kind == "predicted" and self._version is not None:
            self.predicted += 1
            self.said = f"predicting {event['done']} of {event['total']}"
            self._keep(project, self._version, event)
        elif kind in ("done", "failed", "cancelled"):
            self._ended(event)
        self.changed.emit(None)

    def _judged(self, event: Mapping[str, Any]) -> None:
        self.report = event
        versions = self.versions
        if event["accepted"] and versions is not None:
            self._version = next((one for one in versions.all() if one.name == event["version"]), None)

    def _ended(self, event: Mapping[str, Any]) -> None:
        self.state, notify = "idle", self._session.notify
        if event["event"] == "failed":
            self.said = str(event["message"])
            notify.tell("warning", self.said, hint=str(event.get("hint", "")))
        elif event["event"] == "cancelled":
            kept = "the last whole epoch is kept, and can be gone on from" if self.can_resume else "nothing is kept"
            self.said = f"stopped: {kept}"
        elif self._version is not None:
            self.said = f"kept as {self._version.name}"
            notify.info(f"{self._version.run} is better than what was in use, and is kept")
        else:
            self.said = "no better than what is in use: not kept"
            notify.info("learning ended: no better than what is in use, so nothing was kept")

    def _keep(self, project: Project, version: Version, event: Mapping[str, Any]) -> None:
        session, key = self._session, str(event["key"])
        index = session.images.index_of(key)
        if index is None:
            return
        item, classes = session.images[index], session.classes.current
        layer_name = prediction_layer(version.run)

        def work(job: Job) -> tuple[Layer | None, list[Any]]:
            from segstudio.session.dataset.image_facts import stored_facts
            from segstudio.workflows.learning.predict import keep_prediction

            keep_prediction(project, version, event)
            rows = stored_facts(item, [layer_name], project, classes)
            differs = event.get("disagreement")
            if differs is not None:
                rows = [(k, name, replace(facts, disagreement=float(differs))) for k, name, facts in rows]
            project.put_facts(rows)
            kept = project.load(key, layer_name)
            return (None if kept is None else Layer.from_annotation(layer_name, kept, locked=True)), rows

        def done(found: tuple[Layer | None, list[Any]]) -> None:
            layer, rows = found
            document = session.document
            if document is not None and document.key == key and layer is not None:
                document.set_prediction(layer)
                session.view.show_only_prediction(layer_name)
            place = session.images.index_of(key)
            if place is not None and session.images.badge(place).status == "to do":
                session.overview.take_rows(rows)

        def failed(error: BaseException) -> None:
            if session.project is project:  # else it was closed meanwhile, and nobody waits for this
                session.notify.fault(error)

        session.jobs.submit(work, done=done, failed=failed)

    def _on_opened(self, _: object) -> None:
        if self.is_running:
            self.close()  # the round belongs to what was open; it can be gone on with there
        self.said, self.curve, self.before, self.report = "", [], None, None
        self.changed.emit(None)

    def _on_image(self, _: int) -> None:
        self.changed.emit(None)


def light_models() -> list[tuple[str, str]]:
    """(name, title) of the forest and of the semantic models of at most `MOST_PARAMETERS` that can be built here.

    The lightest come first. The first call reads every model's card, which takes a while.
    """
    from segstudio.models.registry import default_registry
    from segstudio.workflows.learning.request import FOREST

    registry = default_registry()
    found = []
    for card in registry.cards("semantic"):
        builds = "build" in registry.entry(card.name).offer.code and not registry.missing_extra(card.name)
        if builds and card.parameters is not None and card.parameters <= MOST_PARAMETERS:
            found.append((card.parameters, card.name, card.title))
    return [(FOREST, "Superpixel forest"), *((name, title) for _, name, title in sorted(found))]
