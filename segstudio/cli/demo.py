"""`segstudio demo`: paint Toytown, then open the window on it or go through the whole journey offscreen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson

if TYPE_CHECKING:
    from segstudio.cli.main import OpenWindow, Tour


def add_to(app: typer.Typer, *, open_window: OpenWindow | None, tour: Tour | None) -> None:
    """Register the verb with what only the composition root can do."""

    @app.command("demo")
    def demo(
        directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where the data set goes.")] = None,
        headless: Annotated[bool, typer.Option(help="Go through the journey offscreen and exit.")] = False,
        only_data: Annotated[bool, typer.Option(help="Paint the data set and exit.")] = False,
        output: Annotated[Path, typer.Option(help="Where --headless puts exports and pictures.")] = Path("demo-output"),
        as_json: AsJson = False,
    ) -> int:
        """Show the program on a painted data set that needs no download."""
        from segstudio.workflows.demo import make_demo

        console = Console(as_json=as_json)
        with console.working() as progress:
            dataset = make_demo(directory, progress=progress)
        if headless and tour is not None:
            return tour(dataset, output)
        if only_data or open_window is None:
            console.result({"dataset": str(dataset)}, [str(dataset)])
            return 0
        return open_window([dataset])
