"""What every round of learning does, whatever learns: its images, what is in use, the verdict, what waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segstudio.core.errors import UserError
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictSettings
from segstudio.models.weights import sha256_of
from segstudio.store import Project
from segstudio.workflows.learning.data import LabelledImages, Material, material_of
from segstudio.workflows.learning.predict import predict_waiting
from segstudio.workflows.learning.request import FOREST, Control, LearnRequest, Tell
from segstudio.workflows.learning.score import Labeller, Score, index_pairs, score
from segstudio.workflows.learning.versions import Version, Versions


@dataclass(frozen=True)
class Outcome:
    """What a training came to: its score on what is held out, and `store`, which writes it into a file."""

    reached: Score
    seconds: float
    store: Callable[[Path], None]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For the report: what only this kind of training has."""


class Round:
    """One round on a project, which is only read."""

    def __init__(self, request: LearnRequest, project: Project, registry: ModelRegistry) -> None:
        self.request, self.project, self.registry = request, project, registry
        self.versions = Versions.of(project.path)
        self.classes = project.class_set
        if not self.classes.num_classes:
            raise UserError(f"{request.project}: none of its classes counts: there is nothing to learn")

    def material(self) -> Material:
        """The images; those held out before stay so."""
        request, earlier = self.request, self.versions.split()
        return material_of(self.project, which=request.images, holdout=request.holdout, earlier=earlier)

    def tell_material(self, material: Material, tell: Tell, *, start: str, device: str) -> None:
        tell(
            {
                "event": "material",
                "train": len(material.train),
                "held_out": len(material.held_out),
                "waiting": len(material.waiting),
                "model": self.request.model,
                "start": start,
                "threads": self.request.thread_count,
                "device": device,
            }
        )

    def note_split(self, material: Material) -> None:
        """Remember which image is on which side, before anything is trained on one."""
        held_out, trained = ([item.key for item in items] for items in (material.held_out, material.train))
        self.versions.note_split(held_out=held_out, trained=trained)

    def opened(self, version: Version) -> Labeller:
        """A version, to label with."""
        weights = self.versions.weights(version.name)
        if version.model == FOREST:
            from segstudio.workflows.learning.forest_round import ForestLabeller

            return ForestLabeller.load(weights, version.classes)
        from segstudio.models.torch_backend.opening import open_predictor

        settings = PredictSettings(device=self.request.device)
        return open_predictor(self.registry, version.model, weights=str(weights), settings=settings)

    def before(self, in_use: Labeller | None, held_out: LabelledImages, tell: Tell, control: Control) -> float | None:
        """The mIoU of what is in use; None where nothing is, or it knows none of the classes."""
        miou = None
        if in_use is not None and index_pairs(in_use.class_set, self.classes):
            miou = score(in_use, held_out, self.classes, check=control.wait).miou
        tell({"event": "before", "miou": miou})
        return miou

    def judged(
        self, outcome: Outcome, material: Material, before: float | None, *, start: str, parent: str, tell: Tell
    ) -> tuple[Version | None, dict[str, Any]]:
        """The new version where it is better on what is held out, and the report without the ranking."""
        request, versions, reached = self.request, self.versions, outcome.reached
        kept = None if before is None else round(before, 5)
        version = None
        if before is None or reached.miou > before:
            name = versions.next_name(run.name for run in self.project.runs())
            place = versions.place(name, request.model)
            outcome.store(place)
            version = Version(
                name,
                request.model,
                round(reached.miou, 5),
                self.classes,
                before=kept,
                parent=parent,
                start=start,
                when=_now(),
                train_images=len(material.train),
                held_out_images=len(material.held_out),
                epochs=int(outcome.facts.get("epochs", 0)),
                seconds=round(outcome.seconds, 1),
                sha256=sha256_of(place),
                class_iou=reached.class_iou,
            )
            versions.keep_curve(name)
            versions.add(version)
        report: dict[str, Any] = {
            "model": request.model,
            "version": None if version is None else version.name,
            "run": None if version is None else version.run,
            "accepted": version is not None,
            "before": kept,
            "after": round(reached.miou, 5),
            "start": start,
            "images": {"train": len(material.train), "held_out": len(material.held_out)},
            "seconds": round(outcome.seconds, 1),
            **outcome.facts,
        }
        versions.note_round({**report, "when": _now()})
        tell({"event": "accepted" if version is not None else "rejected", **report})
        return version, report

    def ranked(
        self, labeller: Labeller, incumbent: Version | None, material: Material, tell: Tell, control: Control
    ) -> list[dict[str, Any]]:
        """Predict what waits, and what is held out; the rows of what waits, the most doubtful first."""
        folder = self.versions.folder / "predictions"
        shutil.rmtree(folder, ignore_errors=True)  # what another round left, whose images are predicted anew
        waiting = {item.key for item in material.waiting}
        rows = predict_waiting(
            labeller,
            (*material.waiting[: self.request.predict], *material.held_out),
            folder,
            project=self.project,
            parent_run="" if incumbent is None else incumbent.run,
            tell=tell,
            check=control.wait,
        )
        return [row for row in rows if row["key"] in waiting]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
