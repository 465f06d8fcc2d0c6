"""The oracle: a segmenter that knows the truth, with as much noise and delay as it is told; for tests and practice."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.embedding import Embedding, Frame
from segstudio.models.interactive.predictor import Capabilities, Tracker
from segstudio.models.interactive.prompt import Prompt

NAME = "oracle"
_SIDE = 1024
"""The longer side of its logits: as fine as the masks of networks are once they were enlarged."""
_TICK_S = 0.01

Things = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class OracleSettings:
    """`noise` is the share of the boundary that is displaced, by up to a hundredth of the image; delays are in s."""

    noise: float = 0.0
    encode_s: float = 0.0
    predict_s: float = 0.0


class Oracle:
    """Answers from `Frame.truth_hw`: of the things that the prompt points at, the whole one, then its connected piece
    under the first point, then everything of the box. Number 0 is no thing.
    """

    capabilities = Capabilities(tracks=True, reads_truth=True)

    def __init__(self, settings: OracleSettings = OracleSettings()) -> None:
        self._settings = settings
        self.model_hash = hashlib.sha256(f"oracle 1 {settings.noise}".encode()).hexdigest()

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        """Raises `UserError` where the image has no truth."""
        if frame.truth_hw is None:
            raise UserError("the oracle answers from ground truth, and this image has none")
        wait(self._settings.encode_s, cancel)
        height, width = frame.size_hw
        scale = min(1.0, _SIDE / max(height, width))
        small = max(1, round(height * scale)), max(1, round(width * scale))
        things_hw: Things = cv2.resize(frame.truth_hw, small[::-1], interpolation=cv2.INTER_NEAREST)  # type: ignore[assignment]
        return Embedding({"things": things_hw}, frame.size_hw, frame.size_hw)

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        wait(self._settings.predict_s, cancel)
        things_hw = np.asarray(embedding.arrays["things"], np.uint16)
        found = [mask_hw for mask_hw in _answers(things_hw, embedding.size_hw, prompt) if mask_hw.any()]
        return [
            Candidate(self._logits(mask_hw), score)
            for mask_hw, score in zip(_different(found), (0.95, 0.85, 0.75), strict=False)
        ]

    def tracker(self) -> Tracker:
        return _OracleTracker(self)

    def device_line(self) -> str:
        return "ground truth"

    def close(self) -> None:
        """Nothing is held."""

    def _logits(self, mask_hw: NDArray[np.bool_]) -> NDArray[np.float16]:
        logits_hw = np.where(mask_hw, np.float32(8), np.float32(-8))
        if self._settings.noise > 0:
            height, width = mask_hw.shape
            rng = np.random.default_rng([height, width, int(mask_hw.sum())])
            reach = max(3.0, max(height, width) / 100)
            coarse = rng.uniform(-1, 1, (height // 8 + 2, width // 8 + 2)).astype(np.float32)
            waves_hw = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
            inside = cv2.distanceTransform(mask_hw.astype(np.uint8), cv2.DIST_L2, 3)
            outside = cv2.distanceTransform((~mask_hw).astype(np.uint8), cv2.DIST_L2, 3)
            logits_hw = np.clip(inside - outside + waves_hw * reach * self._settings.noise, -8, 8)
        return logits_hw.astype(np.float16)


class _OracleTracker:
    """On the next frame it is the thing that overlaps most (IoU) with where it was."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._before: NDArray[np.bool_] | None = None

    def start(self, frame: Frame, mask_hw: NDArray[np.bool_], *, cancel: CancelToken) -> None:
        self._before = mask_hw

    def step(self, frame: Frame, *, cancel: CancelToken) -> list[Candidate]:
        before = self._before
        if before is None or before.shape != frame.size_hw or frame.truth_hw is None:
            return []
        cancel.raise_if_cancelled()
        areas = np.bincount(frame.truth_hw.reshape(-1))
        shared = np.bincount(frame.truth_hw[before], minlength=len(areas))
        shared[0] = 0
        if not shared.any():
            return []
        overlap = shared / (areas + np.count_nonzero(before) - shared)
        self._before = frame.truth_hw == int(np.argmax(overlap))
        return [Candidate(self._oracle._logits(self._before), 0.9)]


def wait(seconds: float, cancel: CancelToken) -> None:
    """Sleep, and wake up when it is cancelled: raises `Cancelled`."""
    ends = time.monotonic() + seconds
    cancel.raise_if_cancelled()
    while (left := ends - time.monotonic()) > 0:
        time.sleep(min(_TICK_S, left))
        cancel.raise_if_cancelled()


def open_oracle(weights: Path | None = None, *, device: str = "auto", **options: Any) -> Oracle:
    """The oracle by the names of `OracleSettings`."""
    return Oracle(OracleSettings(**options))


def _answers(things_hw: Things, size_hw: tuple[int, int], prompt: Prompt) -> list[NDArray[np.bool_]]:
    numbers = _pointed_at(things_hw, size_hw, prompt)
    if not numbers:
        return []
    whole_hw = np.isin(things_hw, list(numbers))
    answers = [whole_hw]
    inside = [place for place in _places(things_hw, size_hw, prompt, positive=True) if whole_hw[place]]
    if inside:
        _, pieces_hw = cv2.connectedComponents(whole_hw.astype(np.uint8), connectivity=4)
        answers.append(pieces_hw == pieces_hw[inside[0]])
    return answers


def _pointed_at(things_hw: Things, size_hw: tuple[int, int], prompt: Prompt) -> set[int]:
    """Numbers of the things under positive points, or that lie mostly in the box, or that fill the mask; without those
    under negative points.
    """
    numbers = {int(things_hw[place]) for place in _places(things_hw, size_hw, prompt, positive=True)}
    height, width = things_hw.shape
    if not numbers and prompt.box_xyxy is not None:
        x0, y0, x1, y1 = prompt.box_xyxy
        fx, fy = width / size_hw[1], height / size_hw[0]
        rows = slice(max(0, round(y0 * fy)), max(0, round(y1 * fy)))
        columns = slice(max(0, round(x0 * fx)), max(0, round(x1 * fx)))
        held = np.bincount(things_hw[rows, columns].reshape(-1), minlength=1)
        all_of_it = np.bincount(things_hw.reshape(-1), minlength=len(held))[: len(held)]
        held[0] = 0
        mostly = held * 2 > all_of_it
        numbers = {int(np.argmax(np.where(mostly, held, 0)))} if (mostly & (held > 0)).any() else set()
    numbers -= {int(things_hw[place]) for place in _places(things_hw, size_hw, prompt, positive=False)}
    return numbers - {0}


def _places(things_hw: Things, size_hw: tuple[int, int], prompt: Prompt, *, positive: bool) -> list[tuple[int, int]]:
    """Rows and columns of the points of one sign that lie in the image."""
    places = []
    for x, y in prompt.points_xy[prompt.positive == positive].tolist():
        if 0 <= x < size_hw[1] and 0 <= y < size_hw[0]:
            row, column = int(y * things_hw.shape[0] / size_hw[0]), int(x * things_hw.shape[1] / size_hw[1])
            places.append((row, column))
    return places


def _different(masks: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    found: list[NDArray[np.bool_]] = []
    for mask_hw in masks:
        if not any(np.array_equal(mask_hw, other) for other in found):
            found.append(mask_hw)
    return found
