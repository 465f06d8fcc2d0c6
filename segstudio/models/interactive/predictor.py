"""The contract of promptable segmenters: pure computing; threads, caches, windows and undo belong to whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.embedding import Embedding, Frame
from segstudio.models.interactive.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a segmenter takes; what it does not take is not offered to the person and is ignored in a prompt."""

    points: bool = True
    box: bool = True
    prior: bool = True
    text: bool = False
    exemplars: bool = False
    tracks: bool = False
    reads_truth: bool = False


class Tracker(Protocol):
    """Follows one thing through frames in their order."""

    def start(self, frame: Frame, mask_hw: NDArray[np.bool_], *, cancel: CancelToken) -> None:
        """Take the thing in hand: bool `[H, W]` on the first frame."""

    def step(self, frame: Frame, *, cancel: CancelToken) -> list[Candidate]:
        """Where it is on the next frame; empty where it is out of sight."""


class InteractivePredictor(Protocol):
    """Embeds an image once and answers prompts about it often.

    Coordinates are the image's own pixels, centres at +0.5. Equal input gives equal output. Nothing is kept between two
    calls that changes an answer; no window, no network, no files but those that it was opened with. `cancel` is looked
    at every 50 ms or between layers, and ends a call by `Cancelled`. `model_hash` names weights and transform: two
    predictors with the same hash give the same embeddings.
    """

    capabilities: Capabilities
    model_hash: str

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        """Everything that does not depend on a prompt; float16 where it may be, for it is kept."""

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        """Candidates for a prompt without lasso; none is a valid answer."""

    def tracker(self) -> Tracker:
        """A new tracker, where `capabilities.tracks`."""

    def device_line(self) -> str:
        """Where it computes."""

    def close(self) -> None:
        """Let go of memory."""


@dataclass(frozen=True, slots=True)
class SegmenterSpec:
    """Which segmenter: the name of its card, its weights (file, folder or manifest; None: those on this machine), the
    device, and options of its opener.
    """

    model: str
    weights: str | None = None
    device: str = "auto"
    options: tuple[tuple[str, Any], ...] = ()


class Opener(Protocol):
    """What a plugin's row of a manifest names as `predictor`. Raises `UserError` with a human sentence."""

    def __call__(self, weights: Path | None, *, device: str = "auto", **options: Any) -> InteractivePredictor: ...


def no_tracker(name: str) -> Tracker:
    """Raises: for segmenters of single pictures."""
    raise UserError(f"{name} does not follow objects from image to image", hint="SAM 2 and EdgeTAM do")


def frames_agree(frames: Sequence[Frame]) -> bool:
    """Whether all pictures have one size."""
    return len({frame.size_hw for frame in frames}) <= 1
