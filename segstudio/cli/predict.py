"""`segstudio predict`: run a model over images and write its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson, Classes, Split, To, class_set, numbers, size_hw

TTA_SCALES = (0.75, 1.0, 1.25)


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("predict")(predict)


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name; see `segstudio models`.")],
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="An image, a folder, a data set or a project.")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="Where the labels go.")],
    weights: Annotated[str | None, typer.Option(help="A file, or the name of known weights.")] = None,
    to: To = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Size of the network's input.")] = None,
    mean: Annotated[str | None, typer.Option(metavar="a,b,c", help="Mean to subtract, per channel.")] = None,
    std: Annotated[str | None, typer.Option(metavar="a,b,c", help="Deviation to divide by, per channel.")] = None,
    order: Annotated[str | None, typer.Option(metavar="rgb|bgr", help="Order of the channels.")] = None,
    scale: Annotated[float | None, typer.Option(help="Factor for pixel values, such as 0.00392.")] = None,
    tile: Annotated[int, typer.Option(help="Side of tiles in pixels; 0 takes whole images.")] = 0,
    overlap: Annotated[float, typer.Option(help="Fraction of a tile that its neighbour shares.")] = 0.25,
    batch: Annotated[int, typer.Option(help="Images of one size that go through the network together.")] = 1,
    precision: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    tta: Annotated[bool, typer.Option("--tta", help="Average over scales 0.75, 1, 1.25 and mirror images.")] = False,
    scales: Annotated[str | None, typer.Option(metavar="a,b,…", help="Scales to average over.")] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Average over mirror images.")] = False,
    refine: Annotated[str, typer.Option(metavar="crf|guided", help="Draw borders to those of the image.")] = "none",
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the network first (torch.compile).")] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Run the model also where its result is known, and keep none.")
    ] = False,
    classes: Classes = None,
    split: Split = None,
    as_json: AsJson = False,
) -> int:
    """Predict every picture of INPUT with MODEL and write the labels to OUTPUT."""
    from segstudio.models.registry import default_registry
    from segstudio.models.request import PredictSettings
    from segstudio.plugins.discovery import install
    from segstudio.workflows.predict import InputOptions, PredictReport
    from segstudio.workflows.predict import predict as run
    from segstudio.workflows.predict_known import shared_cache

    console = Console(as_json=as_json)
    install(default_registry())
    options = InputOptions(numbers("--mean", mean), numbers("--std", std), order, scale, size_hw(size))
    averaged = numbers("--scales", scales) or (TTA_SCALES if tta else ())
    settings = PredictSettings(
        batch=batch,
        precision=precision,  # type: ignore[arg-type]
        tile_overlap=overlap,
        scales=averaged,
        flip=flip or tta,
        refine=refine,  # type: ignore[arg-type]
        compiled=compiled,
    )
    with console.working() as progress:
        report: PredictReport = run(
            model,
            source,
            output,
            weights=weights,
            format=to,
            device=device,
            classes=class_set(classes),
            options=options,
            tile=tile,
            settings=settings,
            split=split,
            cache=None if no_cache else shared_cache(),
            progress=progress,
        )
    for note in report.notes:
        console.note(note)
    speed = "" if report.images_per_second is None else f", {report.images_per_second:.2f} images a second"
    where = f"{report.device} ({report.reason})" if report.reason else report.device
    known = f", {report.cached} of them known from before" if report.cached else ""
    line = f"{len(report.images)} images predicted with {report.model} on {where}{speed}{known}"
    line += f" → {output} ({report.format})"
    console.result(report.to_json(), [line])
    return console.failures(report.failed)
