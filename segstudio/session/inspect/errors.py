"""Walking from one error of the open image to the next, the most rewarding first."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.event import Event
from segstudio.core.layer import LABELS, TRUTH
from segstudio.core.raster import RasterDelta
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_regions import ErrorRegion, error_regions
from segstudio.ops.index_view import indices_of
from segstudio.session.document import Document
from segstudio.session.inspect.judged import judged_layer
from segstudio.session.jobs import Job
from segstudio.session.scores.live import IndexRaster
from segstudio.session.session import Session

SMALLEST = 4
"""Regions of fewer pixels are not worth a stop."""


@dataclass(frozen=True, slots=True)
class ErrorStop:
    """One region of the walk: number `number` (from 1) of `total`; `judged` names the layer that has the error."""

    region: ErrorRegion
    number: int
    total: int
    judged: str
    class_set: ClassSet

    @property
    def text(self) -> str:
        """One line for the status bar."""
        names = [c.name for c in self.class_set.evaluated]
        region = self.region
        said = "nothing" if region.label_class is None else names[region.label_class]
        who = LABELS if self.judged == LABELS else self.judged.partition(":")[2]
        gain = "" if isnan(region.delta_miou) else f", {100 * region.delta_miou:+.2f} mIoU"
        size = f"{region.pixels:,}".replace(",", "\u202f")
        place = f"region {self.number} of {self.total}"
        return f"{TRUTH} {names[region.truth_class]}, {who} {said}, {size} px{gain}, {place}"


class ErrorWalk:
    """The regions where the labels (or the prediction that stands for them) differ from the truth, by ΔmIoU.

    They are found off the home thread, anew after the labels changed; `arrived` tells of each stop. After an edit the
    walk goes on from the rank of the region where it stood.
    """

    def __init__(self, session: Session) -> None:
        self.arrived: Event[ErrorStop] = Event()
        self._session = session
        self._document: Document | None = None
        self._edits = 0
        self._regions: list[ErrorRegion] = []
        self._found_for: object = None
        self._sought: object = None
        self._steps = 0
        self._last: ErrorRegion | None = None
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def step(self, by: int) -> None:
        """Go `by` regions on (negative: back), over the ends; what is missing for it is told."""
        document, class_set = self._document, self._session.classes.current
        if document is None:
            return
        if document.truth_index_hw is None or not 1 <= class_set.num_classes <= IGNORED:
            self._session.notify.tell("warning", "there is no ground truth to find errors against")
            return
        layer = judged_layer(document, self._session.view.now)
        state = layer, layer.segments.version, class_set, self._edits
        if state == self._found_for:
            self._go(by, layer.name, class_set)
            return
        if state == self._sought:
            self._steps += by
            return
        self._sought, self._steps = state, by
        truth_hw, ids_hw, lut = document.truth_index_hw, layer.raster.ids_hw, layer.segments.index_lut(class_set)

        def work(job: Job) -> list[ErrorRegion]:
            return regions_of(truth_hw.copy(), indices_of(lut, ids_hw), class_set)

        def done(regions: list[ErrorRegion]) -> None:
            self._regions, self._found_for, self._sought = regions, state, None
            self._go(self._steps, layer.name, class_set)

        def failed(error: BaseException) -> None:
            self._sought = None
            self._session.notify.fault(error)

        self._session.jobs.submit(work, done=done, failed=failed, lane="compute", key="error-regions")

    def _go(self, by: int, judged: str, class_set: ClassSet) -> None:
        total = len(self._regions)
        if not total:
            self._session.notify.info("there is no error left that is worth a stop")
            return
        place = self._place_after(by) % total
        self._last = self._regions[place]
        self.arrived.emit(ErrorStop(self._last, place + 1, total, judged, class_set))

    def _place_after(self, by: int) -> int:
        last = self._last
        if last is None:
            return by - 1 if by > 0 else by
        for place, region in enumerate(self._regions):
            if _is_same(region, last):
                return place + by
        # It was mended: where it stood is now the next one.
        rank = sum(_rank(region) < _rank(last) for region in self._regions)
        return rank + by - 1 if by > 0 else rank + by

    def _on_document(self, document: Document | None) -> None:
        before, self._document = self._document, document
        if before is not None:
            before.pixels_changed.disconnect(self._on_pixels)
        if document is not None:
            document.pixels_changed.connect(self._on_pixels)
        self._session.jobs.cancel("error-regions")
        self._regions, self._found_for, self._sought, self._last = [], None, None, None

    def _on_pixels(self, _: RasterDelta) -> None:
        self._edits += 1


def regions_of(truth_index_hw: IndexRaster, index_hw: IndexRaster, class_set: ClassSet) -> list[ErrorRegion]:
    """The regions of `SMALLEST` and more pixels where two rasters of evaluation indices `[H, W]` differ.

    Their gains are in the mean IoU of this image.
    """
    matrix = ConfusionMatrix(class_set.num_classes, class_set.ignored_index)
    matrix.add(truth_index_hw, index_hw)
    return error_regions(truth_index_hw, index_hw, matrix, min_pixels=SMALLEST)


def _is_same(one: ErrorRegion, other: ErrorRegion) -> bool:
    return (one.truth_class, one.label_class, one.anchor_xy) == (other.truth_class, other.label_class, other.anchor_xy)


def _rank(region: ErrorRegion) -> tuple[float, int]:
    return float("inf") if isnan(region.delta_miou) else -region.delta_miou, -region.pixels
