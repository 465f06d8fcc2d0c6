"""Why objects are wrong over the data set: TIDE's six kinds, how many there are and what mending each would give."""

from __future__ import annotations

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import Annotation
from segstudio.formats.cityscapes_polygons import LABEL
from segstudio.metrics.instance_errors import InstanceErrors, instance_errors
from segstudio.metrics.instances import DetectedInstance, InstanceImage
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.jobs import Job
from segstudio.session.scores.live_instances import rle_of, thing_ids, truth_instances
from segstudio.session.scores.sides import SideReader, read_truth


class ObjectErrors:
    """Compares the objects of the inspected layer with the truth's after `count`; `found` stays until the next one."""

    def __init__(self, inspection: Inspection) -> None:
        self.changed: Event[None] = Event()
        self.found: InstanceErrors | None = None
        self.num_images = 0
        self._inspection = inspection
        self._session = inspection.session
        self._state: object = None
        self._job: Job | None = None
        inspection.changed.connect(self._on_news)

    @property
    def is_counting(self) -> bool:
        return self._job is not None and not self._job.finished

    def count(self) -> None:
        """Look at every image that has the layer, in the background."""
        session, state = self._session, self._now()
        reader, items, classes = SideReader.of(session, self._inspection.layer), list(session.images), self._classes
        self._state = state

        def work(job: Job) -> tuple[InstanceErrors, int]:
            keys = reader.keys()
            wanted = [item for item in items if item.key in keys]
            images = []
            for number, item in enumerate(wanted):
                job.progress(number, len(wanted), item.name)
                try:
                    said = reader.project.load(item.key, reader.layer) if reader.project is not None else None
                    truth = read_truth(item, reader.project)
                    if said is not None and truth is not None:
                        images.append(instances_of(item.key, truth, said, classes))
                except UserError:
                    continue
            return instance_errors(images), len(images)

        def done(result: tuple[InstanceErrors, int]) -> None:
            self._job = None
            if state == self._now():
                self.found, self.num_images = result
            self.changed.emit(None)

        self._job = session.jobs.submit(
            work, done=done, failed=session.notify.fault, lane="batch", key="inspect-objects", title="kinds of objects"
        )
        self.changed.emit(None)

    def cancel(self) -> None:
        """End the count."""
        self._session.jobs.cancel("inspect-objects")
        self._job = None
        self.changed.emit(None)

    @property
    def _classes(self) -> ClassSet:
        return self._session.classes.current

    def _now(self) -> object:
        return self._inspection.layer, self._classes, self._session.project

    def _on_news(self, _: object) -> None:
        if self.found is not None and self._state != self._now():
            self.found = None
            self.changed.emit(None)


def instances_of(key: str, truth: Annotation, said: Annotation, classes: ClassSet) -> InstanceImage:
    """The objects of thing classes of both sides; one without a score counts as sure."""
    wanted = thing_ids(classes)
    items = [o for o in said.objects if o.class_id in wanted and not o.is_crowd and LABEL not in o.extra]
    found = [DetectedInstance(o.class_id, 1.0 if o.score is None else o.score, rle_of(o, said.size_hw)) for o in items]
    return InstanceImage(key, truth_instances(truth, classes), found)
