"""What the person chose to see and to work with; views read it and redraw when it changes, nothing here is undoable."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from segstudio.core.event import Event
from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS, TRUTH

Mode = Literal["semantic", "objects"]
FillStyle = Literal["fill", "outline", "both"]
MetricMode = Literal["semantic", "panoptic", "instance"]
PaintMode = Literal["everywhere", "unlabelled", "only-over"]
MIN_RADIUS, MAX_RADIUS = 0.5, 500.0
"""Radii of the brush: tips of 1 to 1000 pixels."""


@dataclass(frozen=True)
class View:
    """One state of the view.

    `opacity` and `shown` are per layer name (labels, truth, prediction:run); `error_class` is a class id or None for
    all classes; `selection` holds object ids of the labels layer, `last_selected` the one of them that was added last;
    `over_classes` are those that the paint mode "only-over" paints over, with what is unlabelled where
    `over_unlabelled`; `hidden_objects` are not drawn, and where `isolated_objects` has any, only those are; `gaps`
    marks unlabelled pixels; `marked` are places that are outlined, such as those of an edit of the journal; `origins`
    shows who made each pixel; with `keep_human` what people drew stays where a whole prediction or a class of it is
    accepted; `error_kinds` shows why pixels are wrong, but for the `hidden_error_kinds` (codes of `RegionKind`);
    `policy` and `metric_mode` say what the live metrics measure, and by whose rules; `snap_radius` is in logical pixels
    of the screen; brightness and contrast run from −1 to 1. `channels` are the picture's channels shown as grey (one)
    or as red, green and blue (three), empty for its own choice; `tone_percent` are the percentiles shown as black and
    white, None for its own range.
    """

    mode: Mode = "semantic"
    tool: str = "brush"
    active_class: int | None = None
    previous_class: int | None = None
    brush_radius: float = 20.0
    brush_in_screen_pixels: bool = False
    brush_square: bool = False
    snapping: bool = False
    snap_radius: float = 8.0
    shared_borders: bool = True
    paint_mode: PaintMode = "everywhere"
    over_classes: frozenset[int] = frozenset()
    over_unlabelled: bool = True
    fill_style: FillStyle = "both"
    opacity: dict[str, float] = field(default_factory=lambda: {LABELS: 0.55, TRUTH: 0.55})
    shown: dict[str, bool] = field(default_factory=lambda: {LABELS: True, TRUTH: False})
    hidden_classes: frozenset[int] = frozenset()
    protected_classes: frozenset[int] = frozenset()
    overlays_hidden: bool = False
    marked: tuple[Rect, ...] = ()
    bare: bool = False
    errors: bool = False
    error_kinds: bool = False
    hidden_error_kinds: frozenset[int] = frozenset()
    policy: str = "cityscapes"
    metric_mode: MetricMode = "semantic"
    error_class: int | None = None
    heat_map: bool = False
    selection: frozenset[int] = frozenset()
    last_selected: int | None = None
    hovered_object: int | None = None
    hidden_objects: frozenset[int] = frozenset()
    isolated_objects: frozenset[int] = frozenset()
    gaps: bool = False
    origins: bool = False
    keep_human: bool = True
    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0
    channels: tuple[int, ...] = ()
    tone_percent: tuple[float, float] | None = None
    colour_blind: bool = False
    rulers: bool = False
    pixel_grid: bool = True
    crosshair: bool = False
    minimap: bool = False
    keep_zoom: bool = True


_NAMES = frozenset(f.name for f in fields(View))


class ViewState:
    """The current `View`; `changed` tells the names of the fields that changed."""

    def __init__(self) -> None:
        self.changed: Event[frozenset[str]] = Event()
        self._view = View()

    @property
    def now(self) -> View:
        return self._view

    def set(self, **values: Any) -> None:
        """Change some fields by name; fields that already have the value are not told."""
        unknown = values.keys() - _NAMES
        if unknown:
            raise TypeError(f"a view has no {sorted(unknown)}")
        if "brush_radius" in values:
            values["brush_radius"] = min(MAX_RADIUS, max(MIN_RADIUS, values["brush_radius"]))
        different = {name: value for name, value in values.items() if getattr(self._view, name) != value}
        if "mode" in different and self._view.hovered_object is not None:
            different["hovered_object"] = None
        if "selection" in different and "last_selected" not in different:
            last = self._last_of(different["selection"])
            if last != self._view.last_selected:
                different["last_selected"] = last
        if different:
            self._view = replace(self._view, **different)
            self.changed.emit(frozenset(different))

    def _last_of(self, selection: frozenset[int]) -> int | None:
        """The newest of what is about to be selected; of several at once the one with the highest id."""
        new = selection - self._view.selection
        if not new and self._view.last_selected in selection:
            return self._view.last_selected
        return max(new or selection, default=None)

    def choose_class(self, class_id: int) -> None:
        """Make `class_id` the one that tools draw with, and remember the one before."""
        if class_id != self._view.active_class:
            self._take(class_id)

    def swap_class(self) -> None:
        """Go back to the class before; again, and the swap is undone."""
        if self._view.previous_class is not None:
            self._take(self._view.previous_class)

    def toggle_error_class(self) -> None:
        """Show the errors of the active class alone, or of all classes again."""
        self.set(error_class=self._view.active_class if self._view.error_class is None else None)

    def _take(self, class_id: int) -> None:
        judged = class_id if self._view.error_class is not None else None
        self.set(active_class=class_id, previous_class=self._view.active_class, error_class=judged)

    def show_layer(self, layer: str, shown: bool) -> None:
        self.set(shown={**self._view.shown, layer: shown})

    def show_only_prediction(self, layer: str | None) -> None:
        """Show one prediction and hide the others (None: all of them); labels and truth stay as they are."""
        others = {name: False for name in self._view.shown if name.startswith("prediction:")}
        self.set(shown={**self._view.shown, **others, **({layer: True} if layer is not None else {})})

    def set_opacity(self, layer: str, opacity: float) -> None:
        """`opacity` from 0 (invisible) to 1."""
        self.set(opacity={**self._view.opacity, layer: min(1.0, max(0.0, opacity))})

    def toggle_class_hidden(self, class_id: int) -> None:
        self.set(hidden_classes=self._view.hidden_classes ^ {class_id})

    def toggle_class_protected(self, class_id: int) -> None:
        """Protected classes are not painted over."""
        self.set(protected_classes=self._view.protected_classes ^ {class_id})
