"""Truth and labels (or a prediction) of any image of what is open, as evaluation indices, shown or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, TRUTH, Annotation
from segstudio.core.progress import CancelToken
from segstudio.core.segments import SegmentTable
from segstudio.ops.index_view import indices_of
from segstudio.session.document import Document
from segstudio.session.scores.live import IndexRaster

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.store import Project


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Evaluation indices `[H, W]` of the truth and of the layer that is judged, of the image `key`."""

    key: str
    truth_hw: IndexRaster
    judged_hw: IndexRaster


@dataclass(frozen=True, slots=True)
class SideReader:
    """Reads the sides of images off the home thread; what it needs is fixed when it is made."""

    project: Project | None
    class_set: ClassSet
    layer: str

    @classmethod
    def of(cls, session: Session, layer: str) -> SideReader:
        """For what is open now."""
        return cls(session.project, session.classes.current, layer)

    def keys(self) -> frozenset[str]:
        """The images of which the layer is stored."""
        return self.project.keys_with(self.layer) if self.project is not None else frozenset()

    def read(self, item: ImageItem) -> Sides | None:
        """The stored sides of one image; None where either is missing or labels nothing.

        Raises `UserError` where a file cannot be read or the two differ in size.
        """
        if self.project is None:
            return None
        judged = self.project.load(item.key, self.layer)
        if judged is None:
            return None
        truth = read_truth(item, self.project)
        if truth is None:
            return None
        truth_hw, judged_hw = (self._index(one) for one in (truth, judged))
        if truth_hw is None or judged_hw is None:
            return None
        if truth_hw.shape != judged_hw.shape:
            raise UserError(f"{item.key}: truth and {self.layer} differ in size")
        return Sides(item.key, truth_hw, judged_hw)

    def annotations(
        self, items: Iterable[ImageItem], cancel: CancelToken
    ) -> Iterator[tuple[str, Annotation, Annotation]]:
        """Key, truth and layer of every image that has both, one after another; what cannot be read is left out."""
        if self.project is None:
            return
        keys = self.keys()
        for item in items:
            cancel.raise_if_cancelled()
            if item.key not in keys:
                continue
            try:
                judged, truth = self.project.load(item.key, self.layer), read_truth(item, self.project)
            except UserError:
                continue
            if judged is not None and truth is not None:
                yield item.key, truth, judged

    def _index(self, annotation: Annotation) -> IndexRaster | None:
        from segstudio.session.opening import with_raster

        whole = with_raster(annotation, self.class_set)
        if whole.labels_hw is None or not (whole.labels_hw.any() or annotation.objects):
            return None
        return indices_of(SegmentTable(whole.segments).index_lut(self.class_set), whole.labels_hw)


def read_truth(item: ImageItem, project: Project | None) -> Annotation | None:
    """The truth of an image: the person's corrected copy where the project has one, else the data set's."""
    corrected = project.load(item.key, TRUTH) if project is not None else None
    if corrected is not None:
        return corrected
    return item.read_annotation() if item.read_annotation is not None else None


def sides_of_document(document: Document, layer: str) -> Sides | None:
    """The sides of the open image as they are now (copies); None where there is no truth or no such layer."""
    if document.truth_index_hw is None or layer not in document.layer_names:
        return None
    if layer == LABELS and document.is_bare:
        return None
    return Sides(document.key, document.truth_index_hw.copy(), document.layer(layer).index_map(document.class_set))


def is_countable(class_set: ClassSet) -> bool:
    """Whether there are classes to count, and few enough for maps of bytes."""
    return 1 <= class_set.num_classes <= IGNORED


def judged_names(session: Session) -> Iterator[str]:
    """The layers that can be judged over the data set: the labels, the runs of the project, the open image's others."""
    seen = [LABELS]
    if session.project is not None:
        seen += [f"prediction:{row.name}" for row in session.project.runs()]
    if session.document is not None:
        seen += session.document.predictions
    yield from dict.fromkeys(seen)
