"""A prediction refined to the picture's edges: a layer that follows the slider and is kept or dropped at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import Layer, prediction_layer
from segstudio.core.raster import LabelRaster
from segstudio.core.segments import SegmentTable
from segstudio.core.transaction import Changes
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.ops.refine_labels import Method
    from segstudio.session.document import Document
    from segstudio.session.session import Session

_KEY = "refine-prediction"


class Refining:
    """One sitting over one prediction of the open image; `changed` is emitted when another preview is there.

    Nothing of it is in the undo stack; accepting the layer is. Raises `UserError` where there is nothing to refine.
    """

    def __init__(self, session: Session, source_name: str | None) -> None:
        document = session.document
        if document is None or source_name not in document.predictions:
            raise UserError("there is no prediction to refine", hint="run a model (Ctrl+R) or the forest (Shift+F)")
        self.changed: Event[None] = Event()
        self.source = source_name
        self._session = session
        self._document: Document = document
        self._layer = document.predictions[source_name]
        self._shown_before = dict(session.view.now.shown)
        self.moved_pixels: int | None = None
        run = source_name.partition(":")[2].removesuffix(" refined")
        self.name = prediction_layer(f"{run} refined")
        self._replaced = document.predictions.get(self.name)

    @property
    def is_current(self) -> bool:
        """Whether the image is still the open one."""
        return self._session.document is self._document

    def preview(self, strength: float, method: Method) -> Job:
        """Show the prediction refined by `strength` 0…1, soon; a newer question replaces this one."""
        layer, image_hwc = self._layer, self._document.pyramid.image_hwc

        def work(job: Job) -> tuple[Layer, int]:
            from segstudio.ops.refine_labels import refined_ids

            ids_hw, confidence_hw = refined_ids(
                image_hwc,
                layer.raster.ids_hw,
                layer.confidence_hw,
                strength=strength,
                method=method,
                check=job.cancel_token.raise_if_cancelled,
            )
            refined = Layer(self.name, layer.size_hw, locked=True)
            refined.raster = LabelRaster.from_array(ids_hw)
            refined.segments = SegmentTable(layer.segments)
            refined.confidence_hw = confidence_hw
            refined.extra = {**layer.extra, "refined": method, "strength": strength}
            return refined, int((ids_hw != layer.raster.ids_hw).sum())

        def done(result: tuple[Layer, int]) -> None:
            if self.is_current:
                self.moved_pixels = result[1]
                self._document.set_prediction(result[0])
                self._session.view.show_only_prediction(self.name)
                self.changed.emit(None)

        return self._session.jobs.submit(work, done=done, failed=self._session.notify.fault, lane="compute", key=_KEY)

    def keep(self) -> None:
        """Leave the refined layer where it is, to be accepted or compared."""
        self._replaced = self._document.predictions.get(self.name)

    def drop(self) -> None:
        """Take the preview away; everything is as it was before."""
        self._session.jobs.cancel(_KEY)
        if not self.is_current:
            return
        self._document.predictions.pop(self.name, None)
        if self._replaced is not None:
            self._document.predictions[self.name] = self._replaced
        self._document.layers_changed.emit(self.name)
        self._document.changed.emit(Changes(self.name, pixels=self._document.labels.raster.bounds))
        self._session.view.set(shown=self._shown_before)
