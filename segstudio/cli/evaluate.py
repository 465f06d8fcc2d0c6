"""`segstudio evaluate`: measure a prediction against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from segstudio.cli.console import Console, percent, table
from segstudio.cli.options import AsJson, Classes, CsvFile, Split, TruthOf, class_set

Task = Literal["semantic", "instance", "panoptic"]
_COLUMNS = {"semantic": ("iou", "dice", "accuracy"), "instance": ("ap", "ap50", "ap75"), "panoptic": ("pq", "sq", "rq")}


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("evaluate")(evaluate)


def evaluate(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="A data set, a project or a folder of class-id PNGs.")],
    prediction: Annotated[
        Path, typer.Argument(metavar="PREDICTION", help="The same of the prediction; images are paired by name.")
    ],
    task: Annotated[Task | None, typer.Option(help="What to measure; by default what TRUTH is made for.")] = None,
    classes: Classes = None,
    split: Split = None,
    policy: Annotated[str | None, typer.Option(help="cityscapes, coco, torchmetrics or monai.")] = None,
    truth_from: TruthOf = "auto",
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> int:
    """Measure PREDICTION against TRUTH."""
    from segstudio.workflows.evaluate import evaluate as run
    from segstudio.workflows.tables import write_csv

    console = Console(as_json=as_json)
    with console.working() as progress:
        evaluation = run(
            truth,
            prediction,
            task=task,
            classes=class_set(classes),
            policy=policy,
            split=split,
            truth_from=truth_from,
            progress=progress,
        )
    if csv is not None:
        write_csv(csv, evaluation.document)
    for note in evaluation.notes:
        console.note(note)
    console.result(evaluation.document, _lines(evaluation.document))
    return console.failures(evaluation.failed)


def _lines(document: Mapping[str, Any]) -> list[str]:
    columns = _COLUMNS[document["task"]]
    rows = [["class", *columns]]
    rows += [[row["name"], *(percent(row.get(column)) for column in columns)] for row in document["classes"]]
    numbers = [[name, percent(value)] for name, value in document["metrics"].items()]
    title = f"{document['images']} images, {document['task']}, policy {document['policy']['name']}, in percent"
    return [title, "", *table(rows), "", *table(numbers)]
