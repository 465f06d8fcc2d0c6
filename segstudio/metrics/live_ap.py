"""Average precision that follows every edit: only the touched class of the touched image is matched again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

from segstudio.metrics.coco_ap import IOU_THRESHOLDS, AveragePrecision, accumulate, coco_rules
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from segstudio.metrics.matching import Matches, match_instances
from segstudio.metrics.numbers import Fractions, mean_of_defined
from segstudio.metrics.policy import COCO, Policy

Parts = Mapping[int, Matches]
"""The matches of one image by class id."""


class LiveAveragePrecision:
    """COCO's AP over images that change one object at a time; equal to `average_precision` of all images as they are.

    The order in which images first came breaks ties between equal scores. Not thread-safe.
    """

    def __init__(self, *, policy: Policy = COCO) -> None:
        self._policy = policy
        self._rules = coco_rules(policy)
        self._images: dict[Hashable, dict[int, Matches]] = {}
        self._curves: dict[int, Fractions] = {}

    @property
    def num_images(self) -> int:
        """Images that are counted."""
        return len(self._images)

    def parts_of(self, image: InstanceImage) -> dict[int, Matches]:
        """Match one image class by class; for workers, which hand the result to `set_parts`."""
        ids = {item.class_id for item in image.truth} | {item.class_id for item in image.detections}
        return {class_id: self._matched(image, class_id) for class_id in ids}

    def set_image(self, image_id: Hashable, image: InstanceImage) -> None:
        """Put in an image, or replace it whole. Raises UserError where its masks differ in size."""
        self.set_parts(image_id, self.parts_of(image))

    def set_parts(self, image_id: Hashable, parts: Parts) -> None:
        """Put in an image that was matched elsewhere."""
        self._forget_curves(self._images.get(image_id, {}).keys() | parts.keys())
        self._images[image_id] = dict(parts)

    def rematch(
        self,
        image_id: Hashable,
        class_id: int,
        truth: Sequence[TruthInstance],
        detections: Sequence[DetectedInstance],
    ) -> None:
        """Match one class of one image again; `truth` and `detections` are all that the image has of that class."""
        parts = self._images.setdefault(image_id, {})
        if truth or detections:
            parts[class_id] = self._matched(InstanceImage(str(image_id), truth, detections), class_id)
        else:
            parts.pop(class_id, None)
        self._forget_curves((class_id,))

    def forget_image(self, image_id: Hashable) -> None:
        """Take an image out; unknown ids are ignored."""
        self._forget_curves(self._images.pop(image_id, {}))

    def parts(self, image_id: Hashable) -> Parts:
        """The matches of one image, to be kept as a state to compare with."""
        return dict(self._images.get(image_id, {}))

    def ap(self, *, iou: float | None = None) -> float:
        """AP over all thresholds, or at one; NaN where no truth counts."""
        ids = sorted({class_id for parts in self._images.values() for class_id in parts})
        for class_id in ids:
            if class_id not in self._curves:
                found = [parts[class_id] for parts in self._images.values() if class_id in parts]
                self._curves[class_id] = _curves(found, class_id, self._policy).precision
        values = [_mean(self._curves[class_id], iou) for class_id in ids]
        return _mean_of(values)

    def image_ap(self, parts: Parts, *, iou: float | None = None) -> float:
        """AP of one image alone."""
        values = [_mean(_curves([part], class_id, self._policy).precision, iou) for class_id, part in parts.items()]
        return _mean_of(values)

    def ap_with(self, image_id: Hashable, parts: Parts, *, iou: float | None = None) -> float:
        """AP of all images if that one had other matches, as it had before an edit."""
        now = self._images.get(image_id, {})
        touched = {key for key in now.keys() | parts.keys() if now.get(key) is not parts.get(key)}
        other = LiveAveragePrecision(policy=self._policy)
        other._images = {**self._images, image_id: dict(parts)}
        other._curves = {key: curve for key, curve in self._curves.items() if key not in touched}
        return other.ap(iou=iou)

    def _matched(self, image: InstanceImage, class_id: int) -> Matches:
        truth = [item for item in image.truth if item.class_id == class_id]
        detections = [item for item in image.detections if item.class_id == class_id]
        return match_instances([InstanceImage(image.name, truth, detections)], self._rules)

    def _forget_curves(self, class_ids: Iterable[int]) -> None:
        for class_id in class_ids:
            self._curves.pop(class_id, None)


def _curves(parts: Sequence[Matches], class_id: int, policy: Policy) -> AveragePrecision:
    return accumulate(Matches.joined(parts), class_ids=[class_id], policy=policy)


def _mean(precision: Fractions, iou: float | None) -> float:
    """Mean over recall points of all sizes; precision [T, R, 1, A]."""
    curves = precision[:, :, 0, 0]
    if iou is None:
        return mean_of_defined(curves)
    return mean_of_defined(curves[int(abs(IOU_THRESHOLDS - iou).argmin())])


def _mean_of(values: Sequence[float]) -> float:
    return mean_of_defined(np.array(values, np.float64))
