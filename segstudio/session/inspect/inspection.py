"""What the inspector looks at: the confusion of one layer against the truth, of the open image and of the data set."""

from __future__ import annotations

from collections.abc import Mapping

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS
from segstudio.core.raster import RasterDelta
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.document import Document
from segstudio.session.inspect.judged import judged_layer
from segstudio.session.inspect.news import look_through
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader, is_countable, judged_names, sides_of_document
from segstudio.session.session import Session


class Inspection:
    """Counts the `layer` over all images in the background, keeps one matrix per image, and follows every edit.

    `changed` carries nothing; a view asks for what it shows. Nothing is counted before `start`. Labels of the open
    image come from the live scores, so that they cost nothing; images of which the layer is not stored do not count.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.session = session
        self.layer = LABELS
        self.done_images = self.total_images = 0
        self._matrices: dict[str, ConfusionMatrix] = {}
        self._document: Document | None = None
        self._is_on = False
        self._is_stale = True
        self._is_chosen = False
        self._job: Job | None = None
        session.document_changed.connect(self._on_document)
        session.opened.connect(self._on_opened)
        session.classes.changed.connect(self._on_opened)

    def start(self) -> None:
        """Somebody looks: count what is not counted yet."""
        self._is_on = True
        if not self._is_stale:
            return
        document = self.session.document
        if document is not None and not self._is_chosen:
            self.layer = judged_layer(document, self.session.view.now).name
        self._follow(document)
        self.recount()

    def stop(self) -> None:
        """Nobody looks: what is counted is kept up to date, but nothing more is counted."""
        self._is_on = False
        if self.is_counting:
            self._is_stale = True
            self.cancel()

    @property
    def is_on(self) -> bool:
        """Whether anybody looks."""
        return self._is_on

    @property
    def names(self) -> list[str]:
        """The layers that can be chosen."""
        return list(judged_names(self.session))

    def choose(self, layer: str) -> None:
        """Judge another layer."""
        self._is_chosen = True
        if layer != self.layer:
            self.layer = layer
            self.recount()

    def cancel(self) -> None:
        """End a count that is under way; the images that it reached stay counted."""
        self.session.jobs.cancel("inspect-count")
        self._job = None
        self.changed.emit(None)

    @property
    def is_counting(self) -> bool:
        """Whether the data set is being counted."""
        return self._job is not None and not self._job.finished

    def image_matrix(self) -> ConfusionMatrix | None:
        """The open image's counts as they are now; None where it cannot be counted."""
        document = self._document
        if document is None:
            return None
        if self.layer == LABELS:
            live = self.session.live
            return live.image_matrix() if live.has_truth and not document.is_bare else None
        return self._matrices.get(document.key)

    def matrices(self) -> Mapping[str, ConfusionMatrix]:
        """The counts of every known image, the open one as it is now, in the order of the images."""
        known = dict(self._matrices)
        image, document = self.image_matrix(), self._document
        if document is not None:
            if image is not None:
                known[document.key] = image
            else:
                known.pop(document.key, None)
        return {item.key: known[item.key] for item in self.session.images if item.key in known}

    def dataset_matrix(self) -> ConfusionMatrix:
        """The sum over `matrices`; a new one with each call."""
        classes = self.session.classes.current
        total = ConfusionMatrix(max(1, classes.num_classes), classes.ignored_index)
        for matrix in self.matrices().values():
            total += matrix
        return total

    def recount(self) -> None:
        """Count every image anew."""
        self._matrices = {}
        self._is_stale = False
        self.done_images = self.total_images = 0
        if not (self.session.images and is_countable(self.session.classes.current)):
            self.changed.emit(None)
            return
        reader, items = SideReader.of(self.session, self.layer), list(self.session.images)
        known = {item.key: self.session.live.matrix_of(item.key) for item in items} if self.layer == LABELS else {}
        layer = self.layer

        def home(found: dict[str, ConfusionMatrix], done: int, total: int, job: Job) -> None:
            self.session.jobs.home(lambda: self._take(found, done, total, job))

        def work(job: Job) -> None:
            stored = reader.keys()
            wanted = [item for item in items if item.key in stored]
            look_through(
                job,
                wanted,
                lambda item: known.get(item.key) or _count(reader, item),
                lambda found, done: home(found, done, len(wanted), job),
            )

        title = f"confusion of {layer.partition(':')[2] or layer}"
        self._job = self.session.jobs.submit(
            work,
            done=self._on_counted,
            failed=self.session.notify.fault,
            lane="batch",
            key="inspect-count",
            title=title,
        )
        self._count_open()
        self.changed.emit(None)

    def _take(self, found: dict[str, ConfusionMatrix], done: int, total: int, job: Job) -> None:
        if job.cancel_token.cancelled:
            return
        for key, matrix in found.items():
            # The open image is followed: what is stored of it may be older.
            if self._document is None or key != self._document.key:
                self._matrices[key] = matrix
        self.done_images, self.total_images = done, total
        self.changed.emit(None)

    def _on_counted(self, _: None) -> None:
        self._job = None
        self.changed.emit(None)

    def _count_open(self) -> None:
        """Count the open image where its labels are not what is judged."""
        document, layer = self._document, self.layer
        if document is None or layer == LABELS:
            return
        sides = sides_of_document(document, layer)
        if sides is None:
            self._matrices.pop(document.key, None)
            return
        classes = self.session.classes.current
        matrix = ConfusionMatrix(classes.num_classes, classes.ignored_index)
        matrix.add(sides.truth_hw, sides.judged_hw)
        self._matrices[document.key] = matrix

    def _follow(self, document: Document | None) -> None:
        before, self._document = self._document, document
        if before is not None:
            before.pixels_changed.disconnect(self._on_pixels)
            before.layers_changed.disconnect(self._on_layers)
            before.truth_changed.disconnect(self._on_truth)
        if document is not None:
            document.pixels_changed.connect(self._on_pixels)
            document.layers_changed.connect(self._on_layers)
            document.truth_changed.connect(self._on_truth)

    def _on_document(self, document: Document | None) -> None:
        if self._is_stale:
            return
        before = self._document
        if before is not None and self.layer == LABELS:
            # Live scores are still at hand: this is called before another image is counted, or right after.
            matrix = self.session.live.matrix_of(before.key)
            if matrix is not None:
                self._matrices[before.key] = matrix
            else:
                self._matrices.pop(before.key, None)
        self._follow(document)
        self._count_open()
        self.changed.emit(None)

    def _on_opened(self, _: object) -> None:
        self._matrices = {}
        self._is_stale = True
        self._follow(self.session.document)
        if self._is_on:
            if self.layer not in self.names:
                self.layer = LABELS
            self.recount()

    def _on_pixels(self, _: RasterDelta) -> None:
        if self.layer == LABELS:
            self.changed.emit(None)

    def _on_layers(self, name: str) -> None:
        if name == self.layer:
            self._count_open()
        self.changed.emit(None)

    def _on_truth(self, _: object) -> None:
        self._count_open()
        self.changed.emit(None)


def _count(reader: SideReader, item: ImageItem) -> ConfusionMatrix | None:
    try:
        sides = reader.read(item)
    except UserError:
        # Opening the image will say what is wrong with it; it does not count here.
        return None
    if sides is None:
        return None
    matrix = ConfusionMatrix(reader.class_set.num_classes, reader.class_set.ignored_index)
    matrix.add(sides.truth_hw, sides.judged_hw)
    return matrix
