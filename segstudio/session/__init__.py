"""What is open and what a person does with it, without widgets: navigate, stroke, accept, undo, predict, live
scores, jobs.

May import: everything below (workflows, formats, metrics, models, render, store, settings, ops, core); never Qt,
torch or ui.
Start at `session.py`, which holds the parts together; then `document.py`, the image being edited.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segstudio.session.session import Session

__all__ = ["Session"]


def __getattr__(name: str) -> object:
    if name == "Session":
        from segstudio.session.session import Session

        return Session
    raise AttributeError(name)
