"""What may be painted over, and the way from gap to gap: commands for the keys, the menu and the palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

from segstudio.session.edits.gaps import Gaps
from segstudio.session.edits.paint_rule import in_words
from segstudio.session.view import PaintMode
from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

MODES: tuple[PaintMode, ...] = get_args(PaintMode)
_TITLES: dict[PaintMode, str] = {
    "everywhere": "Paint over every&thing",
    "unlabelled": "Paint only what is &unlabelled",
    "only-over": "Paint only over &chosen classes",
}


class PaintCommands:
    """Paint modes and gaps."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._gaps = Gaps(window.session)

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        modes = [
            Command(_id(mode), _TITLES[mode], partial(self._use, mode), (f"Alt+{number}",), checkable=True)
            for number, mode in enumerate(MODES, 1)
        ]
        return [
            *modes,
            Command("paint.next_mode", "&Next paint mode", self._next_mode, ("J",)),
            Command("paint.protect", "&Keep what is labelled, or not", self._protect),
            Command("paint.over_class", "Paint over the active class &too, or not", self._over_class, ("Shift+J",)),
            Command("paint.over_bare", "Paint over what is un&labelled too", self._over_bare, checkable=True),
            Command("gaps.next", "Next &gap", self._next_gap, ("Z",), tip="Go to the largest unlabelled area, then on"),
            Command("gaps.show", "&Mark gaps", self._show_gaps, ("Shift+Z",), checkable=True),
        ]

    def checks(self) -> dict[str, bool]:
        view = self._session.view.now
        modes = {_id(mode): mode == view.paint_mode for mode in MODES}
        return {**modes, "paint.over_bare": view.over_unlabelled, "gaps.show": view.gaps}

    def _use(self, mode: PaintMode) -> None:
        view = self._session.view
        if mode == "only-over" and not view.now.over_classes and view.now.active_class is not None:
            # Under the empty list one could paint nothing and would not know why.
            view.set(over_classes=frozenset({view.now.active_class}))
        view.set(paint_mode=mode)
        self._tell()

    def _next_mode(self) -> None:
        self._use(MODES[(MODES.index(self._session.view.now.paint_mode) + 1) % len(MODES)])

    def _protect(self) -> None:
        self._use("everywhere" if self._session.view.now.paint_mode == "unlabelled" else "unlabelled")

    def _over_class(self) -> None:
        view = self._session.view
        if view.now.active_class is not None:
            view.set(over_classes=view.now.over_classes ^ {view.now.active_class}, paint_mode="only-over")
        self._tell()

    def _over_bare(self) -> None:
        view = self._session.view
        view.set(over_unlabelled=not view.now.over_unlabelled)

    def _tell(self) -> None:
        # A command that changed nothing was checked by the click all the same.
        self._window.actions_table.refresh_checks()
        words = in_words(self._session.view.now)
        self._session.notify.info(f"the brush {words}" if words.startswith("paints") else "the brush paints everywhere")

    def _show_gaps(self) -> None:
        view = self._session.view
        view.set(gaps=not view.now.gaps)

    def _next_gap(self) -> None:
        gap = self._gaps.next()
        if gap is None:
            self._session.notify.info("no gap: every pixel is labelled")
            return
        self._session.view.set(gaps=True)
        self._window.viewer.zoom_to(gap.rect)
        self._session.notify.info(f"a gap of {gap.area:,} pixels")


def _id(mode: PaintMode) -> str:
    return f"paint.{mode.replace('-', '_')}"
