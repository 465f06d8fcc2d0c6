"""Fill: gives the connected piece under the cursor to the active class; in object mode the object."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt

from segstudio.core.raster import UNLABELLED
from segstudio.ops.fill import flood
from segstudio.ui.canvas.tools.painting import active_class, begin, editable_at, fill_mask
from segstudio.ui.canvas.tools.tool import Pointer, Tool


class FillTool(Tool):
    """One click is one edit; Alt leaves the piece unlabelled."""

    id = "fill"
    title = "&Fill"
    icon = "fill"
    key = "F"
    cursor = Qt.CursorShape.CrossCursor
    hint = "click an area of one class to give it to the active class · Alt leaves it unlabelled"

    def press(self, at: Pointer) -> None:
        if self.context.document is None:
            return
        if self.context.view.mode == "objects":
            self._fill_object(at)
        else:
            self._fill_region(at)

    def _fill_region(self, at: Pointer) -> None:
        session, document = self.context.session, self.context.document
        chosen = None if at.alt else active_class(session)
        if document is None or (chosen is None and not at.alt):
            return
        rect, mask_hw = flood(document.labels.raster.ids_hw, at.xy)
        if rect.is_empty:
            return
        stroke = begin(session, "fill", self.id)
        if stroke is not None:
            with stroke:
                segment_id = UNLABELLED if chosen is None else stroke.segment_for_class(chosen)
                fill_mask(stroke, rect, mask_hw, segment_id, session.view.now)

    def _fill_object(self, at: Pointer) -> None:
        session, document = self.context.session, self.context.document
        chosen = active_class(session)
        if document is None or chosen is None:
            return
        target = editable_at(document, self.context.objects.index.at(at.xy), session.view.now)
        if target is None:
            self.context.tell("there is no object under the cursor")
            return
        stroke = begin(session, "change class", self.id)
        if stroke is not None:
            with stroke:
                stroke.put_object(replace(target, class_id=chosen))
