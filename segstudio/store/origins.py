"""Where the labels of an image come from, told from its journal: who made them, with which tool, from which run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from segstudio.store import layers, run_rows, schema
from segstudio.store.faults import damaged
from segstudio.store.journal import SEALED_COLUMNS
from segstudio.store.packing import from_text, unpack_preimage
from segstudio.store.place import Place
from segstudio.store.records import RunRow
from segstudio.store.seal import seal

Origin = Mapping[str, str]
"""`person`, `tool` and `when` (UTC, ISO 8601) of an edit, and where it took from a model its `run`, `model` and
`weights` (SHA-256); what is not known is left out.
"""


@dataclass(frozen=True, slots=True)
class Origins:
    """The edit that made each object what it is, by id, and of the raster everybody and everything that painted it.

    In `raster` several values of a field are joined by ", ", and `when` is that of the newest edit. Objects that came
    before the history that is kept are missing.
    """

    objects: Mapping[int, Origin] = field(default_factory=dict)
    raster: Origin = field(default_factory=dict)


def origins_of(connection: Connection, key: str, layer: str, path: Place) -> Origins:
    """Replay the journal of one layer. Raises `UserError` for an unknown image or a damaged journal."""
    owner = layers.image_id(connection, key, path)
    runs = {row.name: row for row in run_rows.read_runs(connection, path)}
    edit, preimage = schema.edit, schema.preimage
    query = (
        select(edit, preimage.c.packed, preimage.c.seal.label("preimage_seal"))
        .join(preimage, preimage.c.edit_id == edit.c.id, isouter=True)
        .where(edit.c.image_id == owner, edit.c.layer == layer)
        .order_by(edit.c.id)
    )
    made: dict[int, list[Origin]] = {}
    painted: list[Origin] = []
    for row in connection.execute(query):
        touched, has_pixels = _touched(row, path)
        origin = _origin(row, runs)
        for stack in (*(made.setdefault(object_id, []) for object_id in touched), *([painted] if has_pixels else ())):
            if not row.is_undo:
                stack.append(origin)
            elif stack:
                stack.pop()
    return Origins({object_id: stack[-1] for object_id, stack in made.items() if stack}, _joined(painted))


def _touched(row: Row[Any], path: Place) -> tuple[list[int], bool]:
    """The objects that an edit changed, and whether it changed pixels."""
    if row.seal != seal("edit", *(row._mapping[name] for name in SEALED_COLUMNS)):
        raise damaged(path, f"line {row.id} of the journal")
    if row.packed is None:
        return [], row.pixels > 0
    if row.preimage_seal != seal("preimage", row.id, row.packed):
        raise damaged(path, f"what edit {row.id} replaced")
    patches, objects, _ = unpack_preimage(row.packed)
    return list(objects), bool(patches)


def _origin(row: Row[Any], runs: Mapping[str, RunRow]) -> Origin:
    told = from_text(row.provenance)
    kind, _, name = str(told.get("source") or told.get("from") or "").partition(":")
    run = str(told.get("run", "")) or (name if kind == "prediction" else "")
    known = runs.get(run)
    found = {
        "person": row.person,
        "tool": row.tool,
        "when": row.at,
        "run": run,
        "model": str(told.get("model", "")) or (known.model if known else ""),
        "weights": str(told.get("weights", "")) or (known.weights_at(row.at) if known else ""),
    }
    return {name: text for name, text in found.items() if text}


def _joined(painted: Sequence[Origin]) -> Origin:
    names = [
        name for name in ("person", "tool", "run", "model", "weights") if any(name in origin for origin in painted)
    ]
    joined = {name: ", ".join(dict.fromkeys(o[name] for o in painted if name in o)) for name in names}
    return {**joined, "when": painted[-1]["when"]} if painted else {}
