"""`segstudio models`: which models there are, what they cost and whether they can run here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from segstudio.cli.console import Console, table
from segstudio.cli.options import AsJson
from segstudio.core.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("models")(models)


def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this model, in full.")] = None,
    task: Annotated[str | None, typer.Option(help="semantic, instance or panoptic.")] = None,
    as_json: AsJson = False,
) -> int:
    """List the models that are known."""
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install

    console = Console(as_json=as_json)
    registry = default_registry()
    found = install(registry)
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
    lines += [f"weights {w['name']}: {w['dataset']}, {w['licence']}, {w['source']}" for w in row["weights"]]
    lines += [f"published: {p['dataset']} {p['metric']} {p['value']} {p['note']}".rstrip() for p in row["published"]]
    return [*lines, row["notes"]] if row["notes"] else lines
