"""A round in which the superpixel forest learns: seconds instead of minutes, no network, nothing to go on from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models.prediction import Prediction
from segstudio.workflows.forest import Floats, Forest
from segstudio.workflows.forest_session import NOTHING, PER_IMAGE, ForestSession, Patches, thinned
from segstudio.workflows.learning.data import LabelledImages
from segstudio.workflows.learning.request import Control, LearnRequest, Tell
from segstudio.workflows.learning.score import score
from segstudio.workflows.learning.steps import Outcome, Round


class ForestLabeller:
    """A forest as what labels pictures: evaluation indices of `class_set`, with confidence."""

    def __init__(self, forest: Forest, class_set: ClassSet) -> None:
        self.forest, self.class_set = forest, class_set
        index_of = {int(class_id): class_set.index_of.get(int(class_id)) for class_id in forest.class_ids}
        self._index_of = {class_id: index for class_id, index in index_of.items() if index is not None}

    @classmethod
    def load(cls, path: Path, class_set: ClassSet) -> ForestLabeller:
        """Raises `UserError` where the file is no forest."""
        return cls(Forest.load(path), class_set)

    def predict(self, image_hwc: NDArray[np.uint8], /) -> Prediction:
        """Labels drawn to the picture's edges, and how sure each is."""
        class_ids_hw, confidence_hw = ForestSession(image_hwc, priors=(self.forest,)).predict(refine=True)
        ignored = self.class_set.ignored_index
        labels_hw = np.full(class_ids_hw.shape, ignored, np.uint8 if ignored < 256 else np.uint16)
        for class_id, index in self._index_of.items():
            labels_hw[class_ids_hw == class_id] = index
        return Prediction((image_hwc.shape[0], image_hwc.shape[1]), self.class_set, labels_hw, confidence_hw)


class ForestRound(Round):
    """Fit on all images that are not held out, measure, keep what is better, predict the rest."""

    def __init__(self, request: LearnRequest, *others: Any) -> None:
        super().__init__(request, *others)
        if request.start not in ("auto", "scratch") or request.weights is not None:
            raise UserError("a forest is fitted anew from everything that is labelled", hint="it starts from scratch")
        if request.resume:
            raise UserError("a forest is fitted in one go: there is no interrupted round", hint="start a new one")

    def run(self, tell: Tell, control: Control) -> dict[str, Any]:
        began = time.monotonic()
        material, incumbent = self.material(), self.versions.latest()
        self.tell_material(material, tell, start="scratch", device="CPU")
        held_out = LabelledImages(material.held_out, self.classes)
        before = self.before(None if incumbent is None else self.opened(incumbent), held_out, tell, control)
        self.note_split(material)
        forest = self._fitted(LabelledImages(material.train, self.classes), control)
        labeller = ForestLabeller(forest, self.classes)
        reached = score(labeller, held_out, self.classes, check=control.wait)
        facts: Mapping[str, Any] = {"epochs": 0, "best_epoch": 0, "stopped": "fitted"}
        outcome = Outcome(reached, time.monotonic() - began, forest.save, facts)
        version, report = self.judged(outcome, material, before, start="scratch", parent="", tell=tell)
        ranking = [] if version is None else self.ranked(labeller, incumbent, material, tell, control)
        done = {"event": "done", **report, "ranking": ranking}
        tell(done)
        return done

    def _fitted(self, images: LabelledImages, control: Control) -> Forest:
        features: list[Floats] = []
        class_ids: list[NDArray[np.int32]] = []
        lut = np.full(self.classes.ignored_index + 1, NOTHING, np.int32)
        for index, one in enumerate(self.classes.evaluated):
            lut[index] = one.id
        for number in range(len(images)):
            control.wait()
            photo, indices_hw = images[number]
            patches = Patches(photo)
            owners, found = patches.painted(lut[patches.seen(indices_hw)])
            chosen = thinned(found, PER_IMAGE, seed=self.request.seed)
            features.append(patches.features[owners[chosen]])
            class_ids.append(found[chosen])
        control.wait()
        return Forest.fit(np.concatenate(features), np.concatenate(class_ids), seed=self.request.seed)
