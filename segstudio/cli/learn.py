"""`segstudio learn`: fine-tune a light network on what has been labelled in a project so far."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console, percent
from segstudio.cli.options import AsJson
from segstudio.core.dataset import Skipped


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("learn")(learn)


def learn(
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help="A project file, or a team's address, with some labelled images.")
    ],
    model: Annotated[str, typer.Option(help="forest, or a light network: see `segstudio models`.")] = "toytown-unet",
    weights: Annotated[str | None, typer.Option(help="A file to start from.")] = None,
    start: Annotated[
        str, typer.Option("--from", metavar="scratch|pretrained|last", help="What to start from.")
    ] = "auto",
    minutes: Annotated[float, typer.Option(help="Wall-clock budget of the training.")] = 5.0,
    epochs: Annotated[int, typer.Option(help="Stop after so many epochs; 0 leaves it to the clock.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; never more than all cores but one.")] = 0,
    images: Annotated[str, typer.Option(metavar="labelled|reviewed", help="What to learn from.")] = "labelled",
    holdout: Annotated[float, typer.Option(help="Fraction of the images that is only measured on.")] = 0.2,
    predict: Annotated[int, typer.Option(help="How many unlabelled images are predicted afterwards.")] = 200,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn by chance.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a round that was interrupted.")] = False,
    as_json: AsJson = False,
) -> int:
    """Fine-tune MODEL on the labelled images of PROJECT; keep it where it is better on those held out."""
    from segstudio.core.errors import UserError
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install
    from segstudio.store.place import is_team_address
    from segstudio.workflows.learning.request import LearnRequest
    from segstudio.workflows.learning.run import learn as run

    if not is_team_address(project) and not project.is_file():
        raise UserError(f"{project}: no such project file")
    console = Console(as_json=as_json)
    install(default_registry())
    request = LearnRequest(
        project=str(project),
        model=model,
        weights=weights,
        start=start,  # type: ignore[arg-type]
        minutes=minutes,
        epochs=epochs,
        threads=threads,
        images=images,  # type: ignore[arg-type]
        holdout=holdout,
        predict=predict,
        seed=seed,
        device=device,
        resume=resume,
    )
    with console.working() as progress:
        report = run(request, progress=progress)
    counts = report["images"]
    what = f"{counts['train']} images trained on, {counts['held_out']} held out"
    if report["epochs"]:
        what += f", {report['epochs']} epochs"
    gain = f"mIoU {percent(report['before'])} → {percent(report['after'])}"
    verdict = f"kept as {report['version']}" if report["accepted"] else "no better than what is in use: not kept"
    lines = [f"{what}: {gain}, {verdict}"]
    if report["ranking"]:
        first = ", ".join(row["key"].rsplit("/", 1)[-1] for row in report["ranking"][:3])
        lines.append(f"{len(report['ranking'])} unlabelled images predicted; label next: {first}")
    console.result(report, lines)
    return console.failures([Skipped(row["name"], row["error"]) for row in report["failed"]])
