"""What is asked of a model: settings that hold for a run, and the request for one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models.card import Preprocess

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Refinement = Literal["none", "crf", "guided"]


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """How a model runs. None leaves what the card says.

    `tile` is the side of square tiles in pixels of the network's input (0: whole images), which overlap by
    `tile_overlap` (a fraction of the side). `score` is the least score of an object that is kept. `batch` images of
    one size go through the network together. `precision` "auto" is float16 on CUDA and float32 elsewhere;
    `channels_last` None means on CUDA; `compiled` and `cuda_graphs` cost a slow first image. `threads` limits the CPU
    threads (0: all).

    A semantic model's probabilities are averaged over the input at each of `scales` (1.0 is the input's own size) and,
    with `flip`, its mirror image; then `refine` draws its borders to the image's (see `torch_backend.crf`, `.guided`).
    """

    device: Literal["auto", "cuda", "mps", "cpu"] | str = "auto"
    preprocess: Preprocess | None = None
    class_set: ClassSet | None = None
    tile: int = 0
    tile_overlap: float = 0.25
    score: float = 0.5
    batch: int = 1
    precision: Precision = "auto"
    channels_last: bool | None = None
    compiled: bool = False
    cuda_graphs: bool = False
    threads: int = 0
    scales: tuple[float, ...] = ()
    flip: bool = False
    refine: Refinement = "none"

    def __post_init__(self) -> None:
        if self.tile < 0 or 0 < self.tile < 32:
            raise UserError(f"tiles of {self.tile} pixels are too small", hint="at least 32, or 0 for whole images")
        if not 0 <= self.tile_overlap < 0.9:
            raise UserError(f"tiles cannot overlap by {self.tile_overlap:g} of their side", hint="0 … 0.9")
        if self.batch < 1:
            raise UserError(f"a batch of {self.batch} images is none")
        if self.precision not in get_args(Precision):
            raise UserError(f"there is no precision {self.precision!r}", hint=", ".join(get_args(Precision)))
        if self.refine not in get_args(Refinement):
            raise UserError(f"there is no refinement {self.refine!r}", hint=", ".join(get_args(Refinement)))
        if not all(0.1 <= scale <= 4 for scale in self.scales):
            raise UserError(f"scales of {self.scales} are beyond what helps", hint="0.1 … 4, such as 0.75,1,1.25")

    @property
    def augments(self) -> bool:
        """Whether an image goes through the network more than once."""
        return self.flip or any(scale != 1.0 for scale in self.scales)


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
