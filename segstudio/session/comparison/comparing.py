"""Two layers of the open image against its truth: which are compared, who is right where, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet, Color
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS
from segstudio.core.transaction import Edit
from segstudio.metrics.agreement import Agreement, agreement_map, agreement_pixels
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.scores.live import IndexRaster
from segstudio.session.session import Session

Side = Literal["a", "b"]

_BAND_PIXELS = 1 << 21
"""What is compared at a time, so that memory does not follow the image."""


@dataclass(frozen=True, slots=True)
class ClassDelta:
    """IoU 0…1 of one class in A and B; NaN where the class is absent from the layer and the truth."""

    name: str
    color: Color
    iou_a: float
    iou_b: float

    @property
    def delta(self) -> float:
        """B − A; NaN where either is."""
        return self.iou_b - self.iou_a


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison of the layers `a` and `b` found: mean IoU by layer name, classes in order, pixels by case."""

    a: str
    b: str
    mean_iou: Mapping[str, float]
    classes: tuple[ClassDelta, ...]
    pixels: Mapping[Agreement, int]


class Comparing:
    """Chooses A and B and keeps their `result` up to date while `start`ed; counting runs off the home thread.

    A chosen layer stays chosen from image to image, also where an image lacks it; without a choice the two newest
    predictions are compared, else what there is. `changed` carries nothing: a view asks for what it shows.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.result: Comparison | None = None
        self._session = session
        self._document: Document | None = None
        self._chosen: dict[Side, str] = {}
        self._is_on = False
        session.document_changed.connect(self._on_document)
        session.classes.changed.connect(self._on_news)
        session.opened.connect(self._on_opened)

    def start(self) -> None:
        """Follow the open image from now on."""
        self._is_on = True
        self._on_document(self._session.document)

    def stop(self) -> None:
        """Count no more."""
        self._is_on = False
        self._session.jobs.cancel("compare-layers")

    @property
    def names(self) -> list[str]:
        """Layers of the open image that can be compared, in the order of the layer list."""
        return self._document.layer_names if self._document is not None else []

    def layer_name(self, side: Side) -> str:
        """The layer on that side, "" where there is none; the open image may lack it (see `names`)."""
        if side in self._chosen:
            return self._chosen[side]
        names = self.names
        # Newest predictions last; where they do not suffice, labels and truth stand in.
        predictions = [name for name in names if name.startswith("prediction:")]
        pair = (predictions[-2:] + [name for name in names if name not in predictions])[:2]
        place = 0 if side == "a" else 1
        return pair[place] if len(pair) > place else ""

    def choose(self, side: Side, name: str) -> None:
        """Show and count layer `name` on that side."""
        other: Side = "b" if side == "a" else "a"
        self._chosen = {other: self.layer_name(other), side: name}
        self._on_news(None)

    def mean_iou(self, name: str) -> float | None:
        """Mean IoU 0…1 of a layer in this image; None while it is not known."""
        return self.result.mean_iou.get(name) if self.result is not None else None

    def take(self, side: Side, point_xy: tuple[float, float]) -> Edit | None:
        """Take what A or B says under the image point into the labels, as one edit: a region, or an object in object
        mode. Raises `UserError` where there is nothing to take.
        """
        from segstudio.session.edits import accept
        from segstudio.session.edits.paint_rule import paint_rule

        document, name = self._document, self.layer_name(side)
        if document is None or name not in document.layer_names:
            raise UserError(f"this image has no layer {side.upper()}", hint="run the model first (Ctrl+R)")
        if name == LABELS:
            raise UserError(f"{side.upper()} shows the labels themselves: there is nothing to take")
        view = self._session.view.now
        if view.mode == "objects":
            return accept.accept_object_at(document, name, point_xy)
        return accept.accept_region_at(document, name, point_xy, rule=paint_rule(view, document.labels))

    def _on_opened(self, _: object) -> None:
        # Another data set has other runs.
        self._chosen = {}

    def _on_document(self, document: Document | None) -> None:
        moves = self._is_on and document is not self._document
        if moves and not self._chosen and all(name.startswith("prediction:") for name in self._pair):
            # Who goes through the images means these two, also where one has not run yet.
            self._chosen = {"a": self._pair[0], "b": self._pair[1]}
        before, self._document = self._document, document
        if before is not None:
            before.recorded.disconnect(self._on_news)
            before.layers_changed.disconnect(self._on_news)
        if document is not None:
            document.recorded.connect(self._on_news)
            document.layers_changed.connect(self._on_news)
        self.result = None
        self._on_news(None)

    def _on_news(self, _: object) -> None:
        if not self._is_on:
            return
        if self.result is not None and (self.result.a, self.result.b) != self._pair:
            self.result = None
        self._count()
        self.changed.emit(None)

    @property
    def _pair(self) -> tuple[str, str]:
        return self.layer_name("a"), self.layer_name("b")

    def _count(self) -> None:
        document, class_set = self._document, self._session.classes.current
        pair = self._pair
        countable = document is not None and set(pair) <= set(document.layer_names)
        if document is None or document.truth_index_hw is None or not countable:
            self._session.jobs.cancel("compare-layers")
            return
        if not 1 <= class_set.num_classes <= IGNORED:
            return
        truth_hw = document.truth_index_hw
        # The labels are read as they are; an edit meanwhile ends with another count.
        layers = {name: _Indices.of(document, name, class_set) for name in {*pair, LABELS}}

        def work(job: Job) -> Comparison:
            return compare_layers(
                truth_hw, layers, pair=pair, class_set=class_set, check=job.cancel_token.raise_if_cancelled
            )

        jobs, fault = self._session.jobs, self._session.notify.fault
        jobs.submit(work, done=self._show, failed=fault, lane="compute", key="compare-layers")

    def _show(self, result: Comparison) -> None:
        if self._is_on:
            self.result = result
            self.changed.emit(None)


@dataclass(frozen=True, slots=True, eq=False)
class _Indices:
    """A raster of segment ids `[H, W]` and the evaluation index of each id."""

    ids_hw: NDArray[np.uint16]
    lut: IndexRaster

    @classmethod
    def of(cls, document: Document, name: str, class_set: ClassSet) -> _Indices:
        layer = document.layer(name)
        return cls(layer.raster.ids_hw, layer.segments.index_lut(class_set))

    def rows(self, band: slice) -> IndexRaster:
        indices: IndexRaster = self.lut[self.ids_hw[band]]
        return indices


def compare_layers(
    truth_index_hw: IndexRaster,
    layers: Mapping[str, _Indices],
    *,
    pair: tuple[str, str],
    class_set: ClassSet,
    check: Callable[[], None] = lambda: None,
) -> Comparison:
    """Count each layer against the truth, and the two of `pair` against each other; `check` may raise between bands."""
    matrices = {name: ConfusionMatrix(class_set.num_classes, class_set.ignored_index) for name in layers}
    pixels = dict.fromkeys(Agreement, 0)
    height, width = truth_index_hw.shape
    step = max(1, _BAND_PIXELS // max(1, width))
    for top in range(0, height, step):
        check()
        band = slice(top, top + step)
        rows = {name: layer.rows(band) for name, layer in layers.items()}
        for name, matrix in matrices.items():
            matrix.add(truth_index_hw[band], rows[name])
        codes = agreement_map(truth_index_hw[band], rows[pair[0]], rows[pair[1]], num_classes=class_set.num_classes)
        for case, count in agreement_pixels(codes).items():
            pixels[case] += count
    iou_a, iou_b = (matrices[name].iou().tolist() for name in pair)
    classes = tuple(
        ClassDelta(c.name, c.color, *iou) for c, *iou in zip(class_set.evaluated, iou_a, iou_b, strict=True)
    )
    means = {name: matrix.mean_iou() for name, matrix in matrices.items()}
    return Comparison(*pair, means, classes, pixels)
