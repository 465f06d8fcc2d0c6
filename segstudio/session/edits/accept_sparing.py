"""Accepting a layer, a class or a region of it: what the commands of a window do, without losing what people drew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.core.layer import TRUTH
from segstudio.session.edits import accept
from segstudio.session.edits.landing import between_events
from segstudio.session.edits.paint_rule import paint_rule
from segstudio.session.turns import AT_ONCE

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.document import Document
    from segstudio.session.edits.origins import Sparing
    from segstudio.session.session import Session


def accept_whole(session: Session, document: Document, name: str, *, class_id: int | None = None) -> None:
    """Take a layer, or one class of it, into the labels of the open image; what was left as it is is told.

    It happens once it is known who drew what, which is at once or a moment later. The truth is copied over everything,
    for nobody asks for it by accident.
    """

    def take(sparing: Sparing | None) -> None:
        if session.document is not document or name not in document.layer_names:
            return
        try:
            edit = _accept(session, document, name, class_id, sparing)
        except UserError as error:
            session.notify.fault(error)
            return
        if sparing is not None and sparing.text and document.stroke is None:
            text = sparing.text if edit is not None else f"{sparing.text}: the rest is so already"
            session.notify.tell("info", text, hint="to replace that too, switch off Model › Keep what people drew")
        if class_id is None:
            # What was taken is in the labels now; the same colours twice would only darken the picture.
            session.view.show_layer(name, False)

    if name == TRUTH:
        take(None)
    else:
        session.origins.sparing(take)


def accept_region(session: Session, document: Document, name: str, point_xy: tuple[float, float]) -> None:
    """Take the region of a layer under a point, which is found in a worker where it is large.

    Raises `UserError` where the layer is unlabelled there.
    """
    source = document.layer(name)

    def take(piece: accept.Piece) -> None:
        if session.document is not document or name not in document.layer_names or document.layer(name) is not source:
            return
        try:
            rule, landing = paint_rule(session.view.now, document.labels), between_events(session)
            accept.accept_region_at(document, name, point_xy, rule=rule, landing=landing, piece=piece)
        except UserError as error:
            session.notify.fault(error)

    near = accept.region_near(source, point_xy, at_most=AT_ONCE)
    if near is not None:
        take(near)
        return
    session.jobs.submit(
        lambda _: accept.region_under(source, point_xy),
        done=take,
        failed=session.notify.fault,
        lane="compute",
        title="accept region",
    )


def _accept(
    session: Session, document: Document, name: str, class_id: int | None, sparing: Sparing | None
) -> Edit | None:
    rule, landing = paint_rule(session.view.now, document.labels), between_events(session)
    if class_id is None:
        return accept.accept_everything(document, name, rule=rule, landing=landing, spare=sparing)
    return accept.accept_class(document, name, class_id, rule=rule, landing=landing, spare=sparing)
