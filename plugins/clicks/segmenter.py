"""The click network behind the contract of promptable segmenters: looks at the whole picture once, then closer.

There is nothing to embed: a network this small sees the picture anew with every prompt, in a window round what it found
so far (the zoom of Sofiiuk et al., f-BRS, CVPR 2020).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from segstudio.plugins.api import (
    CancelToken,
    Candidate,
    Capabilities,
    Embedding,
    Frame,
    Prompt,
    Tracker,
    UserError,
    no_tracker,
)

from .network import STRIDE, ClickNet, folded
from .planes import Said, Window, planes_of

_TRANSFORM = 1
"""Counts up when the same weights would answer differently."""
LONGEST = 2048
"""Larger pictures are looked at, and answered, at this longer side."""
_FAR = -12.0
"""Logit of what lies outside of the window."""
_LEAST_SIDE = 24


@dataclass(frozen=True, slots=True)
class Looks:
    """How closely it looks: pixels of a look, how much room is left around what was found, how often it looks closer.

    A first click is looked at in a window of `first` times the picture's shorter side.
    """

    pixels: int = 144 * 144
    first_pixels: int = 128 * 128
    room: float = 2.0
    first: float = 1.0
    closer: int = 2


class ClickSegmenter:
    """Answers with one candidate: what was clicked, boxed, or corrected."""

    capabilities = Capabilities()

    def __init__(self, network: ClickNet, *, content: str, looks: Looks = Looks()) -> None:
        self.model_hash = hashlib.sha256(f"clicks|{_TRANSFORM}|{looks}|{content}".encode()).hexdigest()
        self._network = folded(network.eval().requires_grad_(False)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._looks = looks

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        """The picture itself, no larger than it is looked at."""
        cancel.raise_if_cancelled()
        height, width = frame.size_hw
        scale = min(1.0, LONGEST / max(height, width))
        used = max(1, round(height * scale)), max(1, round(width * scale))
        image_hwc = np.ascontiguousarray(frame.image_hwc)
        if used != frame.size_hw:
            image_hwc = np.asarray(cv2.resize(image_hwc, used[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        return Embedding({"image": image_hwc}, frame.size_hw, used)

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        cancel.raise_if_cancelled()
        asked = _Asked(embedding, prompt)
        if not asked.says_something:
            return []
        shares_hw, window = asked.before_hw, asked.window(self._looks)
        for look in range(1 + self._looks.closer):
            cancel.raise_if_cancelled()
            pixels = self._looks.pixels if look or asked.known is not None else self._looks.first_pixels
            logits_hw = self._look(asked, window, shares_hw, pixels)
            shares_hw = _placed(_share(logits_hw), window, asked.size_hw, 0.0)
            further = self._closer(asked, window, shares_hw)
            if further is None:
                break
            window = further
        answer_hw = _placed(logits_hw, window, asked.size_hw, _FAR)
        return [Candidate(answer_hw.astype(np.float16), _expected_iou(_share(answer_hw)))]

    def tracker(self) -> Tracker:
        return no_tracker("The click network")

    def device_line(self) -> str:
        """It is small: the processor is fast enough, and answers the same everywhere."""
        return f"cpu, {torch.get_num_threads()} threads"

    def close(self) -> None:
        """Nothing is held."""

    def _look(
        self, asked: _Asked, window: Window, before_hw: NDArray[np.float32] | None, pixels: int
    ) -> NDArray[np.float32]:
        """Logits of a window, float32 `[h, w]`, at the size at which it is looked at."""
        size_hw = _seen_size(window, pixels)
        colours_hwc = np.asarray(window.cut(asked.image_hwc, size_hw), np.uint8)
        before = None if before_hw is None else np.asarray(window.cut(before_hw, size_hw), np.float32)
        planes = planes_of([Said(colours_hwc, window.inside(asked.points_xy, size_hw), asked.positive, before)])
        with torch.inference_mode():
            given = torch.from_numpy(planes).contiguous(memory_format=torch.channels_last)
            logits: NDArray[np.float32] = self._network(given)[0, 0].numpy()
        return np.asarray(np.clip(logits, _FAR, -_FAR), np.float32)

    def _closer(self, asked: _Asked, window: Window, shares_hw: NDArray[np.float32]) -> Window | None:
        """A window that fits what was found better; None where this one does, or nothing was found."""
        box = _box_of(shares_hw > 0.5)
        if box is None:
            return None
        wanted = _around(box, asked, self._looks.room)
        if wanted.width * wanted.height < 0.6 * window.width * window.height:
            return wanted
        if _is_cut(box, window, asked.size_hw):
            larger = _around(box, asked, 2 * self._looks.room)
            if larger.width * larger.height > 1.2 * window.width * window.height:
                return larger
        return None


class _Asked:
    """A prompt in the pixels of the picture as it is kept."""

    def __init__(self, embedding: Embedding, prompt: Prompt) -> None:
        self.image_hwc = np.asarray(embedding.arrays["image"], np.uint8)
        self.size_hw = int(self.image_hwc.shape[0]), int(self.image_hwc.shape[1])
        scale_xy = np.array([self.size_hw[1] / embedding.size_hw[1], self.size_hw[0] / embedding.size_hw[0]])
        self.points_xy = prompt.points_xy * scale_xy
        self.positive = prompt.positive
        self.box: tuple[float, float, float, float] | None = None
        if prompt.box_xyxy is not None:
            corners = np.clip(np.array(prompt.box_xyxy).reshape(2, 2) * scale_xy, 0, self.size_hw[::-1]).ravel()
            self.box = (float(corners[0]), float(corners[1]), float(corners[2]), float(corners[3]))
        self.before_hw = self._before(prompt)
        self.known = None if self.before_hw is None else _box_of(self.before_hw >= 0.5)

    @property
    def says_something(self) -> bool:
        return bool(self.positive.any()) or self.known is not None

    def window(self, looks: Looks) -> Window:
        """Where to look first: round what is known, else round the clicks."""
        if self.known is not None:
            return _around(self.known, self, looks.room)
        height, width = self.size_hw
        side = max(_LEAST_SIDE, round(min(height, width) * looks.first))
        first_xy = self.points_xy[self.positive][:1].mean(axis=0)
        return _clamped(first_xy[0] - side / 2, first_xy[1] - side / 2, side, side, self.size_hw)

    def _before(self, prompt: Prompt) -> NDArray[np.float32] | None:
        """The answer that is corrected, the mask to start from, or the inside of the box: the first that there is."""
        if (
            prompt.previous_hw is not None
            and prompt.previous_hw.shape == self.size_hw
            and (prompt.previous_hw > 0).any()
        ):
            return _share(prompt.previous_hw.astype(np.float32))
        if prompt.prior_hw is not None and prompt.prior_hw.any():
            prior_hw = prompt.prior_hw.astype(np.float32)
            return np.asarray(cv2.resize(prior_hw, self.size_hw[::-1], interpolation=cv2.INTER_AREA), np.float32)
        if self.box is None:
            return None
        before_hw = np.zeros(self.size_hw, np.float32)
        x0, y0, x1, y1 = (round(side) for side in self.box)
        x0, y0 = min(x0, self.size_hw[1] - 1), min(y0, self.size_hw[0] - 1)
        before_hw[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = 0.5
        return before_hw


def open_clicks(weights: Path | None, *, device: str = "auto", **options: Any) -> ClickSegmenter:
    """The network with the weights of a file; `options` are those of `Looks`. Raises `UserError`."""
    if weights is None or not weights.is_file():
        raise UserError(f"{weights}: there is no such file of weights")
    network = ClickNet()
    try:
        missing, unexpected = network.load_state_dict(load_file(weights), strict=False)
    except Exception as error:  # noqa: BLE001 - the reader raises what it likes about a file
        raise UserError(f"{weights}: not the weights of the click network: {str(error)[:160]}") from None
    lacking = [name for name in (*missing, *unexpected) if not name.endswith("num_batches_tracked")]
    if lacking:
        raise UserError(f"{weights}: not the weights of the click network: {lacking[0]}")
    with weights.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return ClickSegmenter(network, content=content, looks=Looks(**options))


def _seen_size(window: Window, pixels: int) -> tuple[int, int]:
    """Of what size a window is looked at: about so many pixels, its shape kept, multiples of the network's stride."""
    scale = (pixels / (window.width * window.height)) ** 0.5
    height, width = (max(STRIDE * 4, round(side * scale / STRIDE) * STRIDE) for side in (window.height, window.width))
    return height, width


def _box_of(mask_hw: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    x, y, width, height = cv2.boundingRect(mask_hw.astype(np.uint8))
    return (x, y, x + width, y + height) if width else None


def _around(box: tuple[int, int, int, int], asked: _Asked, room: float) -> Window:
    """A window with so much room round a box and all clicks; no side is less than a third of the other."""
    low, high = np.array(box[:2], np.float64), np.array(box[2:], np.float64)
    if len(asked.points_xy):
        inside_xy = np.clip(asked.points_xy, 0, asked.size_hw[::-1])
        low, high = np.minimum(low, inside_xy.min(axis=0) - 1), np.maximum(high, inside_xy.max(axis=0) + 1)
    sides = np.maximum((high - low) * room, _LEAST_SIDE)
    sides = np.maximum(sides, sides.max() / 3)
    corner = (low + high) / 2 - sides / 2
    return _clamped(corner[0], corner[1], int(np.ceil(sides[0])), int(np.ceil(sides[1])), asked.size_hw)


def _clamped(x0: float, y0: float, width: int, height: int, size_hw: tuple[int, int]) -> Window:
    """The window moved, and where it is larger than the picture cut, into the picture."""
    width, height = min(width, max(size_hw[1], _LEAST_SIDE)), min(height, max(size_hw[0], _LEAST_SIDE))
    x = min(max(round(x0), 0), max(0, size_hw[1] - width))
    y = min(max(round(y0), 0), max(0, size_hw[0] - height))
    return Window(x, y, width, height)


def _is_cut(box: tuple[int, int, int, int], window: Window, size_hw: tuple[int, int]) -> bool:
    """Whether what was found goes on beyond the window, where the picture does."""
    slack_x, slack_y = window.width // 32, window.height // 32
    return bool(
        (box[0] <= window.x0 + slack_x and window.x0 > 0)
        or (box[1] <= window.y0 + slack_y and window.y0 > 0)
        or (box[2] >= window.x0 + window.width - slack_x and window.x0 + window.width < size_hw[1])
        or (box[3] >= window.y0 + window.height - slack_y and window.y0 + window.height < size_hw[0])
    )


def _placed(
    values_hw: NDArray[np.float32], window: Window, size_hw: tuple[int, int], beyond: float
) -> NDArray[np.float32]:
    """What a look at a window gave, at its place in the picture; `beyond` everywhere else."""
    large = cv2.resize(values_hw, (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    whole_hw = np.full(size_hw, beyond, np.float32)
    y1, x1 = min(size_hw[0], window.y0 + window.height), min(size_hw[1], window.x0 + window.width)
    whole_hw[window.y0 : y1, window.x0 : x1] = large[: y1 - window.y0, : x1 - window.x0]
    return whole_hw


def _share(logits_hw: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely each pixel belongs, 0…1."""
    return np.asarray(1 / (1 + np.exp(-logits_hw)), np.float32)


def _expected_iou(shares_hw: NDArray[np.float32]) -> float:
    """The IoU that the shares promise if they are right about themselves, 0…1."""
    inside = shares_hw > 0.5
    both = float(shares_hw[inside].sum())
    either = float(inside.sum()) + float(shares_hw[~inside].sum())
    return both / either if either > 0 else 0.0
