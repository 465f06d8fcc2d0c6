"""The region under a point: found at once, or in a worker where it is so large that the hand would be held up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from segstudio.session.session import Session
from segstudio.session.turns import AT_ONCE
from segstudio.ui.canvas.tools.region import Region, is_labelled_at, near_region_at, region_at

Made = TypeVar("Made")


def with_region_at(
    session: Session, x: float, y: float, make: Callable[[Region], Made], done: Callable[[Made], None]
) -> None:
    """Find the labelled piece of the open image under a point and hand `make` of it to `done` on the home thread.

    At once where at most `AT_ONCE` pixels have to be looked at; else both are worked out in a worker, and again where
    the labels were changed meanwhile. Nothing comes where nothing is labelled, or another image is shown by then.
    """
    document = session.document
    if document is None or not is_labelled_at(document.labels, x, y):
        return
    near = near_region_at(document.labels, x, y, pixels=AT_ONCE)
    if near is not None:
        done(make(near))
        return
    state = document.history.next_undo()

    def work() -> Made | None:
        region = region_at(document.labels, x, y)
        return make(region) if region is not None else None

    def put(made: Made | None) -> None:
        if session.document is not document:
            return
        if document.is_busy or document.history.next_undo() is not state:
            session.turns.then(partial(with_region_at, session, x, y, make, done))
        elif made is not None:
            done(made)

    session.jobs.submit(lambda _: work(), done=put, failed=session.notify.fault, lane="compute", title="find region")


def outlined(region: Region) -> Region:
    """The region, whose outline is known from now on."""
    _ = region.outline
    return region
