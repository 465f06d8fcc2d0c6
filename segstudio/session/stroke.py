"""One gesture that changes the labels: everything it does is told to views and live scores at once, undone as one
step.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_patch import ClassSetPatch
from segstudio.core.geometry import Rect, union_all
from segstudio.core.layer import Layer
from segstudio.core.objects import SegObject
from segstudio.core.raster import RasterDelta, SegmentIds
from segstudio.core.segments import Segment
from segstudio.core.transaction import Changes, Edit, Transaction
from segstudio.session.turns import drained

if TYPE_CHECKING:
    from segstudio.session.document import Document


class Stroke:
    """A transaction on the labels of a document that announces each write.

    Use it as a context manager for an edit in one go (commits, or reverts when the block raises), or keep it from
    press to
    release and end it with `commit` or `cancel`.
    """

    def __init__(self, document: Document, transaction: Transaction) -> None:
        self._document = document
        self._transaction = transaction
        self._class_set: ClassSetPatch | None = None

    @property
    def layer(self) -> Layer:
        return self._transaction.layer

    @property
    def is_open(self) -> bool:
        return self._transaction.is_open

    @property
    def name(self) -> str:
        """What the edit is called in the history."""
        return self._transaction.name

    def paint(self, rect: Rect, segment_id: int, *, mask_hw: NDArray[np.bool_] | None = None) -> RasterDelta:
        """Give the pixels of `rect`, where `mask_hw` is set, to a segment; parts outside the image are left out."""
        inside = rect.intersect(self.layer.raster.bounds)
        if mask_hw is not None and inside != rect:
            mask_hw = mask_hw[inside.moved(-rect.x0, -rect.y0).slices]
        return self._tell(self._transaction.paint(inside, segment_id, mask_hw=mask_hw))

    def write(self, rect: Rect, ids_hw: SegmentIds) -> RasterDelta:
        """Replace the pixels of `rect`, which lies inside the image."""
        return self._tell(self._transaction.write(rect, ids_hw))

    def put_object(self, item: SegObject) -> None:
        """Add an object or replace the one with its id."""
        before = self.layer.objects.get(item.id)
        self._transaction.put_object(item)
        area = item.bounds() if before is None else item.bounds().union(before.bounds())
        self._announce(Changes(self.layer.name, objects=frozenset({item.id}), object_area=area))

    def remove_object(self, object_id: int) -> None:
        before = self.layer.objects.get(object_id)
        if before is not None:
            self._transaction.remove_object(object_id)
            changes = Changes(self.layer.name, objects=frozenset({object_id}), object_area=before.bounds())
            self._announce(changes)

    def change_objects(self, *, put: Iterable[SegObject] = (), remove: Iterable[int] = ()) -> None:
        """Remove objects, then add or replace others, and announce it once: for many at a time."""
        table, touched, areas = self.layer.objects, set(), []
        for object_id in remove:
            if (before := table.get(object_id)) is not None:
                areas.append(before.bounds())
                touched.add(object_id)
                self._transaction.remove_object(object_id)
        for item in put:
            before = table.get(item.id)
            areas += [item.bounds()] if before is None else [item.bounds(), before.bounds()]
            touched.add(item.id)
            self._transaction.put_object(item)
        if touched:
            self._announce(Changes(self.layer.name, objects=frozenset(touched), object_area=union_all(areas)))

    def put_segment(self, segment: Segment) -> None:
        """Add a segment or replace the one with its id."""
        self._transaction.put_segment(segment)
        self._announce(Changes(self.layer.name, segments=True))

    def segment_for_class(self, class_id: int) -> int:
        """The id of the segment that stands for the class as a whole; made where there is none."""
        return self._transaction.segment_for_class(class_id)

    def note_class_set(self, back: ClassSetPatch) -> None:
        """The class set was changed as part of this edit; undo takes `back`."""
        self._class_set = back

    def pack(self) -> None:
        """A part of a large edit is written; see `Transaction.pack`."""
        self._transaction.pack()

    def commit(self) -> Edit | None:
        """End the gesture and make it one undo step; None where nothing changed."""
        edit = self._transaction.commit()
        if self._class_set is not None:
            edit = edit or Edit(self._transaction.name, Changes(self.layer.name))
            edit = replace(edit, class_set=self._class_set, changes=replace(edit.changes, classes=True))
        self._document.finish_stroke(edit)
        return edit

    def cancel(self) -> None:
        """End the gesture and leave no trace of it."""
        drained(self.cancelling())

    def cancelling(self) -> Generator[int, None, None]:
        """`cancel` tile by tile; tells how many pixels it has put back. The edit is over when it has ended."""
        steps, pixels = self._transaction.reverting(), 0
        while True:
            try:
                delta = next(steps)
            except StopIteration as end:
                self._document.finish_stroke(None)
                self._announce(end.value)
                return
            self._tell(delta)
            pixels += delta.rect.area
            yield pixels

    def __enter__(self) -> Stroke:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_open:
            return
        if error is None:
            self.commit()
        else:
            self.cancel()

    def _tell(self, delta: RasterDelta) -> RasterDelta:
        if not delta.rect.is_empty:
            self._document.tell_pixels(self.layer.name, delta)
            self._announce(Changes(self.layer.name, pixels=delta.rect))
        return delta

    def _announce(self, changes: Changes) -> None:
        self._document.changed.emit(changes)
