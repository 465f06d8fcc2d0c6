"""What a pane draws: one layer of the image alone, or the difference of two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from segstudio.core.class_set import IGNORED, Color
from segstudio.core.layer import TRUTH
from segstudio.metrics.agreement import agreement_map
from segstudio.render.lut import agreement_table
from segstudio.render.scene import AgreementLayer, Scene
from segstudio.session.document import Document
from segstudio.session.scores.live import IndexRaster
from segstudio.session.view import View
from segstudio.ui.canvas.frame import Frame
from segstudio.ui.canvas.scenes import SceneSource


@dataclass(frozen=True, slots=True)
class Shown:
    """The layer of a pane; with `against`, where the two differ, without the `hidden` cases.

    A layer that the image lacks shows the bare photo.
    """

    layer: str = ""
    against: str = ""
    hidden: frozenset[int] = frozenset()


class PaneSource(SceneSource):
    """Scenes of what `shown` says, otherwise in the look that the view asks for (style, opacity, errors, heat map)."""

    def __init__(self, document: Document, shown: Callable[[], Shown]) -> None:
        super().__init__(document)
        self._shown = shown
        self._luts: dict[str, tuple[object, IndexRaster]] = {}

    def scene(self, view: View, *, background: Color, outline_px: int = 1) -> Scene:
        """What the pane shows now."""
        shown = self._shown()
        if not shown.against:
            alone = {name: name == shown.layer for name in self._document.layer_names}
            errors = view.errors and shown.layer != TRUTH
            return super().scene(
                replace(view, shown=alone, errors=errors), background=background, outline_px=outline_px
            )
        photo = super().scene(replace(view, overlays_hidden=True), background=background)
        layer = self._difference(shown) if not (view.bare or view.overlays_hidden) else None
        return replace(photo, layers=(layer,)) if layer is not None else photo

    def _difference(self, shown: Shown) -> AgreementLayer | None:
        document = self._document
        names = document.layer_names
        countable = 1 <= document.class_set.num_classes <= IGNORED
        if document.truth_index_hw is None or not countable or not {shown.layer, shown.against} <= set(names):
            return None
        return AgreementLayer(
            document.truth_index_hw,
            document.layer(shown.layer).raster.ids_hw,
            self._lut(shown.layer),
            document.layer(shown.against).raster.ids_hw,
            self._lut(shown.against),
            partial(agreement_map, num_classes=document.class_set.num_classes),
            agreement_table(hidden=shown.hidden),
        )

    def _lut(self, name: str) -> IndexRaster:
        layer, class_set = self._document.layer(name), self._document.class_set
        key = layer, layer.segments.version, class_set
        kept = self._luts.get(name)
        if kept is None or kept[0] != key:
            kept = self._luts[name] = key, layer.segments.index_lut(class_set)
        return kept[1]


class PaneFrame(Frame):
    """The back buffer of a pane."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown()

    def show(self, document: Document | None) -> None:
        """Show another document."""
        self._source = PaneSource(document, lambda: self.shown) if document is not None else None
        self.invalidate()
