"""What a verb says: progress and messages on stderr, its result on stdout, as a table or as one JSON document."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from segstudio.core.dataset import Skipped
from segstudio.core.progress import Progress

_SHOWN_FAILURES = 50
_PAUSE = 5.0
"""Seconds from one line about the progress to the next, where it goes to a file or a pipe."""


class Console:
    """The output of one verb. Whatever libraries print while it works goes to stderr, so that stdout stays clean."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._stdout: TextIO = sys.stdout

    @contextlib.contextmanager
    def working(self) -> Iterator[Progress]:
        """A `Progress`: a bar on stderr where that is a terminal, else a line now and then; stdout is kept clean."""
        self._stdout = sys.stdout
        with contextlib.redirect_stdout(sys.stderr):
            if sys.stderr.isatty():
                with _bar() as progress:
                    yield progress
            else:
                yield _Lines(sys.stderr)

    def result(self, document: Mapping[str, Any], lines: Sequence[str] = ()) -> None:
        """Print the verb's one JSON document, or its lines for people."""
        if self.as_json:
            self._write(json.dumps(document, allow_nan=False) + "\n")  # ASCII, which every terminal and pipe takes
        elif lines:
            self._write("\n".join(lines) + "\n")

    def note(self, message: str) -> None:
        """Say something on stderr that is no failure."""
        sys.stderr.write(f"note: {message}\n")

    def failures(self, failed: Sequence[Skipped]) -> int:
        """List what failed on stderr; returns the exit code, 1 where anything did."""
        for one in failed[:_SHOWN_FAILURES]:
            reason = " ".join(one.reason.split("\n"))
            sys.stderr.write(f"failed: {one.name}: {reason}\n")
        if len(failed) > _SHOWN_FAILURES:
            sys.stderr.write(f"failed: and {len(failed) - _SHOWN_FAILURES} more\n")
        return 1 if failed else 0

    def _write(self, text: str) -> None:
        encoding = self._stdout.encoding or "utf-8"
        try:
            self._stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stdout.flush()
        except BrokenPipeError:
            # Whoever read our output has enough of it; nothing may be flushed into the closed pipe at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]


def table(rows: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Rows of cells as aligned lines: the first `left` columns to the left, the rest to the right."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def percent(value: float | None) -> str:
    """A fraction as people read it; a dash where it is undefined."""
    return "–" if value is None else f"{100 * value:.2f}"


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Terminal(stderr=True), transient=True) as bars:
        task = bars.add_task("working", total=None)

        def progress(done: int, total: int, text: str = "") -> None:
            bars.update(task, completed=done, total=total or None, description=text[-40:] or "working")

        yield progress


class _Lines:
    """A `Progress` for logs: says how far it is once every few seconds, and nothing about what is done sooner."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = time.monotonic() + _PAUSE

    def __call__(self, done: int, total: int, text: str = "") -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _PAUSE
        of = f" of {total}" if total else ""
        line = f"progress: {done}{of} {text}".rstrip() + "\n"
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()
