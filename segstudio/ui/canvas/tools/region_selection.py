"""The selected regions: what semantic mode has instead of selected objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segstudio.core.event import Event
from segstudio.core.geometry import Rect, union_all
from segstudio.core.layer import Layer
from segstudio.core.transaction import Changes
from segstudio.ui.canvas.tools.region import Region

Told = Callable[[list[Region]], None]
"""Is told regions."""


class RegionSelection:
    """Connected pieces of the labels, in the order in which they were chosen; no two have a pixel in common.

    `changed` tells that they are others now.
    """

    def __init__(self) -> None:
        self.changed: Event[None] = Event()
        self._regions: tuple[Region, ...] = ()
        self._choices = 0

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
        self._choices += 1
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

    def edit(self, change: Callable[[tuple[Region, ...], Told], None]) -> None:
        """Change the pixels of what is selected; `change` tells its second argument what is selected then.

        That may be later: until then nothing is selected, and what a person selects meanwhile stays.
        """
        before, self._regions = self._regions, ()
        self._choices += 1
        this_choice = self._choices

        def done(regions: Iterable[Region]) -> None:
            if self._choices == this_choice:
                self.choose(regions)

        try:
            change(before, done)
        except BaseException:
            self._regions = before
            raise
        finally:
            self.changed.emit(None)

    def follow(self, changes: Changes, layer: Layer) -> None:
        """Forget the regions whose pixels were given to something else, by undo or by any tool."""
        if not self._regions or changes.layer != layer.name or self.rect.intersect(changes.pixels).is_empty:
            return
        kept = [
            r
            for r in self._regions
            if not r.is_touched_by(changes.pixels) or r.is_current(layer, within=changes.pixels)
        ]
        if len(kept) < len(self._regions):
            self.choose(kept)
