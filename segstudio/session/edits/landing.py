"""Edits of whole large images: written part by part between the events of the window, committed as one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from segstudio.core.geometry import Rect
from segstudio.core.raster import TILE
from segstudio.session.turns import AT_ONCE, Steps, drained

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.session import Session
    from segstudio.session.stroke import Stroke

_WIDE = 4
"""Tiles side by side in one part."""


def parts_of(rect: Rect) -> Iterator[Rect]:
    """The rectangle in pieces that end where tiles end, each small enough for one step."""
    height, width = TILE, TILE * _WIDE
    for y in range(rect.y0 // height * height, rect.y1, height):
        for x in range(rect.x0 // width * width, rect.x1, width):
            yield Rect(x, y, x + width, y + height).intersect(rect)


def land(
    session: Session,
    stroke: Stroke,
    write: Callable[[Rect], object],
    area: Rect,
    *,
    done: Callable[[Edit | None], None] | None = None,
) -> None:
    """Write an open edit with `write`, which is given parts of `area` one after another, and commit it; `done` gets
    what `commit` gives.

    At once up to `AT_ONCE` pixels: it raises what `write` raises then, and leaves no trace. Larger edits end later;
    until then no other edit can begin, Esc and undo take it back, and what goes wrong is told.
    """
    if area.area <= AT_ONCE:
        with stroke:
            write(area)
            edit = stroke.commit()
        if done is not None:
            done(edit)
        return

    def failed(error: BaseException) -> None:
        if stroke.is_open:
            drained(stroke.cancelling())
        session.notify.fault(error)

    session.turns.run(
        _steps(stroke, write, area),
        total=area.area,
        title=stroke.name,
        done=done or _nothing,
        failed=failed,
        instead=stroke.cancelling,
    )


def _steps(stroke: Stroke, write: Callable[[Rect], object], area: Rect) -> Steps[Edit | None]:
    written = 0
    for part in parts_of(area):
        write(part)
        stroke.pack()
        written += part.area
        yield written
    return stroke.commit()


def _nothing(_: object) -> None:
    """Nobody waits for it."""
