"""What `export` and `convert` share: the target's options and how a write is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from segstudio.cli.console import Console

if TYPE_CHECKING:
    from segstudio.formats.report import WriteReport

Target = Annotated[str, typer.Option("--to", metavar="FORMAT", help="The format to write.")]
Images = Annotated[
    Literal["none", "copy", "link"] | None, typer.Option("--images", help="Whether the pictures go along.")
]


def told(console: Console, report: WriteReport) -> int:
    """Print what was written and what was lost; returns the exit code."""
    lines = [f"{report.written} of {report.read} images → {report.path}"]
    for loss in report.losses:
        pixels = f", {loss.pixels} pixels" if loss.pixels else ""
        lines.append(f"not held by the format: {loss.kind}: {loss.count}{pixels}")
    console.result(report.to_json(), lines)
    return console.failures(report.skipped)
