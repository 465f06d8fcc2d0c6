"""How many pixels each segment of the labels has, kept up by differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.raster import RasterDelta, SegmentIds

if TYPE_CHECKING:
    from segstudio.session.document import Document

_STRIP_PIXELS = 2**20


class Census:
    """Pixel counts of one document's labels; unless `counts` are known, all are counted at the first question."""

    def __init__(self, document: Document, counts: NDArray[np.int64] | None = None) -> None:
        self._document = document
        self._counts = np.pad(counts, (0, 65536 - counts.size)) if counts is not None else None
        document.pixels_changed.connect(self._on_pixels)

    def by_segment(self) -> NDArray[np.int64]:
        """int64 `[65536]`: pixels of each segment id; number 0 counts the unlabelled ones."""
        if self._counts is None:
            counts = count_segments(self._document.labels.raster.ids_hw)
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
            after, before = count_segments(delta.after_hw), count_segments(delta.before_hw)
            self._counts[: after.size] += after
            self._counts[: before.size] -= before


def count_segments(ids_hw: SegmentIds) -> NDArray[np.int64]:
    """int64 `[largest id + 1]`; strip by strip, because counting widens every pixel to eight bytes."""
    height, width = ids_hw.shape
    rows = max(1, _STRIP_PIXELS // max(1, width))
    if rows >= height:
        return _counted(ids_hw)
    counts = np.zeros(1, np.int64)
    for row in range(0, height, rows):
        part = ids_hw[row : row + rows]
        first = int(part[0, 0])
        if (part != first).any():
            found = _counted(part)
            wider, other = (found, counts) if found.size > counts.size else (counts, found)
            wider[: other.size] += other
            counts = wider
        else:
            if first >= counts.size:
                counts = np.pad(counts, (0, first + 1 - counts.size))
            counts[first] += part.size
    return counts


def _counted(ids_hw: SegmentIds) -> NDArray[np.int64]:
    """`np.bincount`, in a fifth of its time where ids fit a byte: a histogram does not widen every pixel first."""
    if ids_hw.size == 0 or int(ids_hw.max()) > 255:
        return np.bincount(ids_hw.reshape(-1))
    found = cv2.calcHist([ids_hw.astype(np.uint8)], [0], None, [256], [0, 256]).reshape(-1).astype(np.int64)
    return found[: int(found.nonzero()[0][-1]) + 1]
