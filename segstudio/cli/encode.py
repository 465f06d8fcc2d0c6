"""`segstudio encode`: embed all images for a segmenter, so that the first click on each is answered at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("encode")(encode)


def encode(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="A project, a data set or a folder of images.")],
    model: Annotated[str, typer.Option(help="The segmenter: see `segstudio models --task promptable`.")],
    weights: Annotated[str | None, typer.Option(help="Its folder of weights, where it is not found by itself.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    megabytes: Annotated[int, typer.Option(help="Space for embeddings; 0 takes the setting.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Embed the images of PROJECT for the segmenter MODEL; the window finds the embeddings on the disk."""
    from segstudio.core.errors import UserError
    from segstudio.models.interactive.predictor import SegmenterSpec
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install
    from segstudio.settings import data_directory, load_settings
    from segstudio.workflows.encoding import EMBEDDINGS, encode_dataset

    if not project.exists():
        raise UserError(f"{project}: there is no such project, data set or folder")
    console = Console(as_json=as_json)
    install(default_registry())
    limit = (megabytes or load_settings().embedding_megabytes) << 20
    with console.working() as progress:
        report = encode_dataset(
            project,
            SegmenterSpec(model, weights, device),
            data_directory() / EMBEDDINGS,
            limit_bytes=limit,
            progress=progress,
        )
    console.result(report.to_json(), [report.line()])
    return console.failures(report.failed)
