"""Messages to the person, independent of how a window shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.event import Event

Level = Literal["info", "warning", "error", "bug"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: a line, what to do about it, and detail worth copying ("" where there is none)."""

    level: Level
    text: str
    hint: str = ""
    detail: str = ""


class Notifier:
    """Passes notices on; the same fault is told once until something else was told."""

    def __init__(self) -> None:
        self.told: Event[Notice] = Event()
        self._last: Notice | None = None

    def tell(self, level: Level, text: str, *, hint: str = "", detail: str = "") -> None:
        """Show a message, unless it is the very fault that was just shown."""
        notice = Notice(level, text, hint, detail)
        if level != "info" and notice == self._last:
            return
        self._last = notice
        self.told.emit(notice)

    def info(self, text: str) -> None:
        self.tell("info", text)

    def fault(self, error: BaseException) -> None:
        """Show a failure as what it is: bad input, a machine fault, or a bug with its traceback as detail."""
        if isinstance(error, (UserError, EnvironmentFault)):
            level: Level = "warning" if isinstance(error, UserError) else "error"
            self.tell(level, error.message, hint=error.hint)
        else:
            import traceback

            detail = "".join(traceback.format_exception(error))
            self.tell("bug", f"something went wrong in SegStudio: {error}", detail=detail)
