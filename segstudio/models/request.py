"""What is asked of a model: settings that hold for a run, and the request for one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models.card import Preprocess


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """How a model runs. None leaves what the card says.

    `tile` is the side of square tiles in pixels of the network's input (0: whole images), which overlap by
    `tile_overlap` (a fraction of the side). `score` is the least score of an object that is kept. `half` allows
    autocast on devices that gain from it. `threads` limits the CPU threads (0: all but one).
    """

    device: Literal["auto", "cuda", "mps", "cpu"] | str = "auto"
    preprocess: Preprocess | None = None
    class_set: ClassSet | None = None
    tile: int = 0
    tile_overlap: float = 0.25
    score: float = 0.5
    half: bool = True
    threads: int = 0
    options: tuple[tuple[str, int | float | str | bool], ...] = ()

    def __post_init__(self) -> None:
        if self.tile < 0 or 0 < self.tile < 32:
            raise UserError(f"tiles of {self.tile} pixels are too small", hint="at least 32, or 0 for whole images")
        if not 0 <= self.tile_overlap < 0.9:
            raise UserError(f"tiles cannot overlap by {self.tile_overlap:g} of their side", hint="0 … 0.9")


@dataclass(frozen=True, slots=True, eq=False)
class PredictRequest:
    """One image for one model. `image` is uint8 `[H, W, 3]` RGB; `key` is the caller's name for it and comes back."""

    model: str
    image: NDArray[np.uint8]
    weights: str | None = None
    settings: PredictSettings = field(default_factory=PredictSettings)
    key: str = ""

    def __post_init__(self) -> None:
        check_image(self.image)


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise `UserError` where an array is not uint8 `[H, W, 3]` with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise UserError(f"a model takes 8-bit RGB images [H, W, 3], this is {image.dtype} {list(image.shape)}")
