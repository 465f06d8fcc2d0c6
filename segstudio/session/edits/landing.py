"""Edits of whole large images: written part by part between the events of the window, committed as one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from segstudio.core.geometry import Rect
from segstudio.core.raster import TILE
from segstudio.session.turns import AT_ONCE

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.session import Session
    from segstudio.session.stroke import Stroke
    from segstudio.session.turns import Steps, Turns
    from segstudio.store.records import Receipt

Write = Callable[[Rect], object]
"""Writes what one rectangle of an area is to become; given all of the area, or parts of it one after another."""
Writes = Sequence[tuple[Rect, Write]]
"""Areas, and what is written to each, in this order."""
Landing = Callable[["Stroke", Writes], "Edit | None"]
"""Makes the writes and commits; returns the edit, None where there is none or it comes later."""

_WIDE = 4
"""Tiles side by side in one part."""


def parts_of(rect: Rect) -> Iterator[Rect]:
    """The rectangle in pieces that end where tiles end, each small enough for one step."""
    height, width = TILE, TILE * _WIDE
    for y in range(rect.y0 // height * height, rect.y1, height):
        for x in range(rect.x0 // width * width, rect.x1, width):
            yield Rect(x, y, x + width, y + height).intersect(rect)


def at_once(stroke: Stroke, writes: Writes) -> Edit | None:
    """The `Landing` of batch work: all before it returns; where a write fails, it leaves no trace and raises."""
    with stroke:
        for area, write in writes:
            write(area)
        return stroke.commit()


def between_events(session: Session) -> Landing:
    """The `Landing` of a window, see `land`."""
    return partial(land, session)


def land(
    session: Session, stroke: Stroke, writes: Writes, *, done: Callable[[Edit | None], None] | None = None
) -> Edit | None:
    """Make the writes of an open edit and commit it; `done` gets what `commit` gives.

    At once up to `AT_ONCE` pixels, as `at_once` does, and returns the edit. Larger edits end later, returning None;
    until then no other edit can begin, cancelling its job or undo take it back, and what goes wrong is told.
    """
    pixels = sum(area.area for area, _ in writes)
    if pixels <= AT_ONCE:
        edit = at_once(stroke, writes)
        if done is not None:
            done(edit)
        return edit

    def failed(error: BaseException) -> None:
        if stroke.is_open:
            stroke.cancel()
        session.notify.fault(error)

    session.turns.run(
        _steps(stroke, writes),
        total=pixels,
        title=stroke.name,
        done=done or _nothing,
        failed=failed,
        instead=stroke.cancelling,
    )
    return None


def after_saving(turns: Turns, edit: Edit, receipt: Receipt | None, then: Callable[[], None]) -> None:
    """Do what follows an edit that was handed to the store: at once, but after the writing of a large one, for which
    everything that is written next would have to wait.
    """
    if edit.tiles_now and receipt is not None:
        turns.hold(lambda: receipt.is_done, title=f"saving {edit.name}", then=then)
    else:
        then()


def _steps(stroke: Stroke, writes: Writes) -> Steps[Edit | None]:
    written = 0
    for area, write in writes:
        for part in parts_of(area):
            write(part)
            stroke.pack()
            written += part.area
            yield written
    return stroke.commit()


def _nothing(_: object) -> None:
    """Nobody waits for it."""
