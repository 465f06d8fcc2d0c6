"""Thumbnails as they are painted: made off the GUI thread when they come into sight, kept in memory and on disk."""

from __future__ import annotations

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from segstudio.core.dataset import ImageItem
from segstudio.core.event import Event
from segstudio.session.dataset.thumbnail_cache import ThumbnailCache
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.session import Session

WIDTH, HEIGHT = 132, 66
"""Logical pixels at most; thumbnails hold twice as many for dense screens."""
KEPT = 600
"""Thumbnails kept in memory (100 kB each at most)."""
_WAITING = 60


class Thumbnails(QObject):
    """One for all views of a window. `arrived` is emitted with the index of an image whose thumbnail is there now."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.arrived: Event[int] = Event()
        self._session = session
        self._cache = ThumbnailCache(session.data_dir / "thumbnails")
        self._images: OrderedDict[str, QImage | None] = OrderedDict()
        self._waiting: OrderedDict[str, int] = OrderedDict()
        self._broken: set[str] = set()
        self._busy = False
        self._round = 0
        session.images.reset.connect(self._on_reset)
        session.document_changed.connect(self._on_document)

    def of(self, index: int) -> QImage | None:
        """The thumbnail of an image; where there is none yet, it is asked for."""
        key = self._session.images[index].key
        if key in self._images:
            self._images.move_to_end(key)
            return self._images[key]
        self._waiting[key] = index
        self._waiting.move_to_end(key)
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._work()
        return None

    def is_broken(self, index: int) -> bool:
        """Whether the picture could not be read."""
        return self._session.images[index].key in self._broken

    def _work(self) -> None:
        if self._waiting and not self._busy:
            key, index = self._waiting.popitem()
            self._make(key, self._session.images[index])

    def _make(self, key: str, item: ImageItem) -> None:
        path, page, pictures, cache, now = item.path, item.page, self._session.pictures, self._cache, self._round
        self._busy = True

        def make(job: Job) -> NDArray[np.uint8] | None:
            if path is None:
                return None
            kept = cache.get(path, page, 2 * WIDTH)
            if kept is None and (large := pictures.thumbnail(path, page, 2 * WIDTH)) is not None:
                kept = _fitted(large)
                cache.put(path, page, 2 * WIDTH, kept)
            return kept

        def done(image_hwc: NDArray[np.uint8] | None) -> None:
            self._keep(now, key, image_hwc)

        def failed(error: BaseException) -> None:
            self._broken.add(key)
            self._keep(now, key, None)

        self._session.jobs.submit(make, done=done, failed=failed)

    def _keep(self, when: int, key: str, image_hwc: NDArray[np.uint8] | None) -> None:
        if when != self._round:
            return
        self._busy = False
        image = None
        if image_hwc is not None:
            height, width = image_hwc.shape[:2]
            image = QImage(image_hwc.data, width, height, 3 * width, QImage.Format.Format_RGB888).convertToFormat(
                QImage.Format.Format_RGB32
            )
        self._images[key] = image
        while len(self._images) > KEPT:
            self._images.popitem(last=False)
        if (index := self._session.images.index_of(key)) is not None:
            self.arrived.emit(index)
        self._work()

    def _on_document(self, document: Document | None) -> None:
        """A large picture has its thumbnail only from the time when it is decoded."""
        if document is None or document.key in self._broken or self._images.get(document.key) is not None:
            return
        self._images.pop(document.key, None)
        if (index := self._session.images.index_of(document.key)) is not None:
            self.arrived.emit(index)

    def _on_reset(self, _: int) -> None:
        self._round += 1
        self._images.clear()
        self._waiting.clear()
        self._broken.clear()
        self._busy = False


def _fitted(image_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image_hwc.shape[:2]
    scale = min(1.0, 2 * WIDTH / width, 2 * HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.ascontiguousarray(cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA))
