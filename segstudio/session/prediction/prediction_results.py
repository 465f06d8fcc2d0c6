"""What becomes of a prediction: a locked layer in the classes of what is open, and a row of the project."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segstudio.core.layer import Annotation, Layer, prediction_layer
from segstudio.models.prediction import Prediction
from segstudio.models.request import PredictSettings
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.session.session import Session

NOWHERE = -(2**31)
"""Class id of a prediction's segment that the project has no class for: never drawn, scored or accepted."""


@dataclass(frozen=True, slots=True)
class Run:
    """One model with its weights and settings, as it was when a person asked for predictions."""

    model: str
    weights: str | None = None
    settings: PredictSettings = field(default_factory=PredictSettings)

    @property
    def name(self) -> str:
        """The model, and the weights where they were chosen."""
        return self.model if self.weights is None else f"{self.model}@{Path(self.weights).stem}"


class ResultKeeper:
    """Takes predictions into a session; says once per run which classes had no counterpart."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: set[str] = set()

    def keep(self, key: str, run: Run, prediction: Prediction) -> None:
        """Show it where its image is open, and store it where a project is."""
        session = self._session
        for note in prediction.notes:
            if f"{run.name}: {note}" not in self._told:
                self._told.add(f"{run.name}: {note}")
                session.notify.info(note)
        layer_name = prediction_layer(run.name)
        annotation = self._in_our_classes(run, prediction)
        document = session.document
        if document is not None and document.key == key:
            if annotation.size_hw != document.size_hw:
                session.notify.tell("error", f"{run.name} answered with another size than the image of {key}")
                return
            document.set_prediction(Layer.from_annotation(layer_name, annotation, locked=True))
            session.view.show_only_prediction(layer_name)
        self._store(key, run, annotation, prediction.device)

    def _store(self, key: str, run: Run, annotation: Annotation, device: str) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return

        def write(job: Job) -> str:
            from segstudio.models.registry import default_registry
            from segstudio.models.results import weights_hash

            digest = weights_hash(default_registry(), run.model, run.weights)
            if any(row.name == run.name for row in project.runs()):
                if digest:
                    project.note_weights(run.name, digest)
            else:
                settings = {"settings": repr(run.settings)}
                project.add_run(run.name, model=run.model, weights_hash=digest, settings=settings, device=device)
            kept = replace(annotation, extra={**annotation.extra, "weights": digest}) if digest else annotation
            project.save_annotation(key, prediction_layer(run.name), kept, locked=True, run=run.name)
            return digest

        def told(digest: str) -> None:
            document = self._session.document
            shown = document.predictions.get(prediction_layer(run.name)) if document is not None else None
            if digest and document is not None and document.key == key and shown is not None:
                shown.extra = {**shown.extra, "weights": digest}

        self._session.jobs.submit(write, done=told, failed=self._session.notify.fault)

    def _in_our_classes(self, run: Run, prediction: Prediction) -> Annotation:
        """The prediction with class ids of the open project; classes without a counterpart are left out, and told."""
        session = self._session
        ours, theirs = session.classes.current, prediction.class_set
        annotation = prediction.to_annotation()
        from segstudio.session.workspace import UNTITLED

        if session.document is not None and ours.name == UNTITLED and _is_unused(session):
            session.document.change_classes(f"use the classes of {run.model}", theirs)
            ours = theirs
        from segstudio.workflows.class_mapping import match_classes

        target_of = match_classes(theirs, ours).mapping.target_of
        ids = {source: target for source, target in target_of.items() if target is not None}
        used = {item.class_id for item in annotation.objects}
        if prediction.labels_hw is not None and annotation.labels_hw is not None:
            used |= _classes_in(annotation)
        missing = sorted(theirs.by_id[i].name for i in used if i not in ids and i in theirs.by_id)
        if missing and run.name not in self._told:
            self._told.add(run.name)
            session.notify.tell(
                "warning", f"{run.model} found classes that this project does not have: {', '.join(missing[:6])}"
            )
        segments = tuple(
            replace(segment, class_id=ids.get(segment.class_id, NOWHERE)) for segment in annotation.segments
        )
        objects = tuple(
            replace(item, class_id=ids[item.class_id]) for item in annotation.objects if item.class_id in ids
        )
        extra = {**annotation.extra, "model": run.model, "run": run.name}
        return replace(annotation, segments=segments, objects=objects, extra=extra)


def _is_unused(session: Session) -> bool:
    document = session.document
    if document is None or document.stroke is not None or document.history.undoable:
        return False
    return all(session.images.badge(index).status == "to do" for index in range(len(session.images)))


def _classes_in(annotation: Annotation) -> set[int]:
    from segstudio.ops.value_counts import value_counts  # OpenCV loads with the first prediction

    assert annotation.labels_hw is not None
    present = np.flatnonzero(value_counts(annotation.labels_hw))
    by_id = {segment.id: segment.class_id for segment in annotation.segments}
    return {by_id[i] for i in present.tolist() if i in by_id}
