"""Undo and redo of every edit, kept per image and bounded by bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from segstudio.core.transaction import Edit

DEFAULT_BUDGET = 256 * 2**20
"""Bytes that all histories together may hold."""


class History:
    """The edits of one image that can be undone, and those that can be redone."""

    __slots__ = ("_nbytes", "_redo", "_undo")

    def __init__(self) -> None:
        self._undo: list[Edit] = []
        self._redo: list[Edit] = []
        self._nbytes = 0

    @property
    def undoable(self) -> Sequence[Edit]:
        """Oldest first; the last one is undone next."""
        return self._undo

    @property
    def redoable(self) -> Sequence[Edit]:
        """The last one is redone next."""
        return self._redo

    @property
    def nbytes(self) -> int:
        """Memory of all edits; counted along, for it is asked with each of thousands of edits."""
        return self._nbytes

    def push(self, edit: Edit) -> None:
        """Record a committed edit; what was undone before can no longer be redone."""
        self._nbytes += edit.nbytes - sum(undone.nbytes for undone in self._redo)
        self._redo.clear()
        self._undo.append(edit)

    def next_undo(self) -> Edit | None:
        return self._undo[-1] if self._undo else None

    def next_redo(self) -> Edit | None:
        return self._redo[-1] if self._redo else None

    def undone(self, inverse: Edit) -> None:
        """The next undo was applied; `inverse` (from `Edit.swap`) redoes it."""
        self._nbytes += inverse.nbytes - self._undo.pop().nbytes
        self._redo.append(inverse)

    def redone(self, inverse: Edit) -> None:
        """The next redo was applied; `inverse` (from `Edit.swap`) undoes it again."""
        self._nbytes += inverse.nbytes - self._redo.pop().nbytes
        self._undo.append(inverse)

    def drop_oldest(self) -> int:
        """Forget the oldest undoable edit (or, without one, the furthest redo); returns the bytes freed."""
        for stack in (self._undo, self._redo):
            if stack:
                freed = stack.pop(0).nbytes
                self._nbytes -= freed
                return freed
        return 0


class HistoryBook:
    """The histories of all images under one budget; the image that was looked at longest ago forgets first."""

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self.budget = budget
        self._by_image: OrderedDict[str, History] = OrderedDict()

    def of(self, image_key: str) -> History:
        """The image's history, which now counts as looked at."""
        history = self._by_image.setdefault(image_key, History())
        self._by_image.move_to_end(image_key)
        return history

    def forget(self, image_key: str) -> None:
        """Drop an image's history, for one that was changed elsewhere."""
        self._by_image.pop(image_key, None)

    @property
    def nbytes(self) -> int:
        return sum(history.nbytes for history in self._by_image.values())

    def trim(self) -> None:
        """Forget the oldest edits until the budget holds; the newest edit of the current image always stays."""
        excess = self.nbytes - self.budget
        if excess <= 0:
            return
        newest = next(reversed(self._by_image), None)
        for key in list(self._by_image):
            history = self._by_image[key]
            keep = 1 if key == newest else 0
            while excess > 0 and len(history.undoable) + len(history.redoable) > keep:
                excess -= history.drop_oldest()
            if key != newest and not history.undoable and not history.redoable:
                del self._by_image[key]
