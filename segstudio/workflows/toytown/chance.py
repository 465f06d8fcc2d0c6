"""Random choices that are the same on every machine and with every numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Choice = TypeVar("_Choice")

_TO_UNIT = 2.0**-53


class Chance:
    """A stream of random choices named by a key of integers.

    Only the raw 64-bit words of PCG64 are used: their stream is guaranteed by numpy (NEP 19), while the
    distributions of `numpy.random.Generator` may change from one numpy to the next.
    """

    def __init__(self, *key: int) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence(key))

    def _word(self) -> int:
        return int(self._words.random_raw())  # type: ignore[no-untyped-call, unused-ignore]

    def fork(self) -> Chance:
        """Return an independent stream, so that one thing's choices never shift another's."""
        return Chance(self._word())

    def unit(self) -> float:
        """Return a float in [0, 1)."""
        return (self._word() >> 11) * _TO_UNIT

    def units(self, *shape: int) -> NDArray[np.float64]:
        """Return an array of floats in [0, 1)."""
        words: NDArray[np.uint64] = self._words.random_raw(int(np.prod(shape)))
        return ((words >> np.uint64(11)).astype(np.float64) * _TO_UNIT).reshape(shape)

    def octets(self, *shape: int) -> NDArray[np.uint8]:
        """Return an array of bytes."""
        size = int(np.prod(shape))
        words: NDArray[np.uint64] = self._words.random_raw((size + 7) // 8)
        return words.astype("<u8").view(np.uint8)[:size].reshape(shape)

    def between(self, low: float, high: float) -> float:
        """Return a float in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """Return an integer in low … high - 1."""
        return low + int(self.unit() * (high - low))

    def happens(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.unit() < probability

    def sign(self) -> int:
        """Return -1 or 1."""
        return 1 if self.unit() < 0.5 else -1

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        """Return one of the choices."""
        return choices[self.whole(0, len(choices))]
