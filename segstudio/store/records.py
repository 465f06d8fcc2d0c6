"""What the project file gives back: plain rows, and the receipt of a write."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

STATUSES = ("to do", "labelled", "reviewed", "rejected")
"""The usual states of an image, in the order of work; a project takes any other word as well."""
DELTA_IOU = "delta_iou"
"""What an edit did to the image's mean IoU, in its provenance."""


ORIGIN_KINDS = ("human", "model", "forest", "carried", "imported", "unknown")
"""Who made a label: a person, a model or the forest whose answer was accepted, an image from which it was carried on,
the data set that brought it, or nobody whom the history still knows.
"""
AUTOMATIC_KINDS = ("model", "forest", "carried")
"""What no person drew or looked through by it alone."""
OWN_RUN = "mine when"
"""How the run begins under which a person's labels are kept beside those that somebody else wrote meanwhile."""
RESTORES = "restores"
"""The edit whose state a restoring edit brought back, in its provenance."""
IDENTITY = "identity"
"""What tells a picture's file from another of the same name, in an image's `extra`."""


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """The data set that a project was made from: where it lies and in which format."""

    path: Path
    format: str


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image of a project. `folder` is where `file` (relative, or "" without a picture) starts from."""

    key: str
    folder: str
    file: str
    size_hw: tuple[int, int] | None = None
    split: str = ""
    sequence: str = ""
    status: str = STATUSES[0]
    note: str = ""
    tags: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """The picture's file, absolute; None where only labels are there."""
        return Path(self.folder, self.file) if self.file else None

    @property
    def name(self) -> str:
        """The last part of the key, as a person calls the image."""
        return self.key.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class EditRow:
    """One line of the journal: which edit, of what, when (UTC, ISO 8601), by whom and how."""

    id: int
    image_key: str
    layer: str
    name: str
    when: str
    person: str
    tool: str
    pixels: int
    seconds: float
    is_undo: bool
    provenance: Mapping[str, Any]

    @property
    def delta_iou(self) -> float | None:
        """What the edit did to the image's mean IoU (-1 … 1); None where there was no truth."""
        found = self.provenance.get(DELTA_IOU)
        return float(found) if isinstance(found, (int, float)) else None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A named state: as it was after edit `edit_id` (0 = before any), when (UTC) and by whom named.

    Of one image where `image_key` says which, else of the whole project.
    """

    name: str
    edit_id: int
    when: str
    person: str
    image_key: str = ""


EARLIER_WEIGHTS = "earlier_weights"
"""[hash, until when] of each file that a run used before its present one, in its settings, the oldest first."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One model run: the model, its weights (SHA-256), the settings and the device, and when (UTC, ISO 8601).

    Where a file was trained anew under the same name, `weights_hash` is that of the newest.
    """

    name: str
    model: str
    weights_hash: str
    settings: Mapping[str, Any]
    device: str
    when: str

    def weights_at(self, when: str) -> str:
        """The hash of the weights that the run had at a time (UTC, ISO 8601)."""
        earlier = self.settings.get(EARLIER_WEIGHTS, ())
        return next((str(digest) for digest, until in earlier if when < until), self.weights_hash)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRow:
    """The confusion counts of one image's layer against its truth.

    `counts` is int64 `[C, C]` (rows are truth), `missed` int64 `[C]`: valid pixels predicted void.
    """

    image_key: str
    layer: str
    counts: NDArray[np.int64]
    missed: NDArray[np.int64]


class Receipt:
    """The promise that something will be in the file; `wait` returns once it is."""

    __slots__ = ("_future",)

    def __init__(self, future: Future[None]) -> None:
        self._future = future

    def wait(self, timeout: float | None = None) -> None:
        """Return once the write is durable.

        Raises `EnvironmentFault` where the machine refused it, `TimeoutError` after `timeout` seconds.
        """
        self._future.result(timeout)

    @property
    def is_done(self) -> bool:
        """Whether the write ended, well or not."""
        return self._future.done()

    @property
    def failed(self) -> bool:
        """Whether the write ended and was refused."""
        return self._future.done() and self._future.exception() is not None
