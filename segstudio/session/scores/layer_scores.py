"""How the predictions of the open image score: each layer counted once, off the home thread where it is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.event import Event
from segstudio.core.layer import Layer
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.live import Score
from segstudio.session.scores.live import matrix_of_layer
from segstudio.session.turns import AT_ONCE

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.session.session import Session


class LayerScores:
    """`changed` tells the name of a layer whose score is known from now on. Home thread only."""

    def __init__(self, session: Session) -> None:
        self.changed: Event[str] = Event()
        self._session = session
        self._known: dict[str, tuple[object, Score]] = {}
        self._asked: dict[str, object] = {}
        session.document_changed.connect(self._on_document)

    def of(self, name: str) -> Score | None:
        """The score of a layer of the open image; None where there is no truth, or until it has been counted."""
        document, class_set = self._session.document, self._session.classes.current
        if document is None or document.truth_index_hw is None or not class_set.num_classes:
            return None
        layer, truth_hw = document.layer(name), document.truth_index_hw
        state = (layer, layer.segments.version, class_set, truth_hw)
        known = self._known.get(name)
        if known is not None and _is_same(known[0], state):
            return known[1]
        if layer.raster.bounds.area <= AT_ONCE:
            score = Score.of(matrix_of_layer(layer, truth_hw, class_set))
            self._known[name] = state, score
            return score
        if not _is_same(self._asked.get(name), state):
            self._asked[name] = state
            self._count(document, layer, state)
        return None

    def _count(self, document: Document, layer: Layer, state: tuple[object, ...]) -> None:
        class_set, truth_hw, name = self._session.classes.current, document.truth_index_hw, layer.name
        assert truth_hw is not None

        def counted(matrix: ConfusionMatrix) -> None:
            if self._session.document is document:
                self._known[name] = state, Score.of(matrix)
                self.changed.emit(name)

        self._session.jobs.submit(
            lambda job: matrix_of_layer(layer, truth_hw, class_set, check=job.cancel_token.raise_if_cancelled),
            done=counted,
            failed=self._session.notify.fault,
            lane="compute",
            key=f"score-{name}",
        )

    def _on_document(self, _: Document | None) -> None:
        for name in self._asked:
            self._session.jobs.cancel(f"score-{name}")
        self._known.clear()
        self._asked.clear()


def _is_same(one: object, other: tuple[object, ...]) -> bool:
    return isinstance(one, tuple) and all(
        a is b or (isinstance(a, int) and a == b) for a, b in zip(one, other, strict=True)
    )
