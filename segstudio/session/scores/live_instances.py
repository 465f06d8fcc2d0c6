"""Average precision of the labels' objects, of the open image and of the data set, following every edit."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS, Annotation
from segstudio.core.objects import SegObject, Shape
from segstudio.core.transaction import Changes
from segstudio.formats.cityscapes_polygons import LABEL
from segstudio.formats.object_list import objects_of
from segstudio.metrics.instances import DetectedInstance, InstanceImage, Rle, TruthInstance
from segstudio.metrics.live_ap import LiveAveragePrecision, Parts
from segstudio.ops.shapes import as_mask
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader
from segstudio.session.session import Session


class InstanceScores:
    """Counts from `start` to `stop`: an edit matches again only the classes that it touches, in the open image alone.

    An object without a score counts as sure (1.0). Crowds of the labels do not count as found.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._document: Document | None = None
        self._is_on = False
        self._truth: list[TruthInstance] = []
        self._class_of: dict[int, int] = {}
        self._rles: dict[int, tuple[Shape, Rle]] = {}
        self.live = LiveAveragePrecision()
        self.at_opening: Parts = {}
        self.at_mark: Parts = {}
        session.document_changed.connect(self._on_document)
        session.opened.connect(self._on_other_classes)
        session.classes.changed.connect(self._on_other_classes)

    def start(self) -> None:
        """Count from now on."""
        if not self._is_on:
            self._is_on = True
            self._begin()

    def stop(self) -> None:
        """Count no more."""
        self._is_on = False
        self._session.jobs.cancel("live-instances")
        self._follow(None)

    def mark(self) -> None:
        """An edit begins."""
        if self._document is not None:
            self.at_mark = self.live.parts(self._document.key)

    @property
    def key(self) -> str:
        """The open image's, "" where it cannot be scored."""
        document = self._document
        return document.key if document is not None and document.truth is not None else ""

    def _begin(self) -> None:
        self.live = LiveAveragePrecision()
        self._on_document(self._session.document)
        self._count_others()

    def _on_other_classes(self, _: object) -> None:
        if self._is_on:
            self._begin()

    def _on_document(self, document: Document | None) -> None:
        if not self._is_on:
            return
        before = self._document
        if before is not None and before.is_bare:
            self.live.forget_image(before.key)
        self._follow(document)
        self._open()

    def _follow(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.changed.disconnect(self._on_changes)
            self._document.truth_changed.disconnect(self._on_truth)
        self._document = document
        if document is not None:
            document.changed.connect(self._on_changes)
            document.truth_changed.connect(self._on_truth)

    def _open(self) -> None:
        document = self._document
        self._truth, self._class_of, self._rles = [], {}, {}
        self.at_opening = self.at_mark = {}
        if document is not None and document.truth is not None:
            classes, size_hw = self._session.classes.current, document.size_hw
            self._truth = truth_instances(document.truth.to_annotation(), classes)
            wanted = thing_ids(classes)
            items = [item for item in document.labels.objects if item.class_id in wanted]
            self._class_of = {item.id: item.class_id for item in document.labels.objects}
            found = [self._detection(item, size_hw) for item in items if not item.is_crowd]
            self.live.set_image(document.key, InstanceImage(document.key, self._truth, found))
            self.at_opening = self.at_mark = self.live.parts(document.key)
        self.changed.emit(None)

    def _detection(self, item: SegObject, size_hw: tuple[int, int]) -> DetectedInstance:
        kept = self._rles.get(item.id)
        if kept is None or kept[0] is not item.shape:
            kept = self._rles[item.id] = item.shape, rle_of(item, size_hw)
        return DetectedInstance(item.class_id, 1.0 if item.score is None else item.score, kept[1])

    def _on_changes(self, changes: Changes) -> None:
        document = self._document
        if document is None or document.truth is None or changes.layer != LABELS or not changes.objects:
            return
        objects = document.labels.objects
        touched = {self._class_of[key] for key in changes.objects if key in self._class_of}
        for key in changes.objects:
            item = objects.get(key)
            if item is None:
                self._class_of.pop(key, None)
                self._rles.pop(key, None)
            else:
                self._class_of[key] = item.class_id
                touched.add(item.class_id)
        for class_id in touched & thing_ids(self._session.classes.current):
            truth = [item for item in self._truth if item.class_id == class_id]
            items = [item for item in objects if item.class_id == class_id and not item.is_crowd]
            found = [self._detection(item, document.size_hw) for item in items]
            self.live.rematch(document.key, class_id, truth, found)
        self.changed.emit(None)

    def _on_truth(self, _: object) -> None:
        self._open()

    def _count_others(self) -> None:
        session = self._session
        reader, items = SideReader.of(session, LABELS), list(session.images)
        live, classes = self.live, session.classes.current

        def work(job: Job) -> None:
            for key, truth, labels in reader.annotations(items, job.cancel_token):
                if not labels.objects:
                    continue
                with suppress(UserError):
                    image = InstanceImage(key, truth_instances(truth, classes), _detections(labels, classes))
                    self._send(live, key, live.parts_of(image))

        session.jobs.submit(
            work, done=lambda _: None, failed=session.notify.fault, lane="batch", key="live-instances", title="AP"
        )

    def _send(self, live: LiveAveragePrecision, key: str, parts: Parts) -> None:
        def take() -> None:
            if live is self.live and key != self.key:
                live.set_parts(key, parts)
                self.changed.emit(None)

        self._session.jobs.home(take)


def thing_ids(classes: ClassSet) -> frozenset[int]:
    """The classes whose instances are scored."""
    return frozenset(c.id for c in classes.classes if c.is_thing and not c.is_ignored)


def truth_instances(truth: Annotation, classes: ClassSet) -> list[TruthInstance]:
    """The truth's objects of thing classes; those of its raster where it has none of its own."""
    own: Iterable[SegObject] = [item for item in truth.objects if LABEL not in item.extra]
    wanted = thing_ids(classes)
    items = [item for item in own or objects_of(truth, classes) if item.class_id in wanted and LABEL not in item.extra]
    return [TruthInstance(item.class_id, rle_of(item, truth.size_hw), item.is_crowd) for item in items]


def _detections(labels: Annotation, classes: ClassSet) -> list[DetectedInstance]:
    wanted = thing_ids(classes)
    items = [item for item in labels.objects if item.class_id in wanted and not item.is_crowd]
    return [DetectedInstance(o.class_id, 1.0 if o.score is None else o.score, rle_of(o, labels.size_hw)) for o in items]


def rle_of(item: SegObject, size_hw: tuple[int, int]) -> Rle:
    """An object's pixels as COCO's run lengths."""
    mask = as_mask(item.shape, size_hw)
    return {"size": [mask.height, mask.width], "counts": mask.counts}
