"""What can be done to the selected objects, whatever the tool."""

from __future__ import annotations

from dataclasses import replace

from segstudio.core.errors import UserError
from segstudio.core.objects import SegObject
from segstudio.session.session import Session
from segstudio.ui.canvas.tools.painting import begin


def editable_selection(session: Session) -> list[SegObject]:
    """The selected objects that are not locked, by id."""
    if session.document is None:
        return []
    found = (session.document.labels.objects.get(key) for key in sorted(session.view.now.selection))
    return [item for item in found if item is not None and not item.locked]


def delete_objects(session: Session) -> None:
    """Delete the selected objects as one edit."""
    items = editable_selection(session)
    stroke = begin(session, "delete", "select") if items else None
    if stroke is None:
        return
    with stroke:
        stroke.change_objects(remove=[item.id for item in items])
    session.view.set(selection=frozenset(), hovered_object=None)


def give_objects_to(session: Session, class_id: int) -> None:
    """Give the selected objects to a class, as one edit. Raises `UserError` where none is selected."""
    items, document = editable_selection(session), session.document
    if not items or document is None:
        raise UserError("nothing is selected", hint="select objects with the select tool (V)")
    with document.begin("change class", tool="select") as stroke:
        stroke.change_objects(put=[replace(item, class_id=class_id) for item in items])
