"""What `segstudio bench models` measured on this machine, kept so that comparisons can show it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segstudio.settings.folders import data_directory
from segstudio.workflows.tables import write_text

Row = Mapping[str, Any]


def costs_file() -> Path:
    """Where this machine's measurements are kept."""
    return data_directory() / "measured-costs.json"


def remember_costs(rows: Iterable[Row]) -> None:
    """Keep rows of `bench models --json`; a row replaces the one of the same model, input, device and way.

    Raises `EnvironmentFault` where the file cannot be written.
    """
    known = {_key(row): dict(row) for row in all_costs()}
    known |= {_key(row): dict(row) for row in rows}
    costs_file().parent.mkdir(parents=True, exist_ok=True)
    write_text(costs_file(), json.dumps({"rows": list(known.values())}, indent=1, ensure_ascii=False))


def all_costs() -> list[dict[str, Any]]:
    """Every kept row, the oldest first; none where nothing was measured or the file cannot be read."""
    try:
        rows = json.loads(costs_file().read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("model"), str)]


def costs_of(model: str) -> list[dict[str, Any]]:
    """The kept rows of one model; a run named `unet (2)` or a folder `pred-unet` is of the model in its name."""
    rows = all_costs()
    exact = [row for row in rows if row["model"] == model]
    if exact:
        return exact
    inside = {row["model"] for row in rows if row["model"] in model}
    longest = max(inside, key=len, default=None)
    return [row for row in rows if row["model"] == longest]


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("model", "input_size", "device", "how"))
