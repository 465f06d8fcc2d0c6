"""What may be painted over now: the view's paint mode and protected classes, in the segment ids of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.raster import UNLABELLED
from segstudio.ops.paint_mode import PaintMode, PaintRule

if TYPE_CHECKING:
    from segstudio.core.layer import Layer
    from segstudio.session.view import View


def paint_rule(view: View, layer: Layer, *, erases: bool = False) -> PaintRule:
    """The rule for a write to `layer`. Erasing passes over "only unlabelled", under which it could do nothing."""
    mode = PaintMode(view.paint_mode)
    if erases and mode is PaintMode.UNLABELLED:
        mode = PaintMode.EVERYWHERE
    if mode is not PaintMode.ONLY_OVER and not view.protected_classes:
        return PaintRule(mode)
    over: set[int] = set()
    protected: set[int] = set()
    for segment in layer.segments:
        if segment.class_id in view.over_classes:
            over.add(segment.id)
        if segment.class_id in view.protected_classes:
            protected.add(segment.id)
    if view.over_unlabelled:
        over.add(UNLABELLED)
    return PaintRule(mode, frozenset(over), frozenset(protected))


def in_words(view: View) -> str:
    """The paint mode for the status line; "" where everything may be painted over."""
    protected = len(view.protected_classes)
    kept = f"{protected} class{'es' if protected > 1 else ''} protected" if protected else ""
    if view.paint_mode == "unlabelled":
        mode = "paints only what is unlabelled"
    elif view.paint_mode == "only-over":
        count = len(view.over_classes)
        classes = f"{count} class{'es' if count != 1 else ''}"
        mode = f"paints only over {classes}{' and what is unlabelled' if view.over_unlabelled else ''}"
    else:
        mode = ""
    return ", ".join(part for part in (mode, kept) if part)
