"""Who made a label, in words: for the status line, the legend and the statistics."""

from __future__ import annotations

from datetime import datetime

from segstudio.store.origin_replay import Origin

KIND_WORDS = {
    "human": ("people", "painted, drawn or erased by a person"),
    "model": ("models", "accepted from a model's prediction or asked of a segmenter"),
    "forest": ("forest", "accepted from the live forest"),
    "carried": ("carried on", "carried on from another image"),
    "imported": ("brought", "brought by the data set, or taken from its ground truth"),
    "unknown": ("not known", "made before the history that is kept"),
}
_WEIGHTS = 8


def author_text(origin: Origin) -> str:
    """Who made it and from what, without the time: "ana, brush" or "model espnet (1a2b3c4d), accepted by ana"."""
    kind, person, tool = (origin.get(name, "") for name in ("kind", "person", "tool"))
    start, model, run = (origin.get(name, "") for name in ("from", "model", "run"))
    weights = f" ({origin['weights'][:_WEIGHTS]})" if origin.get("weights") else ""
    by = f", accepted by {person}" if person else ""
    if kind == "model":
        names = run if not model or model == run else f"{run} = {model}" if run else model
        return f"model {names}{weights}{by}"
    if kind == "forest":
        return f"forest{by}"
    if kind == "carried":
        return f"carried on from {start or 'another image'}" + (f" by {person}" if person else "")
    if kind == "imported":
        return f"brought by {start}" if start else "brought by the data set"
    if kind == "human":
        return ", ".join(part for part in (person or "someone", tool) if part)
    return "not known"


def origin_text(origin: Origin, *, is_labelled: bool = True) -> str:
    """Who made a pixel, when and from what, on one line."""
    said = author_text(origin)
    when = _when(origin.get("when", ""))
    return f"{'' if is_labelled else 'erased: '}{said}{', ' if when else ''}{when}"


def _when(when: str) -> str:
    try:
        local = datetime.fromisoformat(when).astimezone()
    except ValueError:
        return when
    today = datetime.now().astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d}"
