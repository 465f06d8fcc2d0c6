"""Whose errors the overlay shows."""

from __future__ import annotations

from segstudio.core.layer import LABELS, Layer
from segstudio.session.document import Document
from segstudio.session.view import View


def judged_layer(document: Document, view: View) -> Layer:
    """The labels; or, while they are hidden or still bare, the newest prediction that is shown."""
    if document.is_bare or not view.shown.get(LABELS, True):
        for name in reversed(list(document.predictions)):
            if view.shown.get(name, True):
                return document.predictions[name]
    return document.labels
