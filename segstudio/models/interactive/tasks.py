"""What is asked of segmenters in the model process, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.predictor import Capabilities, SegmenterSpec
from segstudio.models.interactive.prompt import Prompt

ASK, CURRENT, NEXT, PREVIOUS, BULK = 0, 10, 20, 30, 40
"""Priorities, least first: a prompt, then embedding the image on screen, the next and the one before, then bulk."""


@dataclass(frozen=True, slots=True)
class Encode:
    """Embed a frame, or find that it is embedded; gives `Encoded`.

    `ahead` is for another day: it goes to the disk and takes no memory from those in use.
    """

    spec: SegmenterSpec
    frame: Frame
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a prompt; embeds first where need be. Gives `list[Candidate]`, best first."""

    spec: SegmenterSpec
    frame: Frame
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class EverythingSettings:
    """A grid of `points_per_side` squared prompts.

    Masks of less than `min_score`, or of an area outside `min_area` … `max_area` (shares of the image), are left out,
    and of two that overlap by more than `overlap` (IoU) the one with the lower score.
    """

    points_per_side: int = 16
    min_score: float = 0.8
    min_area: float = 0.0005
    max_area: float = 0.6
    overlap: float = 0.7


@dataclass(frozen=True, slots=True)
class Everything:
    """Find all things; gives `list[Found]`, best first."""

    spec: SegmenterSpec
    frame: Frame
    settings: EverythingSettings = field(default_factory=EverythingSettings)


@dataclass(frozen=True, slots=True)
class TrackStart:
    """Take things in hand: bool `[H, W]` for each on this frame. `track` is a name for later steps. Gives None."""

    spec: SegmenterSpec
    frame: Frame
    track: str
    masks_hw: tuple[NDArray[np.bool_], ...]


@dataclass(frozen=True, slots=True)
class TrackStep:
    """Where the things are on the next frame: gives `list[Candidate | None]`, one for each."""

    spec: SegmenterSpec
    frame: Frame
    track: str


Task = Encode | Ask | Everything | TrackStart | TrackStep


@dataclass(frozen=True, slots=True)
class Encoded:
    """An embedding is ready: where it came from ("memory", "disk", "encoded"), what the segmenter can do, and the bytes
    that it takes.
    """

    source: str
    capabilities: Capabilities
    device: str
    nbytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One thing of "everything": bool `[rect.height, rect.width]` at `rect`, and the predicted IoU."""

    rect: Rect
    mask_hw: NDArray[np.bool_]
    score: float


@dataclass(frozen=True, slots=True)
class Working:
    """`done` of `total` steps (0: unknown) of what `text` names."""

    done: int
    total: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The last reply of a task that succeeded."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """The last reply of a task that did not: one line, a hint, and whether somebody wanted it so."""

    message: str
    hint: str = ""
    cancelled: bool = False


Reply = Working | Result | Failure
