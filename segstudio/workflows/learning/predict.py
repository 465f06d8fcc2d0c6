"""After a round: the images that wait for a person are predicted, and how doubtful each is says which comes first."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.layer import prediction_layer
from segstudio.models.prediction import Prediction
from segstudio.ops.image import read_image
from segstudio.workflows.learning.request import Tell
from segstudio.workflows.learning.versions import Version

if TYPE_CHECKING:
    from segstudio.store import Project
    from segstudio.workflows.id_maps import IndexRaster
    from segstudio.workflows.learning.score import Labeller


def predict_waiting(
    labeller: Labeller,
    items: Sequence[ImageItem],
    folder: Path,
    *,
    project: Project,
    parent_run: str,
    tell: Tell,
    check: Callable[[], None],
) -> list[dict[str, Any]]:
    """Predict each image into a file of `folder` and tell of it; the most doubtful first in what is returned.

    `uncertainty` is one minus the mean confidence, `disagreement` the share of pixels on which this version and
    `parent_run` differ (None: that run did not see the image). An image that cannot be read is told as `skipped`.
    """
    parents = _parents(project, parent_run)
    rows = []
    for number, item in enumerate(items):
        check()
        try:
            assert item.path is not None
            prediction = labeller.predict(read_image(item.path, page=item.page).image_hwc)
        except UserError as error:
            tell({"event": "skipped", "key": item.key, "reason": error.message})
            continue
        assert prediction.labels_hw is not None
        assert prediction.confidence_hw is not None
        place = folder / f"{number:06d}.npz"
        _save(place, prediction)
        row = {
            "key": item.key,
            "uncertainty": round(1 - float(prediction.confidence_hw.mean()) / 255, 5),
            "disagreement": _disagreement(prediction.labels_hw, parents.get(item.key), labeller.class_set),
        }
        tell({"event": "predicted", **row, "file": str(place), "done": number + 1, "total": len(items)})
        rows.append(row)
    return sorted(rows, key=lambda row: -float(row["uncertainty"]))


def keep_prediction(project: Project, version: Version, event: Mapping[str, Any]) -> None:
    """Take what a `predicted` event tells of into the project as the layer of the version's run; its file goes.

    Raises `UserError` where the file is not whole or the project is read-only.
    """
    place, key = Path(event["file"]), str(event["key"])
    try:
        with np.load(place, allow_pickle=False) as file:
            labels_hw, confidence_hw = file["labels"], file["confidence"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError(f"{place}: the prediction of {key} cannot be read: {error}") from None
    size_hw = (int(labels_hw.shape[0]), int(labels_hw.shape[1]))
    annotation = Prediction(size_hw, version.classes, labels_hw, confidence_hw).to_annotation()
    _note_run(project, version)
    project.save_annotation(key, prediction_layer(version.run), annotation, locked=True, run=version.run)
    place.unlink(missing_ok=True)


def _note_run(project: Project, version: Version) -> None:
    """Make sure that the project knows the version's run; predictions are kept side by side, and one is first."""

    def is_known() -> bool:
        return any(row.name == version.run for row in project.runs())

    if not is_known():
        try:
            project.add_run(version.run, model=version.model, weights_hash=version.sha256)
        except UserError:
            if not is_known():
                raise


def _save(place: Path, prediction: Prediction) -> None:
    part = place.with_suffix(".part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                labels=np.asarray(prediction.labels_hw),
                confidence=np.asarray(prediction.confidence_hw),
            )
        os.replace(part, place)
    except OSError as error:
        raise EnvironmentFault(f"{place}: cannot be written: {error.strerror or error}") from None


def _parents(project: Project, run: str) -> Mapping[str, ImageItem]:
    if not run:
        return {}
    from segstudio.workflows.reading import dataset_of  # takes long to load, and the window only keeps predictions

    return {item.key: item for item in dataset_of(project, layer=prediction_layer(run)).images if item.read_annotation}


def _disagreement(labels_hw: IndexRaster, parent: ImageItem | None, classes: ClassSet) -> float | None:
    if parent is None:
        return None
    from segstudio.workflows.sides import Entry

    other = Entry(parent, classes).index_map()
    return round(float(np.mean(other != labels_hw)), 5) if other.shape == labels_hw.shape else None
