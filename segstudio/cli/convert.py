"""`segstudio convert`: from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson, Classes, From, Split, class_set
from segstudio.cli.writing import Images, Target, told


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("convert")(convert)


def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A data set, a project or a folder of class-id PNGs.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="Where it goes.")],
    to: Target,
    source_format: From = "auto",
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="F.json", help="Classes to rename, merge or drop.")
    ] = None,
    classes: Classes = None,
    split: Split = None,
    images: Images = None,
    as_json: AsJson = False,
) -> int:
    """Write SRC to DST in another format."""
    from segstudio.workflows.convert import convert as run

    console = Console(as_json=as_json)
    with console.working() as progress:
        report = run(
            source,
            target,
            to,
            source_format=source_format,
            classes=class_set(classes),
            mapping=mapping,
            split=split,
            options={} if images is None else {"images": images},
            progress=progress,
        )
    return told(console, report)
