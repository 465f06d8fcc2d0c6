"""The selected objects and what is round them: gathered once, for ten thousand of them would be slow at every move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segstudio.core.geometry import EMPTY, Rect, union_all
from segstudio.core.objects import SegObject
from segstudio.ui.canvas.tools.tool import ToolContext


@dataclass(frozen=True, slots=True)
class Selected:
    """Objects by ascending id, those of them that are not locked, and the rectangles round the ones and the others."""

    items: tuple[SegObject, ...] = ()
    movable: tuple[SegObject, ...] = ()
    box: Rect = EMPTY
    movable_box: Rect = EMPTY


class Selection:
    """What is selected in the labels now; nothing in semantic mode."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._seen: tuple[Any, ...] = ()
        self._now = Selected()

    @property
    def now(self) -> Selected:
        document, view = self._context.document, self._context.view
        if document is None or view.mode != "objects" or not view.selection:
            return Selected()
        objects = document.labels.objects
        seen = objects, objects.version, view.selection
        if not self._seen or any(new is not old and new != old for new, old in zip(seen, self._seen, strict=True)):
            found = (objects.get(key) for key in sorted(view.selection))
            items = tuple(item for item in found if item is not None)
            movable = tuple(item for item in items if not item.locked)
            boxes = (union_all(item.bounds() for item in some) for some in (items, movable))
            self._seen, self._now = seen, Selected(items, movable, *boxes)
        return self._now
