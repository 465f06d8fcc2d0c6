"""Undo and redo as a person asks for them: small edits at once, large ones between the events of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.session.turns import AT_ONCE, Steps, drained

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.session import Session


def step(session: Session, edit: Edit | None, swapping: Callable[..., Steps[Edit | None]]) -> Edit | None:
    """Take back or do again `edit` with `swapping` (`Document.undoing` or `redoing`), after what was asked for before.

    Returns the edit, None where there is none; what stands against it is told.
    """
    if edit is None:
        return None
    large = edit.area_of_patches > AT_ONCE
    if large or session.turns.is_busy:
        session.turns.run(
            swapping(in_parts=large),
            total=edit.area_of_patches,
            title=edit.name,
            done=lambda _: None,
            failed=session.notify.fault,
        )
        return edit
    try:
        return drained(swapping())
    except UserError as error:
        session.notify.fault(error)
        return None
