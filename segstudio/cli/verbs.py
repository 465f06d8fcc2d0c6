"""The verbs put together into one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from segstudio.cli import (
    bench,
    compare,
    convert,
    demo,
    encode,
    evaluate,
    export,
    importing,
    learn,
    models,
    predict,
    project,
)

if TYPE_CHECKING:
    from segstudio.cli.main import OpenWindow, Tour

# Typer has carried its own copy of click and used click itself, by version; both call the parents of BadParameter so.
CommandError: type[Exception] = typer.BadParameter.__mro__[2]
Abort: type[BaseException] = typer.Abort


def build_app(*, open_window: OpenWindow | None, tour: Tour | None) -> Any:
    """The command with all verbs; called with `(argv, standalone_mode=False)` it returns an exit code."""
    app = typer.Typer(
        name="segstudio",
        help="A studio for image segmentation. Without a verb it opens the window on the given paths.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    demo.add_to(app, open_window=open_window, tour=tour)
    for verb in (predict, evaluate, compare, export, importing, convert, learn, encode, models, bench):
        verb.add_to(app)
    app.add_typer(project.app, name="project")
    return app
