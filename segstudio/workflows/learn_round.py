"""One round of learning, in this process: train, measure on what is held out, keep what is better, predict the rest."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard
from segstudio.models.own_classes import in_classes, options_of
from segstudio.models.places import find_weights
from segstudio.models.registry import ModelRegistry, default_registry
from segstudio.models.request import PredictSettings
from segstudio.models.weights import choose_weights, sha256_of
from segstudio.store import Project
from segstudio.store.place import place_of
from segstudio.workflows.learn_data import LabelledImages, Material, material_of
from segstudio.workflows.learn_predict import predict_waiting
from segstudio.workflows.learn_request import Control, LearnRequest, Tell
from segstudio.workflows.learn_score import channel_pairs, index_pairs, score
from segstudio.workflows.learn_train import Training
from segstudio.workflows.learn_versions import Version, Versions

if TYPE_CHECKING:
    from segstudio.models.torch_backend.predictor import Predictor

FULL_RATE, OTHER_CLASSES_RATE, SAME_CLASSES_RATE = 5e-3, 3e-3, 1.5e-3
"""Peak rates from scratch, from weights of which some classes are others, and from weights of the same classes."""


def run_round(request: LearnRequest, tell: Tell, control: Control | None = None) -> dict[str, Any]:
    """Run a round and return its report, which is also the last event.

    `tell` hears `material` (what is learned from, and with what), `before` (mIoU of what is in use now), `epoch` after
    each, `accepted` or `rejected`, `predicted` for each image with the file that holds it, and `done`. Writes only to
    the project's folder of versions; the project itself is only read. Raises `UserError` where nothing can be learned,
    `Cancelled` where `control` says so: a round that was stopped goes on from its last whole epoch with
    `request.resume`.
    """
    control = control or Control()
    registry = ModelRegistry(map(Path, request.folders)) if request.folders else default_registry()
    with Project.open(place_of(request.project), read_only=True) as project:
        return _Round(request, project, registry).run(tell, control)


@dataclass
class _Round:
    """What the steps of a round share."""

    request: LearnRequest
    project: Project
    registry: ModelRegistry

    def __post_init__(self) -> None:
        request = self.request
        self.versions = Versions.of(self.project.path)
        self.classes = self.project.class_set
        self.options: dict[str, Any] = {}
        self.card: ModelCard = in_classes(self.registry.card(request.model), self.classes)
        if self.card.task != "semantic":
            raise UserError(f"{request.model} cannot learn here: only semantic models can")
        if not self.classes.num_classes:
            raise UserError(f"{request.project}: none of its classes counts: there is nothing to learn")

    def run(self, tell: Tell, control: Control) -> dict[str, Any]:
        from segstudio.models.torch_backend.device import choose_device
        from segstudio.models.torch_backend.learning.trainer import limit_threads

        limit_threads(self.request.thread_count)
        self.choice = choose_device(self.request.device)
        material, start, incumbent = self._material(), self._start(), self.versions.latest()
        tell(
            {
                "event": "material",
                "train": len(material.train),
                "held_out": len(material.held_out),
                "waiting": len(material.waiting),
                "model": self.request.model,
                "start": start,
                "threads": self.request.thread_count,
                "device": self.choice.line(),
            }
        )
        held_out = LabelledImages(material.held_out, self.classes)
        known, self.options = self._known(start), self._options(start)
        in_use = self._opened(incumbent.model, incumbent) if incumbent is not None else known
        before = None
        if in_use is not None and index_pairs(in_use.class_set, self.classes):
            before = score(in_use, held_out, self.classes, check=control.wait).miou
        tell({"event": "before", "miou": before})
        training = self._training(material, held_out, known)
        self.versions.note_split(
            held_out=[item.key for item in material.held_out], trained=[item.key for item in material.train]
        )
        training.run(tell, control)
        parent = self.versions.latest(self.request.model) if start == "last" else None
        version, report = self._judged(training, material, before, start, parent)
        tell({"event": "accepted" if version is not None else "rejected", **report})
        ranking = self._ranked(training, version, incumbent, material, tell, control) if version is not None else []
        done = {"event": "done", **report, "ranking": ranking}
        tell(done)
        return done

    # ── what is learned from, and where it starts ────────────────────────────────────────────────────────────────────

    def _material(self) -> Material:
        request, earlier = self.request, self.versions.split()
        return material_of(self.project, which=request.images, holdout=request.holdout, earlier=earlier)

    def _start(self) -> str:
        wanted, last = self.request.start, self.versions.latest(self.request.model)
        if self.request.weights is not None:
            return "weights"
        if wanted == "last" and last is None:
            raise UserError(f"{self.project.path}: there is no version of {self.request.model} to go on from")
        if wanted == "pretrained" and not self._has_weights():
            raise UserError(
                f"no weights of {self.request.model} are on this machine", hint="give a file, or start from scratch"
            )
        if wanted != "auto":
            return wanted
        return "last" if last is not None else "pretrained" if self._has_weights() else "scratch"

    def _has_weights(self) -> bool:
        folder = self.registry.entry(self.request.model).plugin.folder
        return any(find_weights(folder, entry) is not None for entry in self.card.weights)

    def _known(self, start: str) -> Predictor | None:
        """What the training starts from; nothing is downloaded."""
        if start == "scratch":
            return None
        model = self.request.model
        return self._opened(model, self.versions.latest(model) if start == "last" else None)

    def _options(self, start: str) -> dict[str, Any]:
        """How the network is built from which the training starts."""
        if start == "scratch":
            return {}
        last = self.versions.latest(self.request.model) if start == "last" else None
        weights = self.request.weights if last is None else str(self.versions.weights(last.name))
        chosen = choose_weights(self.card, self.registry.entry(self.request.model).plugin.folder, weights)
        if chosen is None:
            return {}
        return dict(chosen.entry.options) if chosen.entry is not None else options_of(chosen.path)

    def _opened(self, model: str, version: Version | None) -> Predictor:
        from segstudio.models.torch_backend.opening import open_predictor

        weights = self.request.weights if version is None else str(self.versions.weights(version.name))
        settings = PredictSettings(device=self.request.device)
        return open_predictor(self.registry, model, weights=weights, settings=settings)

    def _training(self, material: Material, held_out: LabelledImages, known: Predictor | None) -> Training:
        from segstudio.models.torch_backend.learning.crops import Recipe
        from segstudio.models.torch_backend.learning.start import take_over, untrained
        from segstudio.models.torch_backend.learning.state import copied
        from segstudio.models.torch_backend.learning.trainer import Trainer
        from segstudio.models.torch_backend.pixels import resized_hw

        request, outputs, preprocess = self.request, self.classes.num_classes, self.card.preprocess
        network = untrained(self.registry, request.model, outputs, seed=request.seed, options=self.options)
        rate = FULL_RATE
        if known is not None:
            pairs = channel_pairs(known, self.classes)
            take_over(self.registry, request.model, known.network, pairs, network, outputs, options=self.options)
            rate = SAME_CLASSES_RATE if len(pairs) == outputs else OTHER_CLASSES_RATE
        trainer = Trainer(
            network,
            LabelledImages(material.train, self.classes, size_of=lambda size_hw: resized_hw(size_hw, preprocess)),
            Recipe(peak_rate=rate, sought=0.5, warm_up=20),
            classes=outputs,
            ignored=self.classes.ignored_index,
            preprocess=preprocess,
            seed=request.seed,
            device=self.choice.device,
        )
        settles = {
            **request.settles(),
            "images": [[item.key for item in items] for items in (material.train, material.held_out)],
            "classes": [one.name for one in self.classes.evaluated],
        }
        best = copied(trainer.network)
        training = Training(request, trainer, self.card, self.choice, held_out, self.versions, settles, best)
        if request.resume:
            training.go_on()
        else:
            self.versions.forget_round()
        return training

    # ── what becomes of it ───────────────────────────────────────────────────────────────────────────────────────────

    def _judged(
        self, training: Training, material: Material, before: float | None, start: str, parent: Version | None
    ) -> tuple[Version | None, dict[str, Any]]:
        """The new version where it is better on what is held out, and the report without the ranking."""
        progress, versions = training.progress, self.versions
        reached = training.score_best()
        accepted = before is None or reached.miou > before
        version = None
        if accepted:
            name = versions.next_name(run.name for run in self.project.runs())
            version = self._stored(name, training)
            version = replace(
                version,
                miou=round(reached.miou, 5),
                before=None if before is None else round(before, 5),
                parent="" if parent is None else parent.name,
                start=start,
                train_images=len(material.train),
                held_out_images=len(material.held_out),
                class_iou=reached.class_iou,
            )
            versions.add(version)
        report: dict[str, Any] = {
            "model": self.request.model,
            "version": None if version is None else version.name,
            "run": None if version is None else version.run,
            "accepted": accepted,
            "before": None if before is None else round(before, 5),
            "after": round(reached.miou, 5),
            "start": start,
            "images": {"train": len(material.train), "held_out": len(material.held_out)},
            "epochs": progress.epoch,
            "best_epoch": progress.best_epoch,
            "seconds": round(progress.seconds, 1),
            "stopped": training.stopped,
        }
        versions.note_round({**report, "when": _now()})
        versions.forget_round()
        return version, report

    def _stored(self, name: str, training: Training) -> Version:
        from segstudio.models.torch_backend.learning.state import save_weights

        place, curve = self.versions.weights(name), self.versions.folder / f"{name}.curve.jsonl"
        save_weights(place, training.best, self.classes, options=self.options)
        os.replace(self.versions.curve_file, curve)
        progress = training.progress
        return Version(
            name,
            self.request.model,
            0.0,
            self.classes,
            when=_now(),
            epochs=progress.epoch,
            seconds=round(progress.seconds, 1),
            sha256=sha256_of(place),
        )

    def _ranked(
        self,
        training: Training,
        version: Version,
        incumbent: Version | None,
        material: Material,
        tell: Tell,
        control: Control,
    ) -> list[dict[str, Any]]:
        folder = self.versions.folder / "predictions"
        shutil.rmtree(folder, ignore_errors=True)  # what another round left, whose images are predicted anew
        waiting = {item.key for item in material.waiting}
        rows = predict_waiting(
            training.predictor(training.best),
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
