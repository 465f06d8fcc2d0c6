"""The image being edited: its picture, its layers, and every way in which they change."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segstudio.core.class_patch import ClassSetPatch
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.history import History
from segstudio.core.layer import LABELS, TRUTH, Layer
from segstudio.core.raster import RasterDelta
from segstudio.core.transaction import Changes, Edit, Transaction
from segstudio.ops.index_view import IndexView
from segstudio.session.census import Census
from segstudio.session.scores.live import IndexRaster
from segstudio.session.stroke import Stroke
from segstudio.session.turns import drained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from segstudio.render.pyramid import Pyramid


class ClassBook:
    """The class set that the open project uses; one for all its images."""

    def __init__(self, class_set: ClassSet) -> None:
        self.changed: Event[ClassSet] = Event()
        self._current = class_set

    @property
    def current(self) -> ClassSet:
        return self._current

    def replace(self, class_set: ClassSet) -> ClassSet:
        """Use another set from now on; returns the one before."""
        before, self._current = self._current, class_set
        self.changed.emit(class_set)
        return before


@dataclass(frozen=True, slots=True)
class Recorded:
    """An edit that has just become part of the state (committed, undone or redone), for whoever stores it."""

    document: Document
    edit: Edit
    is_undo: bool = False


class Document:
    """One open image.

    `labels` is edited, `truth` (where there is one) and `predictions` (by run) are locked. `changed` tells views
    what to
    redraw, `pixels_changed` tells live scores what the labels' raster was and is, `recorded` tells the store what to
    keep.
    `truth_index_hw` is the truth as evaluation indices `[H, W]`; `truth_changed` tells of its raster, where a person
    corrects a copy of it; `error_kinds` are codes of `RegionKind` `[H, W]` while they are shown (see `KindLayer`),
    `origin_kinds` those of who made them (see `LiveOrigins`).
    Exactly one stroke can be open at a time.
    """

    def __init__(
        self,
        item: ImageItem,
        pyramid: Pyramid,
        labels: Layer,
        *,
        classes: ClassBook,
        history: History,
        truth: Layer | None = None,
        truth_index_hw: IndexRaster | None = None,
        provenance: Mapping[str, Any] | None = None,
        label_counts: NDArray[np.int64] | None = None,
    ) -> None:
        self.item = item
        self.pyramid = pyramid
        self.labels = labels
        self.truth = truth
        self.truth_index_hw = truth_index_hw
        self.predictions: dict[str, Layer] = {}
        self.classes = classes
        self.history = history
        self.provenance = dict(provenance or {})
        self.changed: Event[Changes] = Event()
        self.pixels_changed: Event[RasterDelta] = Event()
        self.recorded: Event[Recorded] = Event()
        self.layers_changed: Event[str] = Event()
        self.truth_changed: Event[RasterDelta] = Event()
        self.census = Census(self, label_counts)
        self.error_kinds: NDArray[np.uint8] | None = None
        self.origin_kinds: NDArray[np.uint8] | None = None
        self._stroke: Stroke | None = None
        self._is_swapping = False

    @property
    def is_bare(self) -> bool:
        """Whether nothing is labelled."""
        height, width = self.size_hw
        return not len(self.labels.objects) and self.census.unlabelled == height * width

    @property
    def key(self) -> str:
        return self.item.key

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.labels.size_hw

    @property
    def class_set(self) -> ClassSet:
        return self.classes.current

    @property
    def layer_names(self) -> list[str]:
        """In the order of the layer list: labels, truth, then predictions, oldest first."""
        truth = [TRUTH] if self.truth is not None else []
        return [LABELS, *truth, *self.predictions]

    def layer(self, name: str) -> Layer:
        """The layer of that name; raises `KeyError` where there is none."""
        if name == LABELS:
            return self.labels
        if name == TRUTH and self.truth is not None:
            return self.truth
        return self.predictions[name]

    def set_prediction(self, layer: Layer) -> None:
        """Add a prediction layer or replace the one of the same run."""
        self.predictions[layer.name] = layer
        self.layers_changed.emit(layer.name)
        self.changed.emit(Changes(layer.name, pixels=layer.raster.bounds, segments=True))

    @property
    def stroke(self) -> Stroke | None:
        """The stroke that is open now."""
        return self._stroke

    def begin(
        self, name: str, *, tool: str = "", provenance: Mapping[str, Any] | None = None, layer: str = LABELS
    ) -> Stroke:
        """Open an edit of the labels, or of the truth where that is unlocked; end it with `commit` or `cancel`.

        Raises `UserError` while another edit is open, so that no two gestures ever mix.
        """
        self._require_rest()
        origin = {**self.provenance, **({"tool": tool} if tool else {}), **(provenance or {})}
        self._stroke = Stroke(self, Transaction(self.layer(layer), name, provenance=origin))
        return self._stroke

    @property
    def is_busy(self) -> bool:
        """Whether an edit is being made, taken back or done again."""
        return self._stroke is not None or self._is_swapping

    def undo(self) -> Edit | None:
        """Take back the latest edit of this image; None where there is none or another is under way.

        Raises `UserError`, and changes nothing, where a class's old name belongs to another class by now.
        """
        return drained(self.undoing())

    def redo(self) -> Edit | None:
        """Do again what was undone last; None where there is nothing or an edit is under way. Raises as `undo` does."""
        return drained(self.redoing())

    def undoing(self, *, in_parts: bool = False) -> Generator[int, None, Edit | None]:
        """`undo` patch by patch; tells how many pixels it has put back. `in_parts` lets views follow meanwhile."""
        return self._swapping(self.history.next_undo, self.history.undone, is_undo=True, in_parts=in_parts)

    def redoing(self, *, in_parts: bool = False) -> Generator[int, None, Edit | None]:
        """`redo` as `undoing` is `undo`."""
        return self._swapping(self.history.next_redo, self.history.redone, is_undo=False, in_parts=in_parts)

    def change_classes(self, name: str, class_set: ClassSet) -> None:
        """Replace the class set (a class added, renamed, recoloured) as an edit that can be undone."""
        self._require_rest()
        before = self.classes.replace(class_set)
        with self.begin(name) as stroke:
            for c in class_set.classes:
                if self.labels.segments.of_class(c.id) is None:
                    stroke.segment_for_class(c.id)
            stroke.note_class_set(ClassSetPatch.back_to(before, class_set))

    def finish_stroke(self, edit: Edit | None) -> None:
        """The open stroke has ended; called by the stroke itself."""
        self._stroke = None
        if edit is not None:
            self.history.push(edit.to_keep())
            self.recorded.emit(Recorded(self, edit))

    def _swapping(
        self,
        chosen: Callable[[], Edit | None],
        keep: Callable[[Edit], None],
        *,
        is_undo: bool,
        in_parts: bool,
    ) -> Generator[int, None, Edit | None]:
        edit = chosen()
        if edit is None or self.is_busy:
            return None
        # Classes first: where a name cannot come back, nothing has happened yet.
        classes = edit.class_set.swap(self.classes.current) if edit.class_set is not None else None
        self._is_swapping = True
        try:
            inverse = yield from self._swap(edit, in_parts=in_parts)
        finally:
            self._is_swapping = False
        if classes is not None:
            self.classes.replace(classes[0])
            inverse = replace(inverse, class_set=classes[1])
        self.changed.emit(edit.changes)
        keep(inverse.to_keep())
        self.recorded.emit(Recorded(self, inverse, is_undo=is_undo))
        return edit

    def _swap(self, edit: Edit, *, in_parts: bool) -> Generator[int, None, Edit]:
        steps, pixels = edit.swapping(self.layer(edit.layer), with_tiles=in_parts), 0
        while True:
            try:
                delta = next(steps)
            except StopIteration as end:
                inverse: Edit = end.value
                return inverse
            self.tell_pixels(edit.layer, delta)
            if in_parts:
                self.changed.emit(Changes(edit.layer, pixels=delta.rect))
            pixels += delta.rect.area
            yield pixels

    def _require_rest(self) -> None:
        if self._is_swapping:
            raise UserError("wait a moment: the last edit is still being taken back or done again")
        if self._stroke is not None:
            raise UserError("finish or cancel the current edit first")

    def tell_pixels(self, layer_name: str, delta: RasterDelta) -> None:
        """A layer's raster has changed: what follows from it comes first; called by strokes and undo."""
        if layer_name == TRUTH:
            is_map = not isinstance(self.truth_index_hw, IndexView)
            if self.truth_index_hw is not None and self.truth is not None and is_map:
                lut = self.truth.segments.index_lut(self.class_set)
                self.truth_index_hw[delta.rect.slices] = lut[delta.after_hw]
            self.truth_changed.emit(delta)
        else:
            self.pixels_changed.emit(delta)
