"""Memory that is used again for every frame: fresh pages from the operating system cost more than the drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Scratch:
    """Arrays by name whose memory is kept from one use to the next; for one thread at a time.

    An array's content is undefined when it is handed out, and lost when its name is asked for again.
    """

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: dict[str, NDArray[np.uint8]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """A contiguous array of that shape and type."""
        kind = np.dtype(dtype)
        nbytes = kind.itemsize * int(np.prod(shape))
        block = self._blocks.get(name)
        if block is None or block.nbytes < nbytes:
            block = self._blocks[name] = np.empty(nbytes, np.uint8)
        array: NDArray[Any] = block[:nbytes].view(kind).reshape(shape)
        return array
