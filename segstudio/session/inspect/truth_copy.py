"""A copy of the truth that a person may correct, kept in the project; the data set itself stays as it is."""

from __future__ import annotations

from segstudio.core.errors import UserError
from segstudio.core.layer import TRUTH
from segstudio.session.session import Session


def unlock_truth(session: Session) -> None:
    """Make the open image's truth a copy that can be edited, durable before this returns; again, it does nothing.

    Raises `UserError` where there is no truth or nothing can be kept.
    """
    document, project = session.document, session.project
    if document is None or document.truth is None:
        raise UserError("there is no ground truth for this image")
    if not document.truth.locked:
        return
    if project is None or project.read_only:
        raise UserError("the project is read-only", hint="save a copy of it first (Ctrl+S)")
    project.save_annotation(document.key, TRUTH, document.truth.to_annotation())
    document.truth.unlock()
    document.layers_changed.emit(TRUTH)


def corrected_keys(session: Session) -> frozenset[str]:
    """The images whose truth a person has corrected."""
    return session.project.keys_with(TRUTH) if session.project is not None else frozenset()
