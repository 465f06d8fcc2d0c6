"""What is known of one image's layer without reading a pixel: classes, objects, scores; as arrays and as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_CLASS = -(2**31)
"""Class id that stands for "none"."""
CLASS_FACT = np.dtype([("class_id", "<i4"), ("pixels", "<i8"), ("objects", "<i4"), ("iou", "<f4")])
"""One class that an image has: labelled pixels, objects, and the IoU against the truth (NaN = not scored)."""
OBJECT_FACT = np.dtype([("class_id", "<i4"), ("area", "<f4"), ("score", "<f4")])
"""One object: its area in pixels and the model's score (NaN = none)."""
HEAD = np.dtype(
    [
        ("mean_iou", "<f4"),
        ("boundary_error", "<f4"),
        ("confidence", "<f4"),
        ("disagreement", "<f4"),
        ("false_positive", "<f8"),
        ("false_negative", "<f8"),
        ("worst_class", "<i4"),
        ("classes", "<u4"),
        ("objects", "<u4"),
    ]
)
Facts = NDArray[np.void]


@dataclass(frozen=True, slots=True, eq=False)
class ImageFacts:
    """The facts of one layer of one image.

    Fractions lie in 0 … 1, areas are pixels, NaN stands for what is not known. `false_positive` counts the valid
    pixels that were given a wrong class, `false_negative` those and the ones left void; `boundary_error` is one minus
    the mean boundary IoU, `confidence` the mean of the prediction's, `disagreement` the share of pixels on which the
    image's predictions differ. `classes` is an array of `CLASS_FACT`, `objects` one of `OBJECT_FACT`.
    """

    classes: Facts = field(default_factory=lambda: np.zeros(0, CLASS_FACT))
    objects: Facts = field(default_factory=lambda: np.zeros(0, OBJECT_FACT))
    mean_iou: float = np.nan
    worst_class: int = NO_CLASS
    false_positive: float = np.nan
    false_negative: float = np.nan
    boundary_error: float = np.nan
    confidence: float = np.nan
    disagreement: float = np.nan

    def pack(self) -> bytes:
        """The facts as bytes: the head, the classes, the objects."""
        head = np.zeros(1, HEAD)
        for name in HEAD.names or ():
            head[name] = len(getattr(self, name)) if name in ("classes", "objects") else getattr(self, name)
        return b"".join((head.tobytes(), self.classes.tobytes(), self.objects.tobytes()))

    @classmethod
    def unpack(cls, packed: bytes) -> ImageFacts:
        """The facts that `pack` wrote. Raises `ValueError` for other bytes."""
        return FactColumns.of([packed]).facts(0)


@dataclass(frozen=True, slots=True, eq=False)
class FactColumns:
    """The facts of many layers in columns: a head for each, and the rows of all classes and objects end to end.

    Those of number `i` are `classes[class_start[i]:class_start[i + 1]]`, and likewise the objects.
    """

    heads: Facts
    classes: Facts
    objects: Facts
    class_start: NDArray[np.int64]
    object_start: NDArray[np.int64]

    @classmethod
    def of(cls, packed: Sequence[bytes]) -> FactColumns:
        """Unpack many at once. Raises `ValueError` where one is not what `ImageFacts.pack` wrote."""
        size = HEAD.itemsize
        heads: Facts = np.frombuffer(b"".join([one[:size] for one in packed]), HEAD)
        if len(heads) != len(packed):
            raise ValueError("damaged facts")
        class_bytes = (heads["classes"].astype(np.int64) * CLASS_FACT.itemsize + size).tolist()
        lengths = heads["objects"].astype(np.int64) * OBJECT_FACT.itemsize + np.asarray(class_bytes, np.int64)
        if lengths.tolist() != [len(one) for one in packed]:
            raise ValueError("damaged facts")
        classes = b"".join([one[size:end] for one, end in zip(packed, class_bytes, strict=True)])
        objects = b"".join([one[end:] for one, end in zip(packed, class_bytes, strict=True)])
        return cls(
            heads,
            np.frombuffer(classes, CLASS_FACT),
            np.frombuffer(objects, OBJECT_FACT),
            _starts(heads["classes"]),
            _starts(heads["objects"]),
        )

    def facts(self, number: int) -> ImageFacts:
        """Those of number `number` alone."""
        head = self.heads[number]
        scalars: dict[str, Any] = {
            name: head[name].item() for name in HEAD.names or () if name not in ("classes", "objects")
        }
        classes = self.classes[self.class_start[number] : self.class_start[number + 1]]
        objects = self.objects[self.object_start[number] : self.object_start[number + 1]]
        return ImageFacts(classes, objects, **scalars)


def _starts(counts: NDArray[np.uint32]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
