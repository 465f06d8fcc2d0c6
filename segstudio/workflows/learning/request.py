"""What a person asks of a round of learning, what it tells while it runs, and how it is stopped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken

From = Literal["auto", "last", "pretrained", "scratch"]
STARTS = ("auto", "last", "pretrained", "scratch")
MODEL = "toytown-unet"
"""What learns unless something else is chosen: the lightest network here, and it takes any classes."""
FOREST = "forest"
"""The superpixel forest, which is no network: fitted in seconds on what is labelled."""
Tell = Callable[[Mapping[str, Any]], None]
"""Hears events, each a JSON object whose `event` says which: see `learn_round.run_round`."""


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """One round. `epochs` 0 lets `minutes` of wall clock decide; with both, what ends first.

    `start` "auto" is "last" where the model has a version, else "pretrained" where its weights are here, else
    "scratch"; a file of `weights` stands for "pretrained". `threads` 0 is all cores but one. `predict` limits how many
    waiting images are predicted afterwards. `folders` are those of the model registry (empty: the bundled plugins).
    """

    project: str
    model: str = MODEL
    weights: str | None = None
    start: From = "auto"
    minutes: float = 5.0
    epochs: int = 0
    steps: int = 0
    threads: int = 0
    images: Literal["labelled", "reviewed"] = "labelled"
    holdout: float = 0.2
    patience: int = 12
    predict: int = 200
    seed: int = 1
    device: str = "auto"
    resume: bool = False
    folders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise UserError(f"there is no start {self.start!r}", hint=", ".join(STARTS))
        if self.images not in ("labelled", "reviewed"):
            raise UserError(f"there are no {self.images!r} images", hint="labelled or reviewed")
        if not self.minutes > 0:
            raise UserError(f"{self.minutes:g} minutes are no time to learn in")
        if self.threads < 0 or self.epochs < 0 or self.predict < 0:
            raise UserError("threads, epochs and images cannot be fewer than none")

    @property
    def thread_count(self) -> int:
        """The threads that the training may use: one core is left to the person, whatever was asked for."""
        spare = max(1, (os.cpu_count() or 2) - 1)
        return min(self.threads or spare, spare)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LearnRequest:
        known = {field.name: document[field.name] for field in fields(cls) if field.name in document}
        return cls(**{**known, "folders": tuple(document.get("folders", ()))})

    def settles(self) -> dict[str, Any]:
        """What must be the same for an interrupted round to go on."""
        whole = self.to_json()
        return {key: whole[key] for key in ("model", "weights", "images", "holdout", "seed")}


class Control:
    """How a round is paused and stopped, from another thread; the round asks between two steps."""

    def __init__(self) -> None:
        self.cancel_token = CancelToken()
        self._goes = threading.Event()
        self._goes.set()

    def pause(self) -> None:
        self._goes.clear()

    def go_on(self) -> None:
        self._goes.set()

    def cancel(self) -> None:
        self.cancel_token.cancel()
        self._goes.set()

    @property
    def is_paused(self) -> bool:
        return not self._goes.is_set()

    def wait(self) -> None:
        """Return once the round may go on. Raises `Cancelled`."""
        self._goes.wait()
        self.cancel_token.raise_if_cancelled()
