"""From argv to a verb or to the window; every failure ends as one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from segstudio import __version__
from segstudio.core.errors import Cancelled, SegStudioError

VERBS = (
    "demo",
    "predict",
    "evaluate",
    "compare",
    "export",
    "import",
    "convert",
    "learn",
    "encode",
    "models",
    "bench",
    "project",
)
OpenWindow = Callable[[Sequence[Path]], int]
Tour = Callable[[Path, Path], int]

DONE, PARTLY, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done; done with failures of single items; bad input or a machine that failed; stopped by Ctrl-C."""


def run(argv: Sequence[str], *, open_window: OpenWindow | None = None, tour: Tour | None = None) -> int:
    """Run a verb, or open the window on paths; returns the exit code and never shows a traceback for bad input.

    `open_window(paths)` and `tour(dataset, output)` are the two things that only the composition root can do.
    """
    try:
        if list(argv) == ["--version"]:
            sys.stdout.write(f"segstudio {__version__}\n")
            return DONE
        if argv and (argv[0] in VERBS or argv[0] in ("--help", "-h")):
            return _run_verb(argv, open_window, tour)
        return _open(argv, open_window)
    except (KeyboardInterrupt, Cancelled):
        return INTERRUPTED
    except SegStudioError as error:
        _say_error(str(error))
        return BAD_INPUT


def _run_verb(argv: Sequence[str], open_window: OpenWindow | None, tour: Tour | None) -> int:
    from segstudio.cli.verbs import Abort, CommandError, build_app

    try:
        result = build_app(open_window=open_window, tour=tour)(list(argv), prog_name="segstudio", standalone_mode=False)
    except Abort:
        return INTERRUPTED
    except CommandError as error:
        usage = _usage(error, argv[0])
        if usage:  # else the verb has shown its help
            _say_error(usage)
        return BAD_INPUT
    return result if isinstance(result, int) else DONE


def _usage(error: Exception, verb: str) -> str:
    message = " ".join(str(getattr(error, "format_message", lambda: error)()).split())
    return f"{message.rstrip('.')} (see: segstudio {verb} --help)" if message else ""


def _open(argv: Sequence[str], open_window: OpenWindow | None) -> int:
    for text in argv:
        if text.startswith("-"):
            _say_error(f"{text}: there is no such option (see: segstudio --help)")
            return BAD_INPUT
        if not Path(text).exists():
            _say_error(f"{text}: no such file or folder, and no verb (verbs: {', '.join(VERBS)})")
            return BAD_INPUT
    if open_window is None:
        _say_error("the window cannot be opened from here")
        return BAD_INPUT
    return open_window([Path(text) for text in argv])


def _say_error(message: str) -> None:
    sys.stderr.write("error: " + " ".join(message.split("\n")) + "\n")
