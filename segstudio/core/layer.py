"""What an image's labels are: at rest (`Annotation`) and open for editing (`Layer`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.lookup import look_up
from segstudio.core.objects import ObjectTable, SegObject
from segstudio.core.raster import LabelRaster, SegmentIds
from segstudio.core.segments import Segment, SegmentTable

LABELS, TRUTH = "labels", "truth"
"""Names of the layer that is edited and of the reference; a model's layers are called `prediction:<run>`."""


def prediction_layer(run: str) -> str:
    """The name of the layer that holds a run's predictions."""
    return f"prediction:{run}"


@dataclass(frozen=True, slots=True)
class Annotation:
    """The labels of one image as formats, models and the project file exchange them.

    `labels_hw` is uint16 `[H, W]` of segment ids (None = no raster was given), `segments` says what they mean,
    `objects` may
    overlap, `confidence_hw` is uint8 `[H, W]` (255 = certain) where a model gave it, `extra` keeps a format's own
    fields.
    """

    size_hw: tuple[int, int]
    labels_hw: SegmentIds | None = None
    segments: tuple[Segment, ...] = ()
    objects: tuple[SegObject, ...] = ()
    confidence_hw: NDArray[np.uint8] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Layer:
    """One layer of an open image: a label raster with its segments, and objects; both may be empty.

    Semantic work has one segment per class, panoptic work one per instance, instance work lives in `objects`. Change it
    through a `Transaction` only.
    """

    __slots__ = ("confidence_hw", "extra", "locked", "name", "objects", "raster", "segments")

    def __init__(self, name: str, size_hw: tuple[int, int], *, locked: bool = False) -> None:
        self.name = name
        self.locked = locked
        self.raster = LabelRaster(*size_hw)
        self.segments = SegmentTable()
        self.objects = ObjectTable()
        self.confidence_hw: NDArray[np.uint8] | None = None
        self.extra: Mapping[str, Any] = {}

    @classmethod
    def from_annotation(cls, name: str, annotation: Annotation, *, locked: bool = False) -> Layer:
        """An open layer with a copy of the annotation's raster."""
        layer = cls(name, annotation.size_hw, locked=locked)
        if annotation.labels_hw is not None:
            layer.raster = LabelRaster.from_array(annotation.labels_hw)
        layer.segments = SegmentTable(annotation.segments)
        layer.objects = ObjectTable(annotation.objects)
        layer.confidence_hw = annotation.confidence_hw
        layer.extra = annotation.extra
        return layer

    @classmethod
    def over(cls, name: str, annotation: Annotation) -> Layer:
        """A locked layer that copies nothing where that can be (see `LabelRaster.over`): to look at and to compare."""
        layer = cls.from_annotation(name, replace(annotation, labels_hw=None), locked=True)
        if annotation.labels_hw is not None:
            layer.raster = LabelRaster.over(annotation.labels_hw)
        return layer

    def unlock(self) -> None:
        """Let it be edited from now on; who draws it has to take its raster anew."""
        self.raster.own()
        self.locked = False

    def to_annotation(self) -> Annotation:
        """A copy at rest that later edits do not touch; safe to hand to another thread."""
        return Annotation(
            self.raster.size_hw,
            self.raster.snapshot(),
            tuple(self.segments),
            tuple(self.objects.in_order()),
            self.confidence_hw,
            self.extra,
        )

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.raster.size_hw

    def ensure_class_segments(self, class_set: ClassSet) -> None:
        """Give every class of the set a whole-class segment, at its usual place where that is free."""
        present = {s.class_id for s in self.segments if s.instance == 0 and not s.is_crowd}
        for position, c in enumerate(class_set.classes):
            if c.id not in present:
                usual = position + 1
                self.segments.put(Segment(self.segments.free_id() if usual in self.segments else usual, c.id))

    def index_map(self, class_set: ClassSet) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """`[H, W]` evaluation indices of the raster (`class_set.ignored_index` where a pixel does not count)."""
        return look_up(self.segments.index_lut(class_set), self.raster.ids_hw)
