"""`segstudio export`: the labels of a project in a format of the field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson, Layer, Split
from segstudio.cli.writing import Images, Provenance, Target, told


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("export")(export)


def export(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="A project file, or any data set.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="Where the labels go.")],
    to: Target,
    layer: Layer = "labels",
    split: Split = None,
    images: Images = None,
    provenance: Provenance = False,
    as_json: AsJson = False,
) -> int:
    """Write the labels of PROJECT to DST."""
    from segstudio.workflows.export import export as run

    console = Console(as_json=as_json)
    options = {} if images is None else {"images": images}
    with console.working() as progress:
        report = run(
            project,
            target,
            to,
            layer=layer,
            split=split,
            provenance=provenance,
            options=options,
            progress=progress,
        )
    return told(console, report)
