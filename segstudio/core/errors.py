"""The three kinds of failure: what a person can mend, what the machine did, and everything else (a bug)."""

from __future__ import annotations


class SegStudioError(Exception):
    """Base of the failures that carry a text for the person in front of the program.

    `message` is one line that names the thing and the reason; `hint` says what to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UserError(SegStudioError):
    """Bad input: a missing file, a mask of the wrong size, a model that does not fit its weights."""


class EnvironmentFault(SegStudioError):
    """The machine failed us: disk full, file locked, device lost. Nothing is wrong with the input or the program."""


class Cancelled(SegStudioError):
    """The person asked to stop; whatever was delivered before stays delivered."""

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message)


class EditConflict(UserError):
    """Edits of an image (`key`) that could not be kept because somebody else changed or holds it."""

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message, hint="open the image again to see theirs; yours are kept as a layer beside it")
        self.key = key
