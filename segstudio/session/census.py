"""How many pixels each segment of the labels has, kept up by differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.raster import RasterDelta, SegmentIds

if TYPE_CHECKING:
    from segstudio.session.document import Document

_STRIP_PIXELS = 2**20


class Census:
    """Pixel counts of one document's labels; counting in full happens on the first question."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._counts: NDArray[np.int64] | None = None
        document.pixels_changed.connect(self._on_pixels)

    def by_segment(self) -> NDArray[np.int64]:
        """int64 `[65536]`: pixels of each segment id; number 0 counts the unlabelled ones."""
        if self._counts is None:
            counts = _count(self._document.labels.raster.ids_hw)
            self._counts = np.pad(counts, (0, 65536 - counts.size))
        return self._counts

    def by_class(self) -> dict[int, int]:
        """Pixels of each class id that has any."""
        counts = self.by_segment()
        found: dict[int, int] = {}
        for segment in self._document.labels.segments:
            if pixels := int(counts[segment.id]):
                found[segment.class_id] = found.get(segment.class_id, 0) + pixels
        return found

    @property
    def unlabelled(self) -> int:
        return int(self.by_segment()[0])

    def _on_pixels(self, delta: RasterDelta) -> None:
        if self._counts is not None:
            # Only as long as the largest id needs: a dab costs by its pixels, not by the 65,536 possible ids.
            after, before = _count(delta.after_hw), _count(delta.before_hw)
            self._counts[: after.size] += after
            self._counts[: before.size] -= before


def _count(ids_hw: SegmentIds) -> NDArray[np.int64]:
    return np.bincount(ids_hw.reshape(-1))
