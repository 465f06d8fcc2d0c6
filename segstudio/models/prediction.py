"""What a model says about one image, in evaluation indices and objects, and how it becomes a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import Annotation
from segstudio.core.objects import SegObject
from segstudio.core.segments import SegmentTable


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The result of one forward pass at the image's own size.

    `labels_hw` holds evaluation indices of `class_set`, uint8 or uint16 `[H, W]`, `class_set.ignored_index` where the
    model said background (None for pure instance models); `confidence_hw` is uint8 `[H, W]`, the softmax of the chosen
    class × 255. `objects` carry class ids and scores. `seconds` is the time from pixels to arrays; `device` where it
    ran ("cuda:0", "cpu"), `reason` why there; `notes` what had to be done differently (tiles, smaller, another device).
    """

    size_hw: tuple[int, int]
    class_set: ClassSet
    labels_hw: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    confidence_hw: NDArray[np.uint8] | None = None
    objects: tuple[SegObject, ...] = ()
    seconds: float = 0.0
    device: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_annotation(self) -> Annotation:
        """The prediction as labels: class number i of the set is segment i + 1, background stays unlabelled."""
        labels_hw = None
        segments: SegmentTable = SegmentTable.for_classes(self.class_set)
        if self.labels_hw is not None:
            labels_hw = _segment_lut(self.class_set).take(self.labels_hw)
        extra: dict[str, Any] = {"device": self.device, "seconds": self.seconds}
        return Annotation(
            self.size_hw, labels_hw, tuple(segments), self.objects, confidence_hw=self.confidence_hw, extra=extra
        )


def _segment_lut(class_set: ClassSet) -> NDArray[np.uint16]:
    lut = np.zeros(class_set.ignored_index + 1, np.uint16)
    position = {c.id: i for i, c in enumerate(class_set.classes)}
    for index, c in enumerate(class_set.evaluated):
        lut[index] = position[c.id] + 1
    return lut
