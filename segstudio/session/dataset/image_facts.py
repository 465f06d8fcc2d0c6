"""The facts of an image: of the labels as they are edited, and of stored layers and the truth, read once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import TRUTH, Annotation, Layer
from segstudio.core.objects import MaskShape, SegObject, Shape
from segstudio.core.segments import Segment
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.store.image_facts import CLASS_FACT, NO_CLASS, OBJECT_FACT, Facts, ImageFacts

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.document import Document
    from segstudio.session.scores.live import IndexRaster
    from segstudio.store import Project

ObjectRow = tuple[int, float, float]
"""Class id, area in pixels, score (NaN = none)."""


class LabelFacts:
    """The facts of one document's labels, kept up edit by edit: an edit costs by the objects that it touched."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._objects: dict[int, ObjectRow] | None = None

    def after(self, edit: Edit | None, matrix: ConfusionMatrix | None) -> ImageFacts:
        """The facts now; `edit` is the one that has just been made, `matrix` the image's confusion matrix."""
        labels = self._document.labels
        if self._objects is None:
            self._objects = {item.id: object_row(item) for item in labels.objects}
        elif edit is not None:
            for object_id in edit.changes.objects:
                item = labels.objects.get(object_id)
                if item is None:
                    self._objects.pop(object_id, None)
                else:
                    self._objects[object_id] = object_row(item)
        counts, class_set = self._document.census.by_segment(), self._document.class_set
        return layer_facts(counts, labels.segments, self._objects.values(), class_set, matrix)


def layer_facts(
    counts: NDArray[np.int64],
    segments: Iterable[Segment],
    objects: Iterable[ObjectRow],
    class_set: ClassSet,
    matrix: ConfusionMatrix | None = None,
) -> ImageFacts:
    """The facts of a layer from its pixels per segment id `[at least the largest id]`, its objects and its matrix.

    Instances of the raster count as objects. The pixels of a class that only has objects are the sum of their areas.
    """
    rows = list(objects)
    pixels: dict[int, int] = {}
    for segment in segments:
        count = int(counts[segment.id]) if segment.id < len(counts) else 0
        if count:
            pixels[segment.class_id] = pixels.get(segment.class_id, 0) + count
            if segment.instance:
                rows.append((segment.class_id, float(count), np.nan))
    object_facts = np.array(rows, OBJECT_FACT)
    ids, number = np.unique(object_facts["class_id"], return_counts=True)
    present = np.union1d(np.array(list(pixels), np.int32), ids).astype(np.int32)
    classes = np.zeros(len(present), CLASS_FACT)
    classes["class_id"], classes["iou"] = present, np.nan
    classes["pixels"] = [pixels.get(class_id) or _area(object_facts, class_id) for class_id in present.tolist()]
    classes["objects"][np.searchsorted(present, ids)] = number
    if matrix is None or not class_set.num_classes or matrix.num_classes != class_set.num_classes:
        return ImageFacts(classes, object_facts)
    return _scored(classes, object_facts, class_set, matrix)


def _scored(classes: Facts, objects: Facts, class_set: ClassSet, matrix: ConfusionMatrix) -> ImageFacts:
    iou = matrix.iou()
    evaluated = class_set.evaluated
    position = {one.id: index for index, one in enumerate(evaluated)}
    classes["iou"] = [iou[position[c]] if c in position else np.nan for c in classes["class_id"].tolist()]
    # What the truth has and the labels lack has an IoU of zero, and is asked for like any other.
    known = set(classes["class_id"].tolist())
    absent = [one.id for index, one in enumerate(evaluated) if one.id not in known and not np.isnan(iou[index])]
    missed = np.zeros(len(absent), CLASS_FACT)
    missed["class_id"] = absent
    missed["iou"] = [iou[position[class_id]] for class_id in absent]
    wrong = float(matrix.counts.sum() - np.trace(matrix.counts))
    scored = not np.isnan(iou).all()
    return ImageFacts(
        np.concatenate([classes, missed]),
        objects,
        mean_iou=float(matrix.mean_iou()) if scored else np.nan,
        worst_class=evaluated[int(np.nanargmin(iou))].id if scored else NO_CLASS,
        false_positive=wrong,
        false_negative=wrong + float(matrix.missed.sum()),
    )


def object_row(item: SegObject) -> ObjectRow:
    return item.class_id, area_of_shape(item.shape), np.nan if item.score is None else float(item.score)


def area_of_shape(shape: Shape) -> float:
    """The area in pixels: of a mask its pixels, of a polygon what its outlines enclose less the holes."""
    if isinstance(shape, MaskShape):
        from segstudio.ops.rle import area

        return float(area(shape))
    return sum(
        _enclosed(part.exterior_xy) - sum(_enclosed(hole_xy) for hole_xy in part.holes_xy) for part in shape.parts
    )


def _enclosed(ring_xy: NDArray[np.float64]) -> float:
    x, y = ring_xy[:, 0], ring_xy[:, 1]
    closing = float(x[-1] * y[0] - y[-1] * x[0])
    return abs(float(np.dot(x[:-1], y[1:]) - np.dot(y[:-1], x[1:])) + closing) / 2


def _area(objects: Facts, class_id: int) -> int:
    return round(float(objects["area"][objects["class_id"] == class_id].sum()))


def stored_facts(
    item: ImageItem, layer_names: Sequence[str], project: Project, class_set: ClassSet
) -> list[tuple[str, str, ImageFacts]]:
    """(image key, layer name, facts) of some layers of an image, read in full: `truth` and stored ones.

    A layer that cannot be read is left out; so is what needs the truth where that cannot be read.
    """
    truth = _read_truth(item)
    stored = [name for name in layer_names if name != TRUTH]
    truth_index = _index_of(truth, class_set) if truth is not None and stored else None
    found = (
        [(item.key, TRUTH, annotation_facts(truth, class_set))] if truth is not None and TRUTH in layer_names else []
    )
    before: IndexRaster | None = None
    for name in project.layer_names(item.key):
        is_prediction = name.startswith("prediction:")
        if name not in stored and not (is_prediction and stored):
            continue
        try:
            annotation = project.load(item.key, name)
        except UserError:
            continue
        if annotation is not None:
            index = _index_of(annotation, class_set)
            if name in stored:
                other = before if is_prediction else None
                facts = annotation_facts(annotation, class_set, index=index, truth_index=truth_index, other=other)
                found.append((item.key, name, facts))
            before = index if is_prediction else before
    return found


def annotation_facts(
    annotation: Annotation,
    class_set: ClassSet,
    *,
    index: IndexRaster | None = None,
    truth_index: IndexRaster | None = None,
    other: IndexRaster | None = None,
) -> ImageFacts:
    """The facts of an annotation; `index`, `truth_index` and `other` are evaluation indices `[H, W]` of it, of the
    truth and of another prediction.
    """
    labels_hw = annotation.labels_hw
    counts = np.bincount(labels_hw.reshape(-1)) if labels_hw is not None else np.zeros(1, np.int64)
    matrix, boundary_error = None, np.nan
    comparable = index is not None and truth_index is not None and index.shape == truth_index.shape
    if comparable and class_set.num_classes:
        assert index is not None
        assert truth_index is not None
        matrix = ConfusionMatrix(class_set.num_classes, class_set.ignored_index)
        matrix.add(truth_index, index)
        boundary_error = boundary_error_of(truth_index, index, class_set.num_classes)
    rows = [object_row(item) for item in annotation.objects]
    facts = layer_facts(counts, annotation.segments, rows, class_set, matrix)
    confidence = annotation.confidence_hw
    differ = other is not None and index is not None and other.shape == index.shape
    return ImageFacts(
        facts.classes,
        facts.objects,
        facts.mean_iou,
        facts.worst_class,
        facts.false_positive,
        facts.false_negative,
        boundary_error,
        np.nan if confidence is None else float(confidence.mean()) / 255,
        float(np.mean(other != index)) if differ else np.nan,
    )


def boundary_error_of(truth_index: IndexRaster, index: IndexRaster, num_classes: int) -> float:
    """One minus the mean boundary IoU of the classes that have a boundary; NaN where none has."""
    from segstudio.metrics.semantic_boundary import SemanticBoundary

    bands = SemanticBoundary(num_classes)
    bands.add(truth_index, index)
    iou = bands.boundary_iou()
    return np.nan if np.isnan(iou).all() else 1 - float(np.nanmean(iou))


def _read_truth(item: ImageItem) -> Annotation | None:
    try:
        return item.read_annotation() if item.read_annotation is not None else None
    except UserError:
        return None


def _index_of(annotation: Annotation, class_set: ClassSet) -> IndexRaster:
    from segstudio.session.opening import with_raster

    return Layer.from_annotation(TRUTH, with_raster(annotation, class_set)).index_map(class_set)
