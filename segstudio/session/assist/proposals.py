"""Answers of a segmenter as they would be painted: the best one is there at once, each other when it is looked at."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.prompt import Prompt
from segstudio.session.assist.prompt_frames import Part


class Proposal:
    """One candidate as it would be painted: bool `mask_hw` `[rect.height, rect.width]` at `rect` of the image.

    Until something asks for its pixels it is as small as the network's logits. Safe from any thread.
    """

    def __init__(self, candidate: Candidate, part: Part) -> None:
        self.candidate = candidate
        self._part = part
        self._lock = threading.Lock()
        self._pixels: tuple[Rect, NDArray[np.bool_]] | None = None

    @property
    def is_large(self) -> bool:
        """Whether its pixels are there, so that to ask for them takes no time."""
        return self._pixels is not None

    @property
    def weight(self) -> int:
        """Pixels that are still to be made, at most."""
        height, width = self._part.frame.size_hw
        return 0 if self.is_large else height * width

    @property
    def rect(self) -> Rect:
        """Where it lies; empty where the candidate has no pixel."""
        return self.enlarge()[0]

    @property
    def mask_hw(self) -> NDArray[np.bool_]:
        return self.enlarge()[1]

    def enlarge(self) -> tuple[Rect, NDArray[np.bool_]]:
        """Make its pixels, once: `rect` and `mask_hw`. Takes a while for a large one."""
        with self._lock:
            if self._pixels is None:
                rect, mask_hw = self.candidate.pixels(self._part.frame.size_hw)
                self._pixels = rect.moved(self._part.rect.x0, self._part.rect.y0), mask_hw
            return self._pixels


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came back to a prompt, best first; no proposals means that there is no such thing."""

    prompt: Prompt
    proposals: tuple[Proposal, ...]

    def without(self, proposal: Proposal) -> Answer:
        """The same where one turned out to have no pixel."""
        return replace(self, proposals=tuple(other for other in self.proposals if other is not proposal))


def proposals_of(candidates: Sequence[Candidate], part: Part) -> tuple[Proposal, ...]:
    """Those that may have a pixel; the first has one, and its pixels are made. For a worker."""
    found = [Proposal(candidate, part) for candidate in candidates if (candidate.logits_hw > 0).any()]
    while found and found[0].rect.is_empty:
        found.pop(0)
    return tuple(found)
