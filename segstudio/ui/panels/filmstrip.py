"""The filmstrip: every image of what is open, with thumbnails made when they come into sight, and a badge each."""

from __future__ import annotations

import os
from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from segstudio.session.document import Document
from segstudio.session.images import Badge
from segstudio.session.jobs import Job
from segstudio.session.session import Session
from segstudio.ui.panels.metrics import percent
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.theme import current_theme

_Index = QModelIndex | QPersistentModelIndex
BADGE = Qt.ItemDataRole.UserRole
BROKEN = Qt.ItemDataRole.UserRole + 1
WIDTH, HEIGHT = 132, 66
KEPT = 600
"""Thumbnails kept in memory (26 kB each)."""
_STATUS_COLORS = {"to do": "dim", "labelled": "accent", "reviewed": "good", "rejected": "bad"}


_STATUS_MARKS = {"reviewed": "✓", "rejected": "✗"}


class FilmModel(QAbstractListModel):
    """One row per image; asks for a thumbnail the first time a row is painted, a few at a time."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._thumbnails: OrderedDict[str, QImage | None] = OrderedDict()
        self._waiting: OrderedDict[str, int] = OrderedDict()
        self._broken: set[str] = set()
        self._busy = False
        self._shared = shared_ends([item.name for item in session.images])
        session.images.reset.connect(self._on_reset)
        session.images.changed.connect(self._on_changed)
        session.document_changed.connect(self._on_document)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._session.images)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        if not 0 <= row < len(self._session.images):
            return None
        item = self._session.images[row]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.name[self._shared[0] : len(item.name) - self._shared[1]]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(row)
        if role == BADGE:
            return self._session.images.badge(row)
        if role == BROKEN:
            return item.key in self._broken
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return _in_words(item.key, self._session.images.badge(row))
        return None

    def _thumbnail(self, row: int) -> QImage | None:
        key = self._session.images[row].key
        if key in self._thumbnails:
            self._thumbnails.move_to_end(key)
            return self._thumbnails[key]
        self._waiting[key] = row
        while len(self._waiting) > 40:
            self._waiting.popitem(last=False)
        self._work()
        return None

    def _work(self) -> None:
        if self._busy or not self._waiting:
            return
        key, row = self._waiting.popitem()
        item = self._session.images[row] if row < len(self._session.images) else None
        path = item.path if item is not None else None
        if item is None or path is None:
            self._thumbnails[key] = None
            return
        self._busy = True

        pictures, page = self._session.pictures, item.page

        def make(job: Job) -> NDArray[np.uint8] | None:
            image_hwc = pictures.thumbnail(path, page, 2 * WIDTH)
            if image_hwc is None:
                return None
            height, width = image_hwc.shape[:2]
            scale = min(1.0, 2 * WIDTH / width, 2 * HEIGHT / height)
            size = max(1, round(width * scale)), max(1, round(height * scale))
            return np.ascontiguousarray(cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA))

        def done(thumbnail_hwc: NDArray[np.uint8] | None) -> None:
            if thumbnail_hwc is None:
                self._keep(key, None)
                return
            height, width = thumbnail_hwc.shape[:2]
            image = QImage(thumbnail_hwc.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
            self._keep(key, image)

        def failed(error: BaseException) -> None:
            self._broken.add(key)
            self._keep(key, None)

        self._session.jobs.submit(make, done=done, failed=failed)

    def _on_document(self, document: Document | None) -> None:
        """A large picture has its thumbnail only from the time when it is decoded."""
        if document is not None and document.key not in self._broken and self._thumbnails.get(document.key) is None:
            self._thumbnails.pop(document.key, None)
            row = self._session.images.index_of(document.key)
            if row is not None:
                self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])

    def _keep(self, key: str, image: QImage | None) -> None:
        self._busy = False
        self._thumbnails[key] = image
        while len(self._thumbnails) > KEPT:
            self._thumbnails.popitem(last=False)
        row = self._session.images.index_of(key)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])
        self._work()

    def _on_reset(self, count: int) -> None:
        self.beginResetModel()
        self._thumbnails.clear()
        self._waiting.clear()
        self._broken.clear()
        self._busy = False
        self._shared = shared_ends([item.name for item in self._session.images])
        self.endResetModel()

    def _on_changed(self, row: int) -> None:
        self.dataChanged.emit(self.index(row), self.index(row))


def shared_ends(names: list[str]) -> tuple[int, int]:
    """How many characters all names share at their beginning and at their end, whole words only.

    Data sets give all their files the same city or camera; what tells them apart is in the middle.
    """
    if len(names) < 2:
        return 0, 0
    front = _whole_words(os.path.commonprefix(names))
    back = _whole_words(os.path.commonprefix([name[front:][::-1] for name in names]))
    return front, back


def _whole_words(shared: str) -> int:
    return max((i + 1 for i, letter in enumerate(shared) if letter in "_-. "), default=0)


def _in_words(key: str, badge: Badge) -> str:
    words = [key, badge.status]
    if badge.mean_iou is not None:
        words.append(f"mIoU {percent(badge.mean_iou)}")
    if badge.worst_class:
        words.append(f"worst class {badge.worst_class}")
    return " · ".join(words)


class FilmDelegate(QStyledItemDelegate):
    """Paints a frame of the strip."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(WIDTH + 10, HEIGHT + 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme = current_theme()
        box: QRect = option.rect  # type: ignore[attr-defined]
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        frame = QRectF(box.left() + 5, box.top() + 5, WIDTH, HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(frame, 5, 5)
        thumbnail = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(thumbnail, QImage):
            size = QSize(thumbnail.size()).scaled(WIDTH, HEIGHT, Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(0, 0, size.width(), size.height())
            target.moveCenter(frame.center())
            painter.drawImage(target, thumbnail)
        elif index.data(BROKEN):
            sign = QRect(0, 0, 24, 24)
            sign.moveCenter(frame.center().toPoint())
            icon("warning", "warn").paint(painter, sign)
        if chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2.5))
            painter.drawRoundedRect(frame.adjusted(-1, -1, 1, 1), 6, 6)
        self._caption(painter, index, frame)
        painter.restore()

    def _caption(self, painter: QPainter, index: _Index, frame: QRectF) -> None:
        theme = current_theme()
        badge: Badge = index.data(BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme, _STATUS_COLORS.get(badge.status, "dim"))))
        dot = QRectF(frame.left() + 1, frame.bottom() + 8, 8, 8)
        if mark := _STATUS_MARKS.get(badge.status):
            # A person's word is told by a sign, not by a colour alone.
            painter.setPen(painter.brush().color())
            painter.drawText(dot.adjusted(-3, -4, 4, 4), Qt.AlignmentFlag.AlignCenter, mark)
        else:
            painter.drawEllipse(dot)
        score = percent(badge.mean_iou) if badge.mean_iou is not None else ""
        line = QRectF(frame.left() + 14, frame.bottom() + 3, frame.width() - 14, 18)
        metrics = QFontMetrics(painter.font())
        room = line.width() - (metrics.horizontalAdvance(score) + 6 if score else 0)
        painter.setPen(QColor(theme.text))
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, round(room))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        if score:
            low = badge.mean_iou is not None and badge.mean_iou < 0.5
            painter.setPen(QColor(theme.bad if low else theme.good))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, score)


class Filmstrip(QWidget):
    """Follows the image list and the open document; a click opens an image."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = FilmModel(session, self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(FilmDelegate(self.list))
        self.list.setFlow(QListView.Flow.LeftToRight)
        self.list.setWrapping(False)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setAccessibleName("Images")
        self.list.clicked.connect(self._open)
        self.list.activated.connect(self._open)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(self.list)
        self.setFixedHeight(HEIGHT + 48)
        session.document_changed.connect(self._on_document)

    def _open(self, index: QModelIndex) -> None:
        if index.row() != self._session.index:
            self._session.go(index.row())

    def _on_document(self, document: Document | None) -> None:
        index = self._session.index
        if index is not None:
            self.list.setCurrentIndex(self.model.index(index))
