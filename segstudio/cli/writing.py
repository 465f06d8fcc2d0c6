"""What `export` and `convert` share: the target's options and how a write is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from segstudio.cli.console import Console, percent

if TYPE_CHECKING:
    from segstudio.formats.report import Loss, WriteReport

Target = Annotated[str, typer.Option("--to", metavar="FORMAT", help="The format to write.")]
Provenance = Annotated[
    bool, typer.Option("--provenance", help="Tell of each label who made it, with which tool and model run.")
]
Images = Annotated[
    Literal["none", "copy", "link"] | None, typer.Option("--images", help="Whether the pictures go along.")
]


def told(console: Console, report: WriteReport) -> int:
    """Print what was written and what was lost; returns the exit code."""
    lines = [f"{report.written} of {report.read} images → {report.path}"]
    for loss in report.losses:
        lines += loss_lines(loss)
    console.result(report.to_json(), lines)
    return console.failures(report.skipped)


def loss_lines(loss: Loss) -> list[str]:
    """What is lost, for people: counts, and where shapes were drawn anew how well they fit what they were."""
    images = f" in {len(loss.per_image)} images"
    pixels = f", {loss.pixels} pixels" if loss.pixels else ""
    if loss.mean_iou is None:
        return [f"not kept: {loss.kind}: {loss.count}{pixels}{images}"]
    class_id, worst = min(loss.class_iou.items(), key=lambda pair: pair[1])
    fit = f"mean IoU {percent(loss.mean_iou)} %, worst class {class_id} with {percent(worst)} %"
    return [f"{loss.kind}: {loss.pixels} pixels{images}; {fit}"]
