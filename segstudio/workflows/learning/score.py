"""How good a network or a forest is on the images that are held out, whichever classes it was made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.workflows.class_mapping import match_classes
from segstudio.workflows.learning.data import LabelledImages

if TYPE_CHECKING:
    from segstudio.models.prediction import Prediction
    from segstudio.models.torch_backend.predictor import Predictor


class Labeller(Protocol):
    """What labels a photo uint8 RGB `[H, W, 3]` with evaluation indices of its class set: a network or a forest."""

    @property
    def class_set(self) -> ClassSet: ...

    def predict(self, image_hwc: NDArray[np.uint8], /) -> Prediction: ...


@dataclass(frozen=True)
class Score:
    """Fractions over all held-out images together; classes by name, None where one does not occur."""

    miou: float
    class_iou: Mapping[str, float | None]


def score(
    labeller: Labeller, images: LabelledImages, classes: ClassSet, *, check: Callable[[], None] = lambda: None
) -> Score:
    """Predict the images and count; classes that `classes` does not have are misses. `check` may raise in between."""
    matrix = ConfusionMatrix(classes.num_classes, classes.ignored_index)
    lut = index_lut(labeller.class_set, classes)
    for number in range(len(images)):
        check()
        photo, truth = images[number]
        labels_hw = labeller.predict(photo).labels_hw
        assert labels_hw is not None
        matrix.add(truth, labels_hw if lut is None else lut[labels_hw])
    iou = [None if np.isnan(value) else round(float(value), 5) for value in matrix.iou()]
    names = [one.name for one in classes.evaluated]
    return Score(float(np.nan_to_num(matrix.mean_iou())), dict(zip(names, iou, strict=True)))


def index_lut(theirs: ClassSet, ours: ClassSet) -> NDArray[Any] | None:
    """From evaluation indices of one set to those of another, by the classes' names; None where nothing changes."""
    if [one.name for one in theirs.evaluated] == [one.name for one in ours.evaluated]:
        return None
    kind = np.uint8 if ours.ignored_index == IGNORED else np.uint16
    lut = np.full(theirs.ignored_index + 1, ours.ignored_index, kind)
    for theirs_index, ours_index in index_pairs(theirs, ours).items():
        lut[theirs_index] = ours_index
    return lut


def channel_pairs(known: Predictor, classes: ClassSet) -> dict[int, int]:
    """Evaluation index in `classes` → the output channel of a network that is known to mean the same class."""
    channel_of = {index: channel for channel, index in reversed(list(enumerate(known.channels)))}
    pairs = index_pairs(classes, known.class_set)
    return {ours: channel_of[theirs] for ours, theirs in pairs.items() if theirs in channel_of}


def index_pairs(theirs: ClassSet, ours: ClassSet) -> dict[int, int]:
    """Evaluation index in `theirs` → the one in `ours` of the class that is meant by the same name."""
    target_of = match_classes(theirs, ours).mapping.target_of
    pairs = {}
    for index, one in enumerate(theirs.evaluated):
        target = target_of[one.id]
        if target is not None and target in ours.index_of:
            pairs[index] = ours.index_of[target]
    return pairs
