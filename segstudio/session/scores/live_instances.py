"""Average precision of the labels' objects, of the open image and of the data set, following every edit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import LABELS, Annotation
from segstudio.core.objects import SegObject, Shape
from segstudio.core.transaction import Changes
from segstudio.formats.cityscapes_polygons import LABEL
from segstudio.formats.object_list import objects_of
from segstudio.metrics.instances import DetectedInstance, InstanceImage, Rle, TruthInstance
from segstudio.metrics.live_ap import LiveAveragePrecision, Parts
from segstudio.ops.shapes import as_mask
from segstudio.session.document import Document
from segstudio.session.scores.followed import FollowedCounts
from segstudio.session.session import Session


class InstanceScores(FollowedCounts[Parts]):
    """Counts from `start` to `stop`: an edit matches again only the classes that it touches, in the open image alone.

    An object without a score counts as sure (1.0). Crowds of the labels do not count as found.
    """

    job = "live-instances"
    title = "AP"

    def __init__(self, session: Session) -> None:
        self._truth: list[TruthInstance] = []
        self._class_of: dict[int, int] = {}
        self._rles: dict[int, tuple[Shape, Rle]] = {}
        self.live = LiveAveragePrecision()
        self.at_opening: Parts = {}
        self.at_mark: Parts = {}
        super().__init__(session)

    def mark(self) -> None:
        """An edit begins."""
        if self._document is not None:
            self.at_mark = self.live.parts(self._document.key)

    @property
    def key(self) -> str:
        """The open image's, "" where it cannot be scored."""
        document = self._document
        return document.key if document is not None and document.truth is not None else ""

    def _renew(self) -> Callable[[str, Parts], None]:
        live = self.live = LiveAveragePrecision()

        def take(key: str, parts: Parts) -> None:
            if live is self.live and key != self.key:
                live.set_parts(key, parts)
                self.changed.emit(None)

        return take

    def _leave(self, document: Document) -> None:
        if document.is_bare:
            self.live.forget_image(document.key)

    def _hear(self, document: Document) -> None:
        document.changed.connect(self._on_changes)

    def _hear_no_more(self, document: Document) -> None:
        document.changed.disconnect(self._on_changes)

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

    def _counter(self, classes: ClassSet) -> Callable[[str, Annotation, Annotation], Parts | None]:
        live = self.live

        def count(key: str, truth: Annotation, labels: Annotation) -> Parts | None:
            if not labels.objects:
                return None
            found = _detections(labels, classes)
            return live.parts_of(InstanceImage(key, truth_instances(truth, classes), found))

        return count


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
