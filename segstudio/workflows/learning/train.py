"""The training of one round: epochs until the budget is spent or nothing gets better, each kept as soon as it ends."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard
from segstudio.workflows.learning.data import LabelledImages
from segstudio.workflows.learning.request import Control, LearnRequest, Tell
from segstudio.workflows.learning.score import Score, score
from segstudio.workflows.learning.versions import Versions, write_text

if TYPE_CHECKING:
    from segstudio.models.torch_backend.device import DeviceChoice
    from segstudio.models.torch_backend.learning.state import Tensors
    from segstudio.models.torch_backend.learning.trainer import Trainer
    from segstudio.models.torch_backend.predictor import Predictor

FEWEST_STEPS, MOST_STEPS = 10, 60
"""An epoch shows every image twice, within these bounds: what a kill loses at most, and what measuring costs."""


@dataclass
class Progress:
    """How far a training is: what of it is kept in the state file, and the curve."""

    epoch: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_miou: float = -1.0
    curve: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Training:
    """A training under way. `best` holds the weights of the epoch that was best on the images held out."""

    request: LearnRequest
    trainer: Trainer
    card: ModelCard
    choice: DeviceChoice
    held_out: LabelledImages
    versions: Versions
    settles: Mapping[str, Any]
    best: Tensors
    progress: Progress = field(default_factory=Progress)
    stopped: str = ""

    def go_on(self) -> None:
        """Take up the round that was interrupted. Raises `UserError` where there is none, or it was another one."""
        from segstudio.models.torch_backend.learning.state import load_state, read_facts

        place = self.versions.state_file
        facts = read_facts(place)
        if facts is None:
            raise UserError(f"{place}: there is no interrupted round to go on with", hint="start a new one")
        if facts["settles"] != self.settles:
            raise UserError(
                f"{place}: the interrupted round was another one",
                hint="images, classes or options have changed since: start a new one",
            )
        self.best = load_state(place, self.trainer)
        self.progress = Progress(**facts["progress"])

    def run(self, tell: Tell, control: Control) -> None:
        """Train until the budget is spent. Raises `Cancelled`; the last whole epoch is kept then."""
        for row in self.progress.curve:
            tell({"event": "epoch", **row})
        while not self._is_over():
            self._epoch(control)
            tell({"event": "epoch", **self.progress.curve[-1]})

    def predictor(self, weights: Tensors | None = None) -> Predictor:
        """A predictor of the network as it is now, or with other weights; the training is not touched."""
        from segstudio.models.torch_backend.predictor import Predictor

        network = copy.deepcopy(self.trainer.network)
        if weights is not None:
            network.load_state_dict(dict(weights))
        return Predictor(self.card, network, choice=self.choice)

    def score_best(self) -> Score:
        """What the best weights reach."""
        return score(self.predictor(self.best), self.held_out, self.card.classes())

    def _is_over(self) -> bool:
        request, progress = self.request, self.progress
        if request.epochs and progress.epoch >= request.epochs:
            self.stopped = "epochs"
        elif progress.seconds >= 60 * request.minutes:
            self.stopped = "time"
        elif progress.epoch - progress.best_epoch >= request.patience > 0:
            self.stopped = "no better"
        return bool(self.stopped)

    def _epoch(self, control: Control) -> None:
        from segstudio.models.torch_backend.learning.state import copied

        progress, trainer = self.progress, self.trainer
        losses: list[float] = []
        clock = _Clock(control)
        trainer.begin_epoch(progress.epoch)
        steps = self._steps()
        for step in range(steps):
            clock.wait()
            part = self._part(step / steps, progress.seconds + clock.seconds)
            if part >= 1 and losses:
                break
            losses.append(trainer.step(part))
        reached = score(self.predictor(), self.held_out, self.card.classes(), check=clock.wait)
        progress.epoch += 1
        progress.seconds += clock.seconds
        if reached.miou > progress.best_miou:
            progress.best_miou, progress.best_epoch = reached.miou, progress.epoch
            self.best = copied(trainer.network)
        row = {
            "epoch": progress.epoch,
            "seconds": round(progress.seconds, 2),
            "loss": round(float(np.mean(losses)), 5),
            "miou": round(reached.miou, 5),
        }
        progress.curve.append(row)
        self._keep()

    def _steps(self) -> int:
        twice = -(-2 * self.trainer.images // self.trainer.recipe.batch)
        return self.request.steps or min(MOST_STEPS, max(FEWEST_STEPS, twice))

    def _part(self, of_epoch: float, seconds: float) -> float:
        """How much of the training is done, by the clock or by epochs, whichever is further."""
        epochs = self.request.epochs
        by_epochs = (self.progress.epoch + of_epoch) / epochs if epochs else 0.0
        return max(by_epochs, seconds / (60 * self.request.minutes))

    def _keep(self) -> None:
        from segstudio.models.torch_backend.learning.state import save_state

        facts = {"settles": self.settles, "progress": asdict(self.progress)}
        save_state(self.versions.state_file, self.trainer, self.best, facts)
        lines = "".join(json.dumps(row) + "\n" for row in self.progress.curve)
        write_text(self.versions.curve_file, lines)


class _Clock:
    """The seconds that are spent at work, pauses left out."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def wait(self) -> None:
        """Stand still while the round is paused. Raises `Cancelled`."""
        before = time.monotonic()
        self._control.wait()
        self._began += time.monotonic() - before
