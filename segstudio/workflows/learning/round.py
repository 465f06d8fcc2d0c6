"""One round of learning, in this process: train, measure on what is held out, keep what is better, predict the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard
from segstudio.models.own_classes import in_classes, options_of
from segstudio.models.places import find_weights
from segstudio.models.registry import ModelRegistry, default_registry
from segstudio.models.request import PredictSettings
from segstudio.models.weights import choose_weights
from segstudio.store import Project
from segstudio.store.place import place_of
from segstudio.workflows.learning.data import LabelledImages, Material
from segstudio.workflows.learning.request import FOREST, Control, LearnRequest, Tell
from segstudio.workflows.learning.score import channel_pairs
from segstudio.workflows.learning.steps import Outcome, Round
from segstudio.workflows.learning.train import Training

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
        if request.model == FOREST:
            from segstudio.workflows.learning.forest_round import ForestRound

            return ForestRound(request, project, registry).run(tell, control)
        return _NetworkRound(request, project, registry).run(tell, control)


class _NetworkRound(Round):
    """The steps of a round in which a network learns."""

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        request = self.request
        self.options: dict[str, Any] = {}
        self.card: ModelCard = in_classes(self.registry.card(request.model), self.classes)
        if self.card.task != "semantic":
            raise UserError(f"{request.model} cannot learn here: only semantic models can")

    def run(self, tell: Tell, control: Control) -> dict[str, Any]:
        from segstudio.models.torch_backend.device import choose_device
        from segstudio.models.torch_backend.learning.state import save_weights
        from segstudio.models.torch_backend.learning.trainer import limit_threads

        limit_threads(self.request.thread_count)
        self.choice = choose_device(self.request.device)
        material, start, incumbent = self.material(), self._start(), self.versions.latest()
        self.tell_material(material, tell, start=start, device=self.choice.line())
        held_out = LabelledImages(material.held_out, self.classes)
        known, self.options = self._known(start), self._options(start)
        before = self.before(self.opened(incumbent) if incumbent is not None else known, held_out, tell, control)
        training = self._training(material, held_out, known)
        self.note_split(material)
        training.run(tell, control)
        progress, parent = training.progress, self.versions.latest(self.request.model) if start == "last" else None
        outcome = Outcome(
            training.score_best(),
            progress.seconds,
            lambda place: save_weights(place, training.best, self.classes, options=self.options),
            {"epochs": progress.epoch, "best_epoch": progress.best_epoch, "stopped": training.stopped},
        )
        parent_name = "" if parent is None else parent.name
        version, report = self.judged(outcome, material, before, start=start, parent=parent_name, tell=tell)
        self.versions.forget_round()
        ranking = []
        if version is not None:
            ranking = self.ranked(training.predictor(training.best), incumbent, material, tell, control)
        done = {"event": "done", **report, "ranking": ranking}
        tell(done)
        return done

    # ── where it starts ──────────────────────────────────────────────────────────────────────────────────────────────

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
        from segstudio.models.torch_backend.opening import open_predictor

        last = self.versions.latest(model) if start == "last" else None
        weights = self.request.weights if last is None else str(self.versions.weights(last.name))
        settings = PredictSettings(device=self.request.device)
        return open_predictor(self.registry, model, weights=weights, settings=settings)

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
