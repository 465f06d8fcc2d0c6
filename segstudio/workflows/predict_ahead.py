"""Three things at once: pictures are decoded, the model works, and whoever asked does something with the results."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken
from segstudio.models.prediction import Prediction
from segstudio.ops.image import read_image

if TYPE_CHECKING:
    from segstudio.models.torch_backend.predictor import Predictor
    from segstudio.workflows.predict_known import Known

AHEAD = 8
"""Pictures that are decoded while the model works on another."""
RESULTS_AHEAD = 4
"""Results that may wait to be written while the model goes on."""
DECODERS = min(8, max(2, (os.cpu_count() or 1) // 2))
"""Threads that decode: a GPU is quicker than two of them."""


class ModelThread:
    """Runs the model on picture after picture, some steps ahead of whoever takes the results.

    `seconds` is the time from the first picture to the last result so far; `known` counts the results that were
    there before.
    """

    def __init__(self, predictor: Predictor, ahead: Ahead, pictures: Sequence[ImageItem], cancel: CancelToken) -> None:
        self.seconds = 0.0
        self.known = 0
        self._predictor = predictor
        self._ahead = ahead
        self._pictures = pictures
        self._cancel = cancel
        self._stopped = threading.Event()
        self._results: queue.Queue[tuple[str, Prediction | BaseException]] = queue.Queue(RESULTS_AHEAD)
        self._taken: dict[str, Prediction | BaseException] = {}
        self._thread = threading.Thread(target=self._work, name="predict", daemon=True)
        self._thread.start()

    def take(self, key: str) -> Prediction:
        """The result of that image; raises what its reading or its prediction raised."""
        while key not in self._taken:
            found, result = self._results.get()
            if not found:
                assert isinstance(result, BaseException)
                raise result
            self._taken[found] = result
        result = self._taken.pop(key)
        if isinstance(result, BaseException):
            raise result
        return result

    def stop(self) -> None:
        """End the thread after the image that it is at, and wait for it."""
        self._stopped.set()
        self._ahead.stop()
        while self._thread.is_alive():
            with suppress(queue.Empty):
                self._results.get(timeout=0.05)
        self._thread.join()

    def _work(self) -> None:
        under_way: deque[tuple[str, Decoded]] = deque()
        began = time.perf_counter()
        try:
            for answer in self._predictor.predict_all(self._decoded(under_way), cancel=self._cancel):
                key, decoded = under_way.popleft()
                self.seconds = time.perf_counter() - began
                self._results.put((key, answer))
                if isinstance(answer, Prediction):
                    self._ahead.keep(decoded, answer)
            self.seconds = time.perf_counter() - began
        except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
            self._results.put(("", error))

    def _decoded(self, under_way: deque[tuple[str, Decoded]]) -> Iterator[NDArray[np.uint8]]:
        """The pictures on which the model is to work, which go to `under_way` too; for the others, which cannot be read
        or are known, the result is there at once.
        """
        for item in self._pictures:
            if self._stopped.is_set():
                return
            try:
                decoded = self._ahead.take(item.key)
            except UserError as error:
                self._results.put((item.key, error))
                continue
            if decoded.known is not None:
                self.known += 1
                self._results.put((item.key, decoded.known))
                continue
            under_way.append((item.key, decoded))
            yield decoded.image_hwc


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture, uint8 RGB `[H, W, 3]`, with the key of its result ("" where none is kept) and the known result."""

    image_hwc: NDArray[np.uint8]
    key: str = ""
    known: Prediction | None = None


class Ahead:
    """Decodes the next few pictures while the caller is busy with one, and looks up what is known of them."""

    def __init__(self, pool: ThreadPoolExecutor, items: Sequence[ImageItem], known: Known | None = None) -> None:
        self._pool = pool
        self._items = deque(items)
        self._waiting: dict[str, Future[Decoded]] = {}
        self._known = known

    def take(self, key: str) -> Decoded:
        """The picture of that image; raises `UserError` where it cannot be read."""
        while key not in self._waiting and self._items:
            self._start_next()
        picture = self._waiting.pop(key)
        while self._items and len(self._waiting) < AHEAD:
            self._start_next()
        return picture.result()

    def keep(self, decoded: Decoded, answer: Prediction) -> None:
        """Keep a result for the next run."""
        if self._known is not None:
            self._known.keep(decoded.key, answer)

    def stop(self) -> None:
        self._items.clear()
        for waiting in self._waiting.values():
            waiting.cancel()

    def _start_next(self) -> None:
        item = self._items.popleft()
        self._waiting[item.key] = self._pool.submit(self._decode, item)

    def _decode(self, item: ImageItem) -> Decoded:
        assert item.path is not None
        image_hwc = read_image(item.path, page=item.page).image_hwc
        return Decoded(image_hwc) if self._known is None else Decoded(image_hwc, *self._known.find(image_hwc))
