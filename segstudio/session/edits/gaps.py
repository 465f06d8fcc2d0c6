"""Gaps: how many pixels of the open image are unlabelled, always as of now, and a walk through them by size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ops.gaps import Gap, gaps_by_size

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.session.session import Session


class Gaps:
    """Counts come from the document's census, which is kept up stroke by stroke; nothing is counted twice."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: tuple[Document, tuple[float, float]] | None = None

    @property
    def pixels(self) -> int:
        """Unlabelled pixels of the open image; 0 where none is open."""
        document = self._session.document
        return document.census.unlabelled if document is not None else 0

    @property
    def share(self) -> float:
        """The same as a fraction of the image."""
        document = self._session.document
        if document is None:
            return 0.0
        height, width = document.size_hw
        return self.pixels / (height * width)

    def next(self) -> Gap | None:
        """The largest gap; asked again while that one is still there, the next smaller one, and from the start again.

        None where everything is labelled.
        """
        document = self._session.document
        if document is None:
            return None
        found = gaps_by_size(document.labels.raster.ids_hw)
        if not found:
            self._shown = None
            return None
        points = [gap.point_xy for gap in found]
        place = 0
        if self._shown is not None and self._shown[0] is document and self._shown[1] in points:
            place = (points.index(self._shown[1]) + 1) % len(found)
        self._shown = document, points[place]
        return found[place]
