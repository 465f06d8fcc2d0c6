"""How a person arranged the comparison: which panes, in which order of lines, and how A lies over B; kept for later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from segstudio.core.layer import LABELS, TRUTH

Manner = Literal["panes", "swipe", "onion", "blink"]
Layout = Literal["grid", "row", "column"]
PANES = ("a", "b", "difference", TRUTH, LABELS)
"""In the order in which they stand."""
MIN_INTERVAL_MS, MAX_INTERVAL_MS = 100, 3000
_FILE = "compare.json"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """`panes` are those that are wanted, in the order of `PANES`; `interval_ms` is how long blinking shows a side."""

    panes: tuple[str, ...] = ("a", "b", "difference", TRUTH)
    layout: Layout = "grid"
    interval_ms: int = 600

    def columns(self, count: int) -> int:
        """Panes beside each other, of `count`: a grid has two columns, from five on three."""
        if self.layout == "row":
            return max(1, count)
        return 1 if self.layout == "column" else 3 if count > 4 else 2


def load_arrangement(folder: Path) -> Arrangement:
    """What was kept in that folder; the usual where there is nothing, or nothing that can be read."""
    try:
        found: dict[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        known = {field.name: found[field.name] for field in fields(Arrangement) if field.name in found}
        panes = tuple(name for name in PANES if name in known.get("panes", PANES[:4]))
        interval = min(MAX_INTERVAL_MS, max(MIN_INTERVAL_MS, int(known.get("interval_ms", 600))))
        layout = known.get("layout", "grid")
    except (OSError, ValueError, TypeError, AttributeError):
        return Arrangement()
    usual = Arrangement()
    return replace(
        usual,
        panes=panes or usual.panes,
        layout=layout if layout in get_args(Layout) else usual.layout,
        interval_ms=interval,
    )


def save_arrangement(folder: Path, arrangement: Arrangement) -> None:
    """Keep it; a folder that takes no files costs the person nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FILE).write_text(json.dumps(asdict(arrangement)), encoding="utf-8")
    except OSError:
        return
