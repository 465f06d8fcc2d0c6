"""Reading one image with all its layers, off the GUI thread; nothing visible changes before everything is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, TRUTH, Annotation, Layer
from segstudio.core.segments import SegmentTable
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.ops.shapes import paint_objects
from segstudio.render.pyramid import Pyramid
from segstudio.session.census import count_segments
from segstudio.session.pictures import PictureCache
from segstudio.session.scores.live import IndexRaster, matrix_of_layer
from segstudio.session.scores.truth_index import truth_index

if TYPE_CHECKING:
    from segstudio.store import Project


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything of one image that a document is made from.

    Of a team's project also who else works on it ("" for nobody), and the classes as they are there now. `counted` is
    the labels' matrix against the truth, with the classes that it was counted under.
    """

    item: ImageItem
    pyramid: Pyramid
    labels: Layer
    truth: Layer | None
    truth_index_hw: IndexRaster | None
    predictions: tuple[Layer, ...]
    truth_is_objects: bool = False
    held_by: str = ""
    class_set: ClassSet | None = None
    label_counts: NDArray[np.int64] | None = None
    counted: tuple[ClassSet, ConfusionMatrix] | None = None


def open_image(item: ImageItem, *, pictures: PictureCache, project: Project | None, class_set: ClassSet) -> Opened:
    """Decode the picture and load truth, labels and predictions.

    Raises `UserError` naming the file where anything cannot be read or has another size than the picture.
    """
    held_by, shared_classes = "", None
    if project is not None and project.people.is_team:
        # Before anything is read, so that what is read stays as it is.
        held_by = str(project.people.take(item.key) or "")
        class_set = shared_classes = project.refresh_class_set()
    annotation = item.read_annotation() if item.read_annotation is not None else None
    objects_only = annotation is not None and annotation.labels_hw is None and bool(annotation.objects)
    truth: Layer | None = None
    if annotation is not None:
        truth = Layer.over(TRUTH, with_raster(annotation, class_set))
        # Before the picture comes: both in full are the most that is in memory at any time.
        annotation = replace(annotation, labels_hw=None)
    pyramid = _picture(item, annotation, pictures)
    height, width = pyramid.size_hw
    size_hw = (height, width)
    truth_index_hw: IndexRaster | None = None
    if annotation is not None and truth is not None:
        _check_size(item, annotation, size_hw, "its annotation")
        corrected = project.load(item.key, TRUTH) if project is not None else None
        if corrected is not None:
            # A person found the data set's truth wrong here, and corrected a copy of it.
            _check_size(item, corrected, size_hw, "its corrected truth")
            truth = Layer.from_annotation(TRUTH, corrected)
        truth_index_hw = truth_index(truth, class_set)
    labels = Layer(LABELS, size_hw)
    label_counts = np.array([size_hw[0] * size_hw[1]], np.int64)
    predictions: list[Layer] = []
    if project is not None:
        stored = project.load(item.key, LABELS)
        if stored is not None:
            _check_size(item, stored, size_hw, "its stored labels")
            labels = Layer.from_annotation(LABELS, stored)
            label_counts = count_segments(labels.raster.ids_hw)
        for name in project.layer_names(item.key):
            if name.startswith("prediction:") and (kept := project.load(item.key, name)) is not None:
                predictions.append(Layer.from_annotation(name, kept, locked=True))
    labels.ensure_class_segments(class_set)
    return Opened(
        item,
        pyramid,
        labels,
        truth,
        truth_index_hw,
        tuple(predictions),
        objects_only,
        held_by,
        shared_classes,
        label_counts,
        (class_set, matrix_of_layer(labels, truth_index_hw, class_set)) if truth_index_hw is not None else None,
    )


def with_raster(annotation: Annotation, class_set: ClassSet) -> Annotation:
    """The annotation with a raster: its own, or its objects painted from back to front, one segment per class."""
    if annotation.labels_hw is not None or not annotation.objects:
        return annotation
    table = SegmentTable.for_classes(class_set)
    segment_of = {segment.class_id: segment.id for segment in table}
    ordered = sorted(annotation.objects, key=lambda item: (item.z, item.id))
    labels_hw = paint_objects(ordered, annotation.size_hw, lambda item: segment_of.get(item.class_id, 0))
    return Annotation(
        annotation.size_hw,
        labels_hw,
        tuple(table),
        annotation.objects,
        annotation.confidence_hw,
        annotation.extra,
    )


def _picture(item: ImageItem, annotation: Annotation | None, pictures: PictureCache) -> Pyramid:
    if item.path is not None:
        return pictures.get(item.path, item.page)
    if annotation is None:
        raise UserError(f"{item.key}: there is neither a picture nor an annotation")
    return Pyramid(np.full((*annotation.size_hw, 3), 96, np.uint8))


def _check_size(item: ImageItem, annotation: Annotation, size_hw: tuple[int, int], what: str) -> None:
    if annotation.size_hw != size_hw:
        theirs, ours = annotation.size_hw, size_hw
        raise UserError(
            f"{item.path or item.key}: {what} has {theirs[1]}×{theirs[0]} pixels, the picture {ours[1]}×{ours[0]}"
        )
