"""The live forest: whatever is painted in the open image labels all of it, as a locked layer that nothing keeps.

What people painted (or brought, or looked through) teaches and is never answered for, so that accepting the layer
leaves it as it is; what was accepted from the forest or a model does not teach and may be answered otherwise.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.event import Event
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer, prediction_layer
from segstudio.core.raster import UNLABELLED, LabelRaster, RasterDelta
from segstudio.core.transaction import Changes
from segstudio.session.assist.project_forest import ProjectForest, class_lut
from segstudio.session.document import Document
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.core.class_set import ClassSet
    from segstudio.session.session import Session
    from segstudio.session.workspace import Workspace
    from segstudio.workflows.forest_session import Answer, Patches

FOREST = prediction_layer("forest")
_KEPT = 3
"""Pictures whose patches are kept: the open one and what lies on both sides of it."""
_KEYS = ("forest-patches", "forest-answer", "forest-refine", "forest-ahead")


@dataclass(frozen=True, slots=True)
class ForestFacts:
    """What the last answer rests on: patches, those that were painted, classes, its mean confidence 0…1, how long it
    took from the question to the layer, in seconds, and whether it has been drawn to the edges.
    """

    patches: int = 0
    painted: int = 0
    classes: int = 0
    confidence: float = 0.0
    seconds: float = 0.0
    refined: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """An answer at home: its layer, what it rests on, and what to remember of the image."""

    layer: Layer
    answer: Answer
    facts: ForestFacts
    owners: NDArray[np.intp]
    class_ids: NDArray[np.int32]


class LiveForest:
    """Off until a person switches it on. `changed` is emitted whenever what a panel shows of it does.

    A stroke is answered in a worker, the latest question first; when the hand rests, the answer is drawn to the edges
    of the picture. All methods belong to the home thread.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.is_on = False
        self.with_position = True
        self.state = "off"
        self.facts = ForestFacts()
        self.project = ProjectForest(session, self._on_project)
        self._session = session
        self._document: Document | None = None
        self._patches: OrderedDict[str, tuple[object, Patches]] = OrderedDict()
        self._told: _Told | None = None
        self._doubtful: list[Rect] | None = None
        self._visited = 0
        self._busy = self._again = False
        self._painted_hw: NDArray[np.bool_] | None = None
        session.origins.changed.connect(self._on_origins)
        session.document_changed.connect(self._on_document)
        session.opened.connect(self._on_opened)

    def switch(self, on: bool) -> None:
        """Begin to answer, or stop and take the layer away."""
        if on == self.is_on:
            return
        self.is_on = on
        if on:
            self._take(self._session.document)
            if self._session.project is not None:
                self.project.learn(lambda _: None)
        else:
            self._leave()
            self._remove_layer(self._session.document)
        self._tell("off" if not on else self.state)

    def use_position(self, used: bool) -> None:
        """Whether where a patch lies says something about its class: so in streets, not under a microscope."""
        if used != self.with_position:
            self.with_position = used
            self.ask()
            self.changed.emit(None)

    def ask(self) -> None:
        """Answer anew as soon as the worker is free."""
        document = self._document
        if not self.is_on or document is None:
            return
        if self._busy or document.key not in self._patches or not self._session.origins.is_current:
            self._again = True
            return
        self._session.jobs.cancel("forest-refine")
        self._busy, self._again = True, False
        self._start(document, self._patches[document.key][1])

    def next_doubtful(self) -> Rect | None:
        """The most doubtful region of the image; asked again, the next one, round and round; None where none is."""
        told, document = self._told, self._document
        if told is None or document is None or document.key not in self._patches:
            return None
        if self._doubtful is None:
            self._doubtful = self._patches[document.key][1].doubtful(told.answer)
            self._visited = 0
        if not self._doubtful:
            return None
        found = self._doubtful[self._visited % len(self._doubtful)]
        self._visited += 1
        return found

    def save(self, path: Path) -> Job:
        """Write what the open image and the others taught to a file. Raises `UserError` where that is nothing."""
        document, told = self._document, self._told
        if document is not None and told is not None and document.key in self._patches:
            self.project.keep(document.key, self._patches[document.key][1].features[told.owners], told.class_ids)
        return self.project.save(path)

    # ── following the session ────────────────────────────────────────────────────────────────────────────────────────

    def _on_opened(self, _: Workspace | None) -> None:
        self._patches.clear()
        self.project.forget()

    def _on_project(self) -> None:
        if self._told is None or not self._told.facts.painted:
            self.ask()
        self.changed.emit(None)

    def _on_document(self, document: Document | None) -> None:
        if self.is_on:
            self._leave()
            self._take(document)

    def _take(self, document: Document | None) -> None:
        self._document = document
        if document is None:
            self._tell("off" if not self.is_on else "no image")
            return
        document.pixels_changed.connect(self._on_pixels)
        self._session.origins.need()
        kept = self._patches.get(document.key)
        if kept is not None and kept[0] is document.pyramid:
            self._patches.move_to_end(document.key)
            self._on_patches()
            return
        self._patches.pop(document.key, None)
        self._again = True
        self._tell("preparing")
        self._prepare(document.key, document.pyramid, "forest-patches")

    def _leave(self) -> None:
        """Put the image away: remember what was painted, drop what is under way."""
        for key in _KEYS:
            self._session.jobs.cancel(key)
        document, told = self._document, self._told
        if document is not None:
            document.pixels_changed.disconnect(self._on_pixels)
            if told is not None and document.key in self._patches:
                features = self._patches[document.key][1].features
                self.project.keep(document.key, features[told.owners], told.class_ids)
        self._document = self._told = self._doubtful = self._painted_hw = None
        self._busy = self._again = False
        self.facts = ForestFacts()

    def _remove_layer(self, document: Document | None) -> None:
        if document is not None and document.predictions.pop(FOREST, None) is not None:
            document.layers_changed.emit(FOREST)
            document.changed.emit(Changes(FOREST, pixels=document.labels.raster.bounds))

    def _prepare(self, key: str, pyramid: Any, job_key: str) -> None:
        def work(job: Job) -> Patches:
            import sklearn.ensemble  # noqa: F401 - takes a second to load; better now than at the first stroke

            from segstudio.workflows.forest_session import Patches

            patches = Patches(pyramid.image_hwc)
            _ = patches.ways
            return patches

        def done(patches: Patches) -> None:
            self._patches[key] = pyramid, patches
            self._patches.move_to_end(key)
            while len(self._patches) > _KEPT:
                self._patches.popitem(last=False)
            if self._document is not None and self._document.key == key:
                self._on_patches()

        ahead = job_key == "forest-ahead"
        self._session.jobs.submit(
            work, done=done, failed=self._failed, lane="batch" if ahead else "compute", key=job_key
        )

    def _on_patches(self) -> None:
        self._tell("ready")
        self.ask()
        self._prepare_ahead()

    def _prepare_ahead(self) -> None:
        """Have the next image's patches ready when a person comes to it."""
        session, index = self._session, self._session.index
        following = session.images.step(index, 1) if index is not None else None
        if following is None or following == index:
            return
        item = session.images[following]
        if item.path is None or item.key in self._patches:
            return
        path, page, key = item.path, item.page, item.key

        def work(job: Job) -> Any:
            from segstudio.ops.image import probe_size_hw
            from segstudio.session.pictures import AHEAD_PIXELS

            height, width = probe_size_hw(path)
            return session.pictures.get(path, page) if height * width <= AHEAD_PIXELS else None

        def done(pyramid: Any) -> None:
            if pyramid is not None and self.is_on and key not in self._patches:
                self._prepare(key, pyramid, "forest-ahead")

        session.jobs.submit(work, done=done, failed=lambda _: None, key="forest-ahead-picture")

    def _on_pixels(self, delta: RasterDelta) -> None:
        document = self._document
        if document is None or delta.rect.is_empty:
            return
        if self._painted_hw is None:
            self._painted_hw = np.zeros(document.size_hw, np.bool_)
        # Whatever is written here is a person's, until the edit is done and says whose it is.
        self._painted_hw[delta.rect.slices] |= delta.before_hw != delta.after_hw
        self.ask()

    def _on_origins(self, _: None) -> None:
        self._painted_hw = None
        self.ask()

    # ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, document: Document, patches: Patches) -> None:
        asked = time.perf_counter()
        question = _Question(document, patches, self._accepted(), self.with_position)
        priors = self.project.forests

        def work(job: Job) -> _Told:
            return question.answer(priors)

        def done(told: _Told) -> None:
            self._busy = False
            if document is not self._document:
                return
            self._show(document, told, seconds=time.perf_counter() - asked)
            if self._again:
                self.ask()
            elif 0 < len(told.answer.class_ids) < 256:
                self._refine(document, question, told)

        def failed(error: BaseException) -> None:
            self._busy = False
            self._failed(error)

        self._session.jobs.submit(work, done=done, failed=failed, lane="compute", key="forest-answer")

    def _accepted(self) -> Callable[[], NDArray[np.bool_] | None]:
        """A call, for the worker, that gives the pixels which no person made: what the forest may not learn from."""
        automatic, painted_hw = self._session.origins.automatic(), self._painted_hw

        def look() -> NDArray[np.bool_] | None:
            found = automatic()
            return found if found is None or painted_hw is None else found & ~painted_hw

        return look

    def _refine(self, document: Document, question: _Question, told: _Told) -> None:
        def done(layer: Layer) -> None:
            if document is self._document and told is self._told:
                document.set_prediction(layer)
                self.facts = replace(self.facts, refined=True)
                self.changed.emit(None)

        self._session.jobs.submit(
            lambda job: question.refined(told, job),
            done=done,
            failed=self._failed,
            lane="compute",
            key="forest-refine",
        )

    def _show(self, document: Document, told: _Told, *, seconds: float) -> None:
        first = FOREST not in document.predictions
        self._told, self._doubtful = told, None
        self.facts = replace(told.facts, seconds=seconds)
        if first:
            document.set_prediction(told.layer)
            self._session.view.show_only_prediction(FOREST)
        else:
            # The list of layers is as it was: only the picture is drawn anew while the hand moves.
            document.predictions[FOREST] = told.layer
            document.changed.emit(Changes(FOREST, pixels=told.layer.raster.bounds, segments=True))
        self._tell("ready")

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, ImportError):
            self._session.notify.tell("error", "the forest needs scikit-learn", hint="pip install segstudio[learn]")
        else:
            self._session.notify.fault(error)
        self.switch(False)

    def _tell(self, state: str) -> None:
        self.state = state
        self.changed.emit(None)


class _Question:
    """The labels as they are when a worker comes to them, and what they say of the rest."""

    def __init__(
        self,
        document: Document,
        patches: Patches,
        accepted: Callable[[], NDArray[np.bool_] | None],
        with_position: bool,
    ) -> None:
        self._ids_hw = document.labels.raster.ids_hw
        self._class_set: ClassSet = document.class_set
        self._class_of = class_lut(document.labels.segments, self._class_set.by_id)
        self._patches = patches
        self._accepted = accepted
        self._with_position = with_position
        self._own_hw: NDArray[np.bool_] | None = None

    def answer(self, priors: Any) -> _Told:
        from segstudio.workflows.forest_session import NOTHING, classes_of

        patches = self._patches
        self._own_hw = own_hw = self._ids_hw != UNLABELLED
        accepted_hw = self._accepted()
        if accepted_hw is not None:
            own_hw &= ~accepted_hw
        classes_hw = classes_of(patches.seen(self._ids_hw), self._class_of)
        if accepted_hw is not None:
            classes_hw[patches.seen(accepted_hw)] = NOTHING
        owners, class_ids = patches.painted(classes_hw)
        answer = patches.answer(owners, class_ids, priors=priors, with_position=self._with_position)
        confidence = answer.confidence
        facts = ForestFacts(
            patches.count,
            len(owners),
            len(np.unique(class_ids)),
            float(confidence.mean()) / 255 if len(answer.class_ids) else 0.0,
        )
        layer = self._layer()
        if len(answer.class_ids):
            ids = self._segment_ids(layer, answer)[answer.winners]
            self._fill(layer, ids[patches.cells_hw], confidence[patches.cells_hw])
        else:
            layer.confidence_hw = np.zeros(patches.size_hw, np.uint8)
        return _Told(layer, answer, facts, owners, class_ids)

    def refined(self, told: _Told, job: Job) -> Layer:
        """The same answer, drawn to the edges of the picture."""
        layer = self._layer()
        _, winners, confidence_hw = self._patches.refined(told.answer, check=job.cancel_token.raise_if_cancelled)
        self._fill(layer, self._segment_ids(layer, told.answer)[winners], confidence_hw)
        return layer

    def _layer(self) -> Layer:
        layer = Layer(FOREST, self._patches.size_hw, locked=True)
        layer.ensure_class_segments(self._class_set)
        layer.extra = {"run": "forest", "model": "superpixel forest"}
        return layer

    def _segment_ids(self, layer: Layer, answer: Answer) -> NDArray[np.uint16]:
        found = (layer.segments.of_class(class_id) for class_id in answer.class_ids.tolist())
        return np.array([segment.id if segment is not None else UNLABELLED for segment in found], np.uint16)

    def _fill(self, layer: Layer, ids_hw: NDArray[np.uint16], confidence_hw: NDArray[np.uint8]) -> None:
        assert self._own_hw is not None
        ids_hw, confidence_hw = (self._patches.on_picture(values) for values in (ids_hw, confidence_hw))
        layer.raster = LabelRaster.from_array(np.where(self._own_hw, np.uint16(UNLABELLED), ids_hw))
        layer.confidence_hw = np.where(self._own_hw, np.uint8(255), confidence_hw)
