"""Why each wrong pixel of the open image is wrong, for the error layer: found in a worker, patched while one paints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED
from segstudio.core.event import Event
from segstudio.core.layer import Layer
from segstudio.core.raster import RasterDelta
from segstudio.metrics.error_kind_map import KindMap, RegionKind, error_kind_map
from segstudio.ops.index_view import indices_of
from segstudio.session.document import Document
from segstudio.session.inspect.judged import judged_layer
from segstudio.session.jobs import Job
from segstudio.session.scores.live import IndexRaster
from segstudio.session.scores.sides import is_countable
from segstudio.session.session import Session


class KindLayer:
    """Keeps `document.error_kinds` of the open image while the view shows errors by kind; `changed` carries nothing.

    What one paints is right or wrong at once; a pixel that has just become wrong counts as extent until the worker has
    looked at its region again, after the edit.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._document: Document | None = None
        self._lut: IndexRaster | None = None
        self._layer: Layer | None = None
        self._class_index = IGNORED
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)
        session.classes.changed.connect(self._on_news)
        self._on_document(session.document)

    def pixels(self) -> dict[RegionKind, int]:
        """How many pixels of the open image each kind has; empty while that is not known."""
        kinds_hw = self._document.error_kinds if self._document is not None else None
        if kinds_hw is None:
            return {}
        counts = np.bincount(kinds_hw.reshape(-1), minlength=len(RegionKind))
        return {kind: int(counts[kind]) for kind in RegionKind}

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"errors", "error_kinds", "error_class", "shown"}:
            self._find()

    def _on_document(self, document: Document | None) -> None:
        before, self._document = self._document, document
        if before is not None:
            before.pixels_changed.disconnect(self._on_pixels)
            before.truth_changed.disconnect(self._on_news)
            before.recorded.disconnect(self._on_news)
            before.layers_changed.disconnect(self._on_layers)
        if document is not None:
            document.pixels_changed.connect(self._on_pixels)
            document.truth_changed.connect(self._on_news)
            document.recorded.connect(self._on_news)
            document.layers_changed.connect(self._on_layers)
        self._find()

    def _on_news(self, _: object) -> None:
        self._find()

    def _on_layers(self, _: str) -> None:
        if self._document is not None and judged_layer(self._document, self._session.view.now) is not self._layer:
            self._find()

    def _find(self) -> None:
        document, view = self._document, self._session.view.now
        classes = self._session.classes.current
        if document is None:
            return
        if not (view.errors and view.error_kinds and is_countable(classes)) or document.truth_index_hw is None:
            self._session.jobs.cancel("error-kinds")
            document.error_kinds = None
            return
        layer = judged_layer(document, view)
        chosen = classes.index_of.get(view.error_class, IGNORED) if view.error_class is not None else IGNORED
        if layer is not self._layer or chosen != self._class_index:
            document.error_kinds = None
        self._layer, self._class_index = layer, chosen
        self._lut = lut = layer.segments.index_lut(classes)
        truth_hw, ids_hw, number = document.truth_index_hw, layer.raster.ids_hw, classes.num_classes

        def work(job: Job) -> KindMap:
            # What is painted meanwhile ends with another search.
            truth, labels = truth_hw.copy(), indices_of(lut, ids_hw)
            kinds_hw = error_kind_map(truth, labels, num_classes=number, check=job.cancel_token.raise_if_cancelled)
            return _of_class(kinds_hw, truth, labels, chosen)

        def done(kinds_hw: KindMap) -> None:
            if document is self._document and layer is self._layer:
                document.error_kinds = kinds_hw
                document.layers_changed.emit(layer.name)
                self.changed.emit(None)

        jobs, fault = self._session.jobs, self._session.notify.fault
        jobs.submit(work, done=done, failed=fault, lane="compute", key="error-kinds")

    def _on_pixels(self, delta: RasterDelta) -> None:
        document, lut = self._document, self._lut
        if document is None or document.error_kinds is None or document.truth_index_hw is None or lut is None:
            return
        if self._layer is not document.labels or delta.rect.is_empty:
            return
        area = delta.rect.slices
        truth, labels, kinds = document.truth_index_hw[area], lut[delta.after_hw], document.error_kinds[area]
        void = truth >= self._session.classes.current.num_classes
        right = truth == labels
        was_right = kinds <= RegionKind.RIGHT
        fresh = kinds.copy()
        fresh[was_right & ~right] = RegionKind.EXTENT
        fresh[right] = RegionKind.RIGHT
        fresh[void] = RegionKind.VOID
        kinds[...] = _of_class(fresh, truth, labels, self._class_index)


def _of_class(kinds_hw: KindMap, truth_hw: IndexRaster, labels_hw: IndexRaster, class_index: int) -> KindMap:
    """Only what concerns one class, on either side; everything for `IGNORED`."""
    if class_index == IGNORED:
        return kinds_hw
    concerned: NDArray[np.bool_] = (truth_hw == class_index) | (labels_hw == class_index)
    concerned |= kinds_hw == RegionKind.VOID
    return np.where(concerned, kinds_hw, np.uint8(RegionKind.NEUTRAL))
