"""`segstudio compare`: is prediction B better than prediction A?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli.console import Console, percent, table
from segstudio.cli.options import AsJson, Classes, CsvFile, Split, TruthOf, class_set
from segstudio.core.errors import UserError

if TYPE_CHECKING:
    from segstudio.workflows.compare import CompareReport


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("compare")(compare)


def compare(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="A data set, a project or a folder of class-id PNGs.")],
    a: Annotated[Path, typer.Argument(metavar="A", help="The first prediction.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The second prediction.")],
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write a page to read.")] = None,
    task: Annotated[str | None, typer.Option(help="semantic, instance or panoptic.")] = None,
    classes: Classes = None,
    split: Split = None,
    policy: Annotated[str | None, typer.Option(help="cityscapes, coco, torchmetrics or monai.")] = None,
    by_sequence: Annotated[
        bool, typer.Option(help="Draw images of one sequence together, where the truth names sequences.")
    ] = True,
    truth_from: TruthOf = "auto",
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare two predictions of the same images, with intervals and a p-value."""
    from segstudio.workflows.compare import compare as run
    from segstudio.workflows.evaluate import TASKS
    from segstudio.workflows.tables import write_csv

    if task is not None and task not in TASKS:
        raise UserError(f"--task {task}: no such task", hint=f"one of {', '.join(TASKS)}")
    console = Console(as_json=as_json)
    chosen = class_set(classes)
    with console.working() as progress:
        found = run(
            truth,
            a,
            b,
            task=task,
            classes=chosen,
            policy=policy,
            split=split,
            truth_from=truth_from,
            by_sequence=by_sequence,
            progress=progress,
        )
    document = found.to_json()
    if csv is not None:
        write_csv(csv, document)
    if report is not None:
        _write_report(report, found, (truth, a, b), split)
    for note in found.notes:
        console.note(note)
    console.result(document, _lines(document, a.name, b.name))
    return console.failures(found.failed)


def _write_report(page: Path, found: CompareReport, paths: tuple[Path, Path, Path], split: str | None) -> None:
    from segstudio.workflows.comparison_report import Circumstances, write_report
    from segstudio.workflows.fingerprint import fingerprint, versions
    from segstudio.workflows.measured_costs import costs_of
    from segstudio.workflows.telling_images import most_telling, telling_images

    truth, a, b = paths
    comparison = found.comparison
    names = most_telling(list(zip(comparison.names, *_known_scores(found), strict=True)))
    around = Circumstances(
        inputs={what: fingerprint(path) for what, path in zip(("truth", "A", "B"), paths, strict=True)},
        versions=versions(),
        images=telling_images(truth, a, b, names, classes=found.classes, split=split),
        costs=(costs_of(a.name), costs_of(b.name)),
        notes=[*found.notes, *(f"not measured, {one.name}: {one.reason}" for one in found.failed)],
    )
    write_report(page, found.to_json(), name_a=a.name, name_b=b.name, circumstances=around)


def _known_scores(found: CompareReport) -> tuple[list[float | None], list[float | None]]:
    sides = found.comparison.scores_a, found.comparison.scores_b
    a, b = ([None if score != score else score for score in side] for side in sides)
    return a, b


def _lines(document: Mapping[str, Any], a: str, b: str) -> list[str]:
    from segstudio.metrics.compare import CLASS_SCORES
    from segstudio.workflows.verdict import verdict

    score = CLASS_SCORES[document["a"]["task"]]
    rows = [["metric", a, b]]
    rows += [
        [name, percent(value), percent(document["b"]["metrics"].get(name))]
        for name, value in document["a"]["metrics"].items()
    ]
    classes = [["class", f"change of {score.upper().replace('IOU', 'IoU')}", "95 % interval"]]
    classes += [
        [row["name"], percent(row[f"delta_{score}"]), " … ".join(percent(end) for end in row["ci95"])]
        for row in document["classes"]
        if row[f"delta_{score}"] is not None
    ]
    said = verdict(document, a, b)
    return [*table(rows), "", *table(classes), "", said.text, said.small_print]
