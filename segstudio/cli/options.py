"""Options that several verbs share, and how their texts become values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError

AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]
Classes = Annotated[str | None, typer.Option("--classes", metavar="NAME|FILE", help="The class set to use.")]
To = Annotated[str | None, typer.Option("--to", metavar="FORMAT", help="The format to write.")]
From = Annotated[str, typer.Option("--from", metavar="FORMAT", help="The format of the source.")]
Split = Annotated[str | None, typer.Option("--split", help="Only this split, such as train or val.")]
Layer = Annotated[str, typer.Option("--layer", help="labels, truth or prediction:RUN.")]
TruthOf = Annotated[
    str,
    typer.Option(
        "--truth",
        metavar="corrected|dataset|labels",
        help="Of a project: the data set's truth with its corrections (the default where there are any) or without,"
        " or the labels.",
    ),
]
CsvFile = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Also write classes and images as CSV.")]


def class_set(name: str | None) -> ClassSet | None:
    """The class set of that name or file; None where none was asked for."""
    return None if name is None else ClassSet.load(name)


def size_hw(text: str | None) -> tuple[int, int] | None:
    """(height, width) from "WxH". Raises `UserError` for anything else."""
    if text is None:
        return None
    width, _, height = text.lower().replace("×", "x").partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UserError(f"--size {text}: not a size", hint="width and height in pixels, such as 1024x512")
    return int(height), int(width)


def numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Numbers from "a,b,c". Raises `UserError` for anything else."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"{option} {text}: not numbers", hint="one or three, separated by commas") from None
