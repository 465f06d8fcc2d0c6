"""Which objects are drawn and can be picked: hidden ones, and those that were isolated, image by image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segstudio.core.objects import ObjectTable, SegObject
    from segstudio.session.document import Document
    from segstudio.session.session import Session
    from segstudio.session.view import View


def is_drawn(view: View, item: SegObject) -> bool:
    """Whether an object of the labels is to be seen."""
    if item.class_id in view.hidden_classes or item.id in view.hidden_objects:
        return False
    return not view.isolated_objects or item.id in view.isolated_objects


def is_pickable(view: View, item: SegObject) -> bool:
    """Whether the canvas may select and edit it: drawn, and not locked."""
    return not item.locked and is_drawn(view, item)


def undrawn(view: View, table: ObjectTable) -> frozenset[int]:
    """Ids of the objects that are not to be seen; quick where nothing is hidden."""
    if not (view.hidden_classes or view.hidden_objects or view.isolated_objects):
        return frozenset()
    return frozenset(item.id for item in table if not is_drawn(view, item))


class ObjectView:
    """Hides, shows and isolates. What is hidden is no edit: it is kept per image as long as the session lasts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._hidden: dict[str, frozenset[int]] = {}
        self._document: Document | None = None
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)
        session.opened.connect(self._on_opened)

    def hide(self, ids: Iterable[int], hidden: bool = True) -> None:
        """Hide objects, or show them again; hidden ones are no longer selected."""
        view, chosen = self._session.view, frozenset(ids)
        now = view.now.hidden_objects | chosen if hidden else view.now.hidden_objects - chosen
        view.set(hidden_objects=now, selection=view.now.selection - now, hovered_object=None)

    def isolate(self, ids: Iterable[int]) -> None:
        """Draw nothing but these; without any, everything again."""
        self._session.view.set(isolated_objects=frozenset(ids), hovered_object=None)

    def show_all(self) -> None:
        self._session.view.set(hidden_objects=frozenset(), isolated_objects=frozenset())

    def _on_opened(self, _: object) -> None:
        self._hidden.clear()
        self._session.view.set(hidden_objects=frozenset(), isolated_objects=frozenset())

    def _on_document(self, document: Document | None) -> None:
        self._document = None
        if document is not None:
            hidden = self._hidden.get(document.key, frozenset())
            self._session.view.set(hidden_objects=hidden, isolated_objects=frozenset())
        self._document = document

    def _on_view(self, names: frozenset[str]) -> None:
        view = self._session.view.now
        if "hidden_objects" in names and self._document is not None:
            self._hidden[self._document.key] = view.hidden_objects
        if "selection" in names and view.isolated_objects and not view.selection <= view.isolated_objects:
            # What is drawn while others are away, or chosen in the list, joins what is seen.
            self._session.view.set(isolated_objects=view.isolated_objects | view.selection)
