"""`segstudio models`: which models there are, what they cost and whether they can run here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from segstudio.cli.console import Console, table
from segstudio.cli.options import AsJson, class_set, numbers, size_hw
from segstudio.core.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("models")(models)


def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this model, in full.")] = None,
    task: Annotated[str | None, typer.Option(help="semantic, instance, panoptic or promptable.")] = None,
    add: Annotated[Path | None, typer.Option(metavar="FILE", help="Offer an ONNX, TorchScript or .pt2 file.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take NAME off your own models.")] = False,
    classes: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="Of the added file.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Of the added file's input.")] = None,
    mean: Annotated[str | None, typer.Option(metavar="a,b,c", help="Mean to subtract, of the added file.")] = None,
    std: Annotated[str | None, typer.Option(metavar="a,b,c", help="Deviation to divide by, of the added file.")] = None,
    order: Annotated[str | None, typer.Option(metavar="rgb|bgr", help="Channels of the added file.")] = None,
    scale: Annotated[float | None, typer.Option(help="Factor for pixel values, of the added file.")] = None,
    as_json: AsJson = False,
) -> int:
    """List the models that are known; add and remove your own."""
    from segstudio.models.own import add_own_model, remove_own_model
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install

    console = Console(as_json=as_json)
    registry = default_registry()
    found = install(registry)
    if add is not None:
        size_wh = None if (given := size_hw(size)) is None else [given[1], given[0]]
        named = class_set(classes)
        description = {
            "classes": None if named is None else named.to_json(),
            "size": size_wh,
            "mean": numbers("--mean", mean),
            "std": numbers("--std", std),
            "order": order,
            "scale": scale,
        }
        name = add_own_model(registry, add, name=name or "", description=description).name
    elif remove:
        if name is None:
            raise UserError("models --remove: which one?", hint="segstudio models NAME --remove")
        remove_own_model(registry, name)
        console.note(f"{name} is no longer listed; its file stays")
        name = None
    if name is not None:
        registry.card(name)  # tells an unknown or broken one
    rows: list[dict[str, Any]] = []
    for known in [name] if name is not None else registry.names():
        try:
            card, status = registry.card(known), registry.status(known)
        except UserError as error:
            console.note(str(error))
            continue
        if task is None or card.task == task:
            row = card.to_json()
            rows.append({**row, "status": status.state, "status_note": status.note})
    for problem in found.problems:
        console.note(f"plugin {problem.folder.name}: {problem.problem}")
    console.result({"models": rows}, _details(rows[0]) if name is not None and rows else _list(rows))
    return 0


def _list(rows: list[dict[str, Any]]) -> list[str]:
    cells = [["model", "task", "status", "year", "M parameters", "GMACs"]]
    for row in rows:
        size = "–" if row["parameters"] is None else f"{row['parameters'] / 1e6:.2f}"
        cost = "–" if row["gmacs"] is None else f"{row['gmacs']:.2f}"
        cells.append([row["name"], row["task"], row["status"], str(row["year"]), size, cost])
    return table(cells, left=3)


def _details(row: dict[str, Any]) -> list[str]:
    lines = [
        f"{row['name']}: {row['title']} ({row['year']}), {row['task']}, {row['status']} {row['status_note']}".rstrip()
    ]
    lines += [f"paper: {row['paper']}"] if row["paper"] else []
    lines += [f"licence: {row['licence']}"]
    for entry in row["weights"]:
        said = [entry["dataset"], entry["licence"], entry["source"]]
        lines.append(f"weights {entry['name']}: {', '.join(filter(None, said))}")
    lines += [f"published: {p['dataset']} {p['metric']} {p['value']} {p['note']}".rstrip() for p in row["published"]]
    return [*lines, row["notes"]] if row["notes"] else lines
