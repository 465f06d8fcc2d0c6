"""Where labels come from, as an edit's line in the journal tells it: who, with which tool, from which model run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from segstudio.core.layer import TRUTH
from segstudio.store.origin_replay import Origin
from segstudio.store.records import OWN_RUN, RESTORES, RunRow

_PREDICTION = "prediction"
_FOREST = "forest"
_CARRYING = ("propagate", "interpolate")
IMPORT = "import"
"""The tool of labels that came from elsewhere as a whole."""


@dataclass(frozen=True, slots=True)
class Origins:
    """The edit that made each object what it is, by id, and of the raster everybody and everything that painted it.

    In `raster` several values of a field are joined by ", ", and `when` is that of the newest edit. `rest` is what is
    known of objects that no edit touched, empty where that is nothing.
    """

    objects: Mapping[int, Origin] = field(default_factory=dict)
    raster: Origin = field(default_factory=dict)
    rest: Origin = field(default_factory=dict)


def origin_of(told: Mapping[str, Any], runs: Mapping[str, RunRow], *, person: str, tool: str, when: str) -> Origin:
    """The origin of what an edit made; `told` is the rest of its provenance, `runs` are the project's by name."""
    source = str(told.get("source") or "")
    start = str(told.get("from") or "")
    head, _, name = (source or start).partition(":")
    run = str(told.get("run") or "") or (name if head == _PREDICTION else "")
    known = runs.get(run)
    found = {
        "person": person,
        "tool": tool,
        "when": when,
        "kind": kind_of(told, tool),
        "run": run,
        "model": str(told.get("model") or "") or (known.model if known else ""),
        "weights": str(told.get("weights") or "") or (known.weights_at(when) if known else ""),
        "from": source if source == TRUTH else start if head != _PREDICTION else "",
    }
    return {field: text for field, text in found.items() if text}


def kind_of(told: Mapping[str, Any], tool: str) -> str:
    """One of `records.ORIGIN_KINDS` for an edit, by its provenance and tool."""
    head, _, run = str(told.get("source") or told.get("from") or "").partition(":")
    if head == _PREDICTION:
        if run.startswith(OWN_RUN):
            return "human"
        return "forest" if run.split(" ")[0] == _FOREST else "model"
    if head == TRUTH or tool == IMPORT:
        return "imported"
    if told.get("model"):
        return "model"
    if tool == "history":
        return "unknown"  # an earlier program did not say which state it brought back
    return "carried" if tool in _CARRYING else "human"


def restored_by(told: Mapping[str, Any]) -> int | None:
    """The edit whose state an edit brought back; None for all edits but those that restore."""
    found = told.get(RESTORES)
    return found if isinstance(found, int) else None


def joined(origins: Iterable[Origin]) -> Origin:
    """Several origins as one: the values of a field joined by ", ", the newest time."""
    them = list(origins)
    names = dict.fromkeys(name for origin in them for name in origin if name != "when")
    found = {name: ", ".join(dict.fromkeys(o[name] for o in them if name in o)) for name in names}
    newest = max((origin["when"] for origin in them if "when" in origin), default="")
    return {**found, **({"when": newest} if newest else {})}
