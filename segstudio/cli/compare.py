"""`segstudio compare`: is prediction B better than prediction A?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from segstudio.cli.console import Console, percent, table
from segstudio.cli.options import AsJson, Classes, CsvFile, Split, class_set


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("compare")(compare)


def compare(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="A data set, a project or a folder of class-id PNGs.")],
    a: Annotated[Path, typer.Argument(metavar="A", help="The first prediction.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The second prediction.")],
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write a page to read.")] = None,
    classes: Classes = None,
    split: Split = None,
    policy: Annotated[str | None, typer.Option(help="cityscapes, coco, torchmetrics or monai.")] = None,
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare two predictions of the same images, with intervals and a p-value."""
    from segstudio.workflows.compare import compare as run
    from segstudio.workflows.comparison_report import write_report
    from segstudio.workflows.tables import write_csv

    console = Console(as_json=as_json)
    with console.working() as progress:
        found = run(truth, a, b, classes=class_set(classes), policy=policy, split=split, progress=progress)
    document = found.to_json()
    if csv is not None:
        write_csv(csv, document)
    if report is not None:
        write_report(report, document, name_a=a.name, name_b=b.name)
    for note in found.notes:
        console.note(note)
    console.result(document, _lines(document, a.name, b.name))
    return console.failures(found.failed)


def _lines(document: Mapping[str, Any], a: str, b: str) -> list[str]:
    delta = document["delta"]
    low, high = delta["ci95"]
    rows = [["metric", a, b]]
    rows += [
        [name, percent(value), percent(document["b"]["metrics"].get(name))]
        for name, value in document["a"]["metrics"].items()
    ]
    classes = [["class", "change of IoU", "95 % interval"]]
    classes += [
        [row["name"], percent(row["delta_iou"]), " … ".join(percent(end) for end in row["ci95"])]
        for row in document["classes"]
        if row["delta_iou"] is not None
    ]
    p_value = "–" if delta["p_value"] is None else f"{delta['p_value']:.4f}"
    verdict = (
        f"mIoU of {b} − {a}: {percent(delta['miou'])}, 95 % interval {percent(low)} … {percent(high)}, p {p_value}"
    )
    return [*table(rows), "", *table(classes), "", verdict]
