"""`segstudio import`: a data set taken into a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson, Classes, From, Layer, Split, class_set
from segstudio.cli.writing import loss_lines


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("import")(import_)


def import_(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A data set, a folder of images or one image.")],
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The project file; made where there is none.")],
    source_format: From = "auto",
    layer: Layer = "labels",
    classes: Classes = None,
    split: Split = None,
    as_json: AsJson = False,
) -> int:
    """Take the images and labels of SRC into PROJECT; work that is there already stays as it is."""
    from segstudio.workflows.importing import import_dataset

    console = Console(as_json=as_json)
    with console.working() as progress:
        report = import_dataset(
            source,
            project,
            source_format=source_format,
            layer=layer,
            classes=class_set(classes),
            split=split,
            progress=progress,
        )
    lines = [f"{report.read} images, {report.written} with labels → {report.project}"]
    for loss in report.losses:
        lines += loss_lines(loss)
    console.result(report.to_json(), lines)
    return console.failures(report.skipped)
