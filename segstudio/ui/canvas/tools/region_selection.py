"""The selected regions: what semantic mode has instead of selected objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segstudio.core.event import Event
from segstudio.core.geometry import Rect, union_all
from segstudio.core.layer import Layer
from segstudio.core.transaction import Changes
from segstudio.ui.canvas.tools.region import Region


class RegionSelection:
    """Connected pieces of the labels, in the order in which they were chosen; no two have a pixel in common.

    `changed` tells that they are others now.
    """

    def __init__(self) -> None:
        self.changed: Event[None] = Event()
        self._regions: tuple[Region, ...] = ()

    @property
    def now(self) -> tuple[Region, ...]:
        return self._regions

    @property
    def rect(self) -> Rect:
        """Round all of them."""
        return union_all(region.rect for region in self._regions)

    def at(self, x: float, y: float) -> Region | None:
        """The selected region under an image point."""
        return next((region for region in self._regions if region.holds(x, y)), None)

    def choose(self, regions: Iterable[Region]) -> None:
        """Select just these."""
        chosen = tuple(regions)
        if chosen or self._regions:
            self._regions = chosen
            self.changed.emit(None)

    def add(self, regions: Iterable[Region]) -> None:
        """Select these too; those that are selected already stay as they are."""
        new = [region for region in regions if not any(known.meets(region) for known in self._regions)]
        self.choose((*self._regions, *new))

    def toggle(self, region: Region) -> None:
        """Add a region, or take it out where it is selected."""
        others = [known for known in self._regions if not known.meets(region)]
        self.choose(others if len(others) < len(self._regions) else (*others, region))

    def clear(self) -> bool:
        """Select nothing; whether anything was."""
        had = bool(self._regions)
        self.choose(())
        return had

    def edit(self, change: Callable[[tuple[Region, ...]], Iterable[Region]]) -> None:
        """Change the pixels of what is selected; `change` says what is selected then."""
        before, self._regions = self._regions, ()
        try:
            self._regions = tuple(change(before))
        except BaseException:
            self._regions = before
            raise
        finally:
            self.changed.emit(None)

    def follow(self, changes: Changes, layer: Layer) -> None:
        """Forget the regions whose pixels were given to something else, by undo or by any tool."""
        if not self._regions or changes.layer != layer.name or self.rect.intersect(changes.pixels).is_empty:
            return
        kept = [r for r in self._regions if not r.is_touched_by(changes.pixels) or r.is_current(layer)]
        if len(kept) < len(self._regions):
            self.choose(kept)
