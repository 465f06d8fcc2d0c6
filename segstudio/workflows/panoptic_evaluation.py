"""Panoptic evaluation: the segment rasters of both sides, matched by panopticapi's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.rasters import rasterised
from segstudio.metrics.panoptic import PanopticImage, PanopticQuality, Segment, panoptic_quality
from segstudio.metrics.policy import Policy
from segstudio.workflows.semantic_evaluation import in_pixels
from segstudio.workflows.sides import Entry

Pair = tuple[str, Entry, Entry]
Results = Callable[[Callable[[Pair], Any]], Iterator[Any]]


def evaluate_panoptic(results: Results, classes: ClassSet, policy: Policy) -> PanopticQuality:
    """PQ, SQ and RQ of all pairs that can be read."""

    def read(row: Pair) -> PanopticImage:
        key, truth, prediction = row
        own, found = rasterised(truth.annotation()), rasterised(prediction.annotation())
        assert own.labels_hw is not None
        assert found.labels_hw is not None
        if own.size_hw != found.size_hw:
            raise UserError(f"{in_pixels(found.size_hw)} predicted, {in_pixels(own.size_hw)} in the truth")
        return PanopticImage(key, own.labels_hw, _table(own), found.labels_hw, _table(found))

    return panoptic_quality(results(read), classes=classes, policy=policy)


def _table(annotation: Annotation) -> dict[int, Segment]:
    return {segment.id: Segment(segment.class_id, segment.is_crowd) for segment in annotation.segments}
