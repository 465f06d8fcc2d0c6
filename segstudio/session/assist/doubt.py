"""Where in the open image a prediction is least sure, and nobody has labelled yet: region after region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.ops.cell_graph import doubtful_regions

if TYPE_CHECKING:
    from segstudio.core.layer import Layer
    from segstudio.session.document import Document
    from segstudio.session.session import Session

CELL = 8
"""Side in pixels of the squares that are doubtful or not."""


class DoubtWalk:
    """Leads through the doubtful regions of one prediction, the worst first; what gets labelled drops out."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._at: tuple[Document, str] | None = None
        self._visited: list[Rect] = []

    def next(self) -> Rect | None:
        """The next region, round and round; None where no prediction knows how sure it is, or all is labelled."""
        document = self._session.document
        layer = None if document is None else self._layer(document)
        if document is None or layer is None or layer.confidence_hw is None:
            return None
        if self._at != (document, layer.name):
            self._at, self._visited = (document, layer.name), []
        regions = doubtful_places(layer.confidence_hw, document.labels.raster.ids_hw)
        if not regions:
            return None
        left = [rect for rect in regions if not any(_overlap(rect, seen) for seen in self._visited)]
        if not left:
            left, self._visited = regions, []
        self._visited.append(left[0])
        return left[0]

    def _layer(self, document: Document) -> Layer | None:
        """The prediction that is shown, else the newest that has a confidence."""
        named = [layer for layer in document.predictions.values() if layer.confidence_hw is not None]
        shown = [layer for layer in named if layer.name in self._session.view.now.shown]
        return next(reversed(shown or named), None)


def doubtful_places(confidence_hw: NDArray[np.uint8], labels_hw: NDArray[np.uint16]) -> list[Rect]:
    """Rectangles of the image in which uint8 `confidence_hw` is lowest where `labels_hw` is 0, the worst first."""
    height, width = confidence_hw.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    doubt_hw = np.where(labels_hw == 0, 255 - confidence_hw, 0).astype(np.float32)
    padded = np.pad(doubt_hw, ((0, rows * CELL - height), (0, columns * CELL - width)))
    cells = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    numbers = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    found = doubtful_regions(numbers, np.asarray(cells, np.float32).ravel())
    return [Rect(r.x0 * CELL, r.y0 * CELL, min(r.x1 * CELL, width), min(r.y1 * CELL, height)) for r in found]


def _overlap(one: Rect, other: Rect) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1
