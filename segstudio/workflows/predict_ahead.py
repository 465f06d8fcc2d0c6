"""Three things at once: pictures are decoded, the model works, and whoever asked does something with the results."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
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

AHEAD = 4
"""Pictures that are decoded while the model works on another."""
RESULTS_AHEAD = 4
"""Results that may wait to be written while the model goes on."""


class ModelThread:
    """Runs the model on picture after picture, some steps ahead of whoever takes the results."""

    def __init__(self, predictor: Predictor, ahead: Ahead, pictures: Sequence[ImageItem], cancel: CancelToken) -> None:
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
        keys: deque[str] = deque()
        try:
            for answer in self._predictor.predict_all(self._decoded(keys), cancel=self._cancel):
                self._results.put((keys.popleft(), answer))
        except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
            self._results.put(("", error))

    def _decoded(self, keys: deque[str]) -> Iterator[NDArray[np.uint8]]:
        """The pictures that can be read, while `keys` receives their keys; the others become results at once."""
        for item in self._pictures:
            if self._stopped.is_set():
                return
            try:
                image = self._ahead.take(item.key)
            except UserError as error:
                self._results.put((item.key, error))
                continue
            keys.append(item.key)
            yield image


class Ahead:
    """Decodes the next few pictures while the caller is busy with one."""

    def __init__(self, pool: ThreadPoolExecutor, items: Sequence[ImageItem]) -> None:
        self._pool = pool
        self._items = deque(items)
        self._waiting: dict[str, Future[NDArray[np.uint8]]] = {}

    def take(self, key: str) -> NDArray[np.uint8]:
        """The picture of that image, uint8 RGB `[H, W, 3]`; raises `UserError` where it cannot be read."""
        while key not in self._waiting and self._items:
            self._start_next()
        picture = self._waiting.pop(key)
        while self._items and len(self._waiting) < AHEAD:
            self._start_next()
        return picture.result()

    def stop(self) -> None:
        self._items.clear()
        for waiting in self._waiting.values():
            waiting.cancel()

    def _start_next(self) -> None:
        item = self._items.popleft()
        self._waiting[item.key] = self._pool.submit(_decode, item)


def _decode(item: ImageItem) -> NDArray[np.uint8]:
    assert item.path is not None
    return read_image(item.path, page=item.page).image_hwc
