"""`segstudio convert`: from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson, From, Split, class_set
from segstudio.cli.writing import Images, Provenance, Target, told


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
    classes: Annotated[
        str | None, typer.Option("--classes", metavar="NAME|FILE", help="The class set to use, or a file as for --map.")
    ] = None,
    split: Split = None,
    images: Images = None,
    provenance: Provenance = False,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes that share the images.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on from where an interrupted conversion stopped.")
    ] = True,
    as_json: AsJson = False,
) -> int:
    """Write SRC to DST in another format."""
    from segstudio.workflows.convert import convert as run

    console = Console(as_json=as_json)
    if classes is not None and mapping is None and _is_mapping(Path(classes)):
        mapping, classes = Path(classes), None
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
            workers=workers,
            resume=resume,
            provenance=provenance,
            progress=progress,
        )
    return told(console, report)


def _is_mapping(path: Path) -> bool:
    from segstudio.formats.mapping import is_mapping_file

    return path.suffix.lower() == ".json" and path.is_file() and is_mapping_file(path)
