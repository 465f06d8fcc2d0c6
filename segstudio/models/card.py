"""What is known of a model before any of its code runs: paper, cost, published figures, input convention, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.errors import UserError

Task = Literal["semantic", "instance", "panoptic", "promptable"]
Triple = tuple[float, float, float]

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How an image becomes the network's input: float32 `[1, 3, h, w]` with the channels in `order`.

    A pixel x (0…255) becomes `(x · scale − mean) / std`, or `(x − mean) / std · scale` where `scale_last` (a convention
    of networks that were trained so). `resize` says what happens to the size first: "stretch" to `size_hw`, "short"
    side to `size_hw[0]` with the long side at most `size_hw[1]`, "short-up" the same and then each side up to
    `multiple`, as the library transformers does, or "none". What is then no multiple of `multiple` is padded on the
    right and below. `antialias` averages all pixels that a smaller one covers and rounds to 8 bits, as Pillow does and
    OpenCV does not. `restore` says what is brought back to the image's size: the "logits" (bilinear, before the argmax)
    or the "labels" (nearest), as the published figures were measured.
    """

    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD
    order: Literal["rgb", "bgr"] = "rgb"
    scale: float = 1 / 255
    scale_last: bool = False
    size_hw: tuple[int, int] | None = None
    resize: Literal["stretch", "short", "short-up", "none"] = "none"
    multiple: int = 1
    antialias: bool = False
    restore: Literal["logits", "labels"] = "logits"

    def __post_init__(self) -> None:
        if self.order not in ("rgb", "bgr"):
            raise UserError(f"channel order {self.order!r} is neither rgb nor bgr")
        if not all(value != 0 for value in self.std):
            raise UserError(f"a standard deviation of zero cannot divide: {self.std}")
        if self.resize != "none" and self.size_hw is None:
            raise UserError(f"resizing by {self.resize!r} needs a size")
        if self.size_hw is not None and min(self.size_hw) < 1:
            raise UserError(f"an input size of {self.size_hw[1]}×{self.size_hw[0]} pixels is none")

    def with_options(
        self,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        order: str | None = None,
        scale: float | None = None,
        size_hw: tuple[int, int] | None = None,
    ) -> Preprocess:
        """The same with what a person gave explicitly; None leaves the card's value.

        A mean of which every value lies within 0…1 is in units of scaled pixels, so `scale` comes before it; a larger
        one is in units of 0…255, so `scale` comes last.
        """
        given: dict[str, Any] = {}
        if mean is not None:
            given["mean"] = _triple("mean", mean)
            given["scale_last"] = max(abs(value) for value in mean) > 1
        if std is not None:
            given["std"] = _triple("std", std)
        if order is not None:
            given["order"] = order.lower()
        if scale is not None:
            given["scale"] = float(scale)
        if size_hw is not None:
            given.update(size_hw=(int(size_hw[0]), int(size_hw[1])), resize="stretch")
        return replace(self, **given)


def _triple(what: str, values: Sequence[float]) -> Triple:
    if len(values) not in (1, 3):
        raise UserError(f"{what} has {len(values)} values, an image has three channels")
    red, green, blue = (float(value) for value in (tuple(values) * 3)[:3])
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Published:
    """One figure as the paper or the reference states it: fractions as percentages, speeds with their machine."""

    dataset: str
    metric: str
    value: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One file of trained weights: where it comes from, what it may be used for, and what of the card it changes.

    `source` is an http(s) address or the name of a file in the plugin's folder; `size` is in bytes (0 = unknown);
    `sha256` in hexadecimal, whole or its beginning ("" = unknown). `class_set`, `channels` and `preprocess` replace the
    card's where they are given; `options` are passed to the builder. A `folder` is what a library saves, the weights
    and a `config.json` beside them; its `source` is the page from which a person takes it by hand.
    """

    name: str
    dataset: str
    source: str
    licence: str
    miou: float | None = None
    sha256: str = ""
    size: int = 0
    class_set: str | ClassSet | None = None
    channels: tuple[int, ...] = ()
    preprocess: Preprocess | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: bool = False

    @property
    def is_bundled(self) -> bool:
        """Whether the file ships with the plugin."""
        return "://" not in self.source


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of the browser. `name` is kebab case and unique; `title` is how people call it.

    `class_set` is the name of a bundled set or a set; `channels[i]` is the evaluation index of output channel i (255:
    background, does not count), empty where channel i simply is index i. `parameters` counts weights, `gmacs` is in
    10⁹ multiply-accumulates of convolutions and matrix products at `input_size` (height, width), as
    `torch_backend.cost` counts them; None means that nobody did. Of several segmenters that work, the one of the
    greatest `precedence` is taken unasked; below 0 none ever is.
    """

    name: str
    family: str
    title: str
    task: Task
    paper: str
    year: int
    licence: str
    class_set: str | ClassSet
    preprocess: Preprocess = field(default_factory=Preprocess)
    input_size: tuple[int, int] | None = None
    channels: tuple[int, ...] = ()
    parameters: int | None = None
    gmacs: float | None = None
    published: tuple[Published, ...] = ()
    weights: tuple[WeightsEntry, ...] = ()
    requires: tuple[str, ...] = ()
    runs_without_weights: bool = False
    precedence: int = 0
    notes: str = ""

    def classes(self) -> ClassSet:
        """The class set itself. Raises `UserError` where it is named and not known."""
        return self.class_set if isinstance(self.class_set, ClassSet) else ClassSet.load(self.class_set)

    def num_outputs(self) -> int:
        """How many channels the published network gives."""
        return len(self.channels) or self.classes().num_classes

    def entry(self, name: str) -> WeightsEntry | None:
        """The weights of that name, if the card knows them."""
        return next((entry for entry in self.weights if entry.name == name), None)

    def with_weights(self, entry: WeightsEntry) -> ModelCard:
        """The card as it is with these weights: their classes, channels and input convention."""
        changed: dict[str, Any] = {}
        if entry.class_set is not None:
            changed.update(class_set=entry.class_set, channels=entry.channels)
        if entry.preprocess is not None:
            changed.update(preprocess=entry.preprocess, input_size=entry.preprocess.size_hw or self.input_size)
        return replace(self, **changed)

    def to_json(self) -> dict[str, Any]:
        """The card as one row of `segstudio models --json`, without the status."""
        weights = [
            {"name": w.name, "dataset": w.dataset, "miou": w.miou, "licence": w.licence, "source": w.source}
            for w in self.weights
        ]
        return {
            "name": self.name,
            "family": self.family,
            "title": self.title,
            "task": self.task,
            "paper": self.paper,
            "year": self.year,
            "licence": self.licence,
            "parameters": self.parameters,
            "gmacs": self.gmacs,
            "input_size": None if self.input_size is None else list(self.input_size),
            "published": [asdict(figure) for figure in self.published],
            "weights": weights,
            "notes": self.notes,
        }


def with_background(num_classes: int) -> tuple[int, ...]:
    """`ModelCard.channels` of a network whose last output, after `num_classes` others, is background."""
    return (*range(num_classes), IGNORED)
