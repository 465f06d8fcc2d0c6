"""Who made the labels of a project: asked by pixel, by image and over all images."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.store import origin_rows
from segstudio.store.lane import WriterLane
from segstudio.store.origin_replay import OriginRaster
from segstudio.store.origin_rows import Counts
from segstudio.store.origins import Origins
from segstudio.store.place import Place
from segstudio.store.retention import Read

T = TypeVar("T")
Keep = Callable[[Callable[[Connection], None]], object]
"""Runs what writes, in one transaction."""
_SECONDS_AT_ONCE = 10.0
"""So much counting is lost at most where it is killed."""
_IMAGES_AT_ONCE = 100
"""So few that a stroke which waits for their transaction hardly waits."""


class Authors:
    """Answers from what is stored, after every edit so far. For workers: an image's labels and history are read.

    All methods raise `UserError` for an unknown image and where what they read is damaged.
    """

    def __init__(self, place: Place, *, read: Read, settle: Callable[[], None], writer: WriterLane | None) -> None:
        """`writer` is where sums are kept; without one they are counted each time."""
        self._place = place
        self._stored = read
        self._settle = settle
        self._writer = writer

    def of(self, key: str, layer: str) -> Origins:
        """Who made the objects of a layer, and everybody and everything that made its raster."""
        self._settle()
        return self._stored(partial(origin_rows.origins_of, key=key, layer=layer, path=self._place))

    def regions(self, key: str, layer: str) -> Counts:
        """Labelled pixels of a layer by author, most first."""
        self._settle()
        return self._stored(partial(origin_rows.count, key=key, layer=layer, path=self._place))[1]

    def raster(self, key: str, layer: str, *, cancel: CancelToken | None = None) -> OriginRaster | None:
        """Who made each pixel of a layer; None where it is not stored."""
        self._settle()
        return self._stored(partial(origin_rows.raster_of, key=key, layer=layer, path=self._place, cancel=cancel))

    def touched(self, edit_id: int) -> tuple[list[Rect], list[int]]:
        """Where an edit of the journal changed pixels and objects, and the ids of the objects; empty where that is no
        longer kept.
        """
        self._settle()
        return self._stored(partial(origin_rows.touched, edit_id=edit_id, path=self._place))

    def sums(
        self,
        layer: str,
        *,
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
        keep: Keep | None = None,
    ) -> dict[str, Counts]:
        """`regions` of every image that has the layer. What was counted once is kept until the image is edited.

        It is kept as the counting goes on, so that a cancelled or killed one goes on where it was; by `keep` where the
        project is open only to read.
        """
        self._settle()
        if self._writer is not None:
            keep = self._writer.run
        counted, missing = self._stored(partial(origin_rows.read_sums, layer=layer, path=self._place))
        fresh: list[tuple[str, int, Counts]] = []

        def put() -> None:
            if keep is not None and fresh:
                keep(partial(origin_rows.put_sums, layer=layer, counted=tuple(fresh), path=self._place))
            fresh.clear()

        kept_at = time.monotonic()
        try:
            for done, key in enumerate(missing, 1):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                edit_id, counted[key] = self._stored(
                    partial(origin_rows.count, key=key, layer=layer, path=self._place, cancel=cancel)
                )
                fresh.append((key, edit_id, counted[key]))
                is_much = self._writer is not None and len(fresh) == _IMAGES_AT_ONCE
                if is_much or time.monotonic() - kept_at > _SECONDS_AT_ONCE:
                    put()
                    kept_at = time.monotonic()
                progress(done, len(missing), key)
        finally:
            put()
        return counted
