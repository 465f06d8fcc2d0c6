"""The filmstrip: the images that are shown, each with a badge; a sign above it tells when these are not all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen, QPolygonF, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.session.dataset.images import NO_BADGE, NO_REMARK, Badge, Remark, Walk
from segstudio.session.document import Document
from segstudio.session.session import Session
from segstudio.ui.panels.metrics import percent
from segstudio.ui.panels.thumbnails import HEIGHT, WIDTH, Thumbnails
from segstudio.ui.shell.elided import ElidedLabel
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.theme import current_theme

_Index = QModelIndex | QPersistentModelIndex
BADGE = Qt.ItemDataRole.UserRole
BROKEN = Qt.ItemDataRole.UserRole + 1
REMARK = Qt.ItemDataRole.UserRole + 2
CHOSEN = Qt.ItemDataRole.UserRole + 3
HOLDER = Qt.ItemDataRole.UserRole + 4
STATUS_COLORS = {"to do": "dim", "labelled": "accent", "reviewed": "good", "rejected": "bad"}
STATUS_MARKS = {"reviewed": "✓", "rejected": "✗"}


class FilmModel(QStandardItemModel):
    """One row per image that is shown; asks for a thumbnail the first time a row is painted.

    The rows hold nothing: they are Qt's own so that a view, which asks for their number twice for each of them when it
    lays them out, need not come to Python for the answer.
    """

    def __init__(self, session: Session, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(session.images.num_shown, 1, parent)
        self._session = session
        self._thumbnails = thumbnails
        self._shared = shared_ends(key.rsplit("/", 1)[-1] for key in session.images.keys)
        session.images.reset.connect(self._on_reset)
        session.images.grown.connect(self._on_grown)
        session.images.changed.connect(self._on_changed)
        session.images.walk_changed.connect(self._on_walk)
        thumbnails.arrived.connect(self._on_changed)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        images = self._session.images
        if not 0 <= index.row() < images.num_shown:
            return None
        number = images.index_at(index.row())
        item = images[number]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.name[self._shared[0] : len(item.name) - self._shared[1]]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnails.of(number)
        if role == BADGE:
            return images.badge(number)
        if role == CHOSEN:
            return number == self._session.index
        if role == REMARK:
            return images.remark(number)
        if role == HOLDER:
            return self._session.team.holders.get(item.key, "")
        if role == BROKEN:
            return self._thumbnails.is_broken(number)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            words = _in_words(item.key, images.badge(number), images.remark(number))
            holder = self._session.team.holders.get(item.key)
            return f"{words} · held by {holder}" if holder else words
        return None

    def _on_reset(self, count: int) -> None:
        self._shared = shared_ends(key.rsplit("/", 1)[-1] for key in self._session.images.keys)
        self._show_rows()

    def _on_grown(self, before: int) -> None:
        keys = self._session.images.keys
        front, back = shared_ends(key.rsplit("/", 1)[-1] for key in keys[max(0, before - 1) :])
        self._shared = min(self._shared[0], front), min(self._shared[1], back)
        self.setRowCount(self._session.images.num_shown)

    def _on_walk(self, _: Walk | None) -> None:
        self._show_rows()

    def _show_rows(self) -> None:
        count = self._session.images.num_shown
        self.setRowCount(count)
        if count:
            self.dataChanged.emit(self.index(0, 0), self.index(count - 1, 0))

    def _on_changed(self, number: int) -> None:
        place = self._session.images.place_of(number)
        if place is not None:
            self.dataChanged.emit(self.index(place, 0), self.index(place, 0))


def shared_ends(names: Iterable[str]) -> tuple[int, int]:
    """How many characters all names share at their beginning and at their end, whole words only.

    Data sets give all their files the same city or camera; what tells them apart is in the middle.
    """
    names = list(names)
    if len(names) < 2:
        return 0, 0
    # What the first and the last in order share, all between share.
    front = _whole_words(os.path.commonprefix([min(names), max(names)]))
    turned = [name[front:][::-1] for name in names]
    return front, _whole_words(os.path.commonprefix([min(turned), max(turned)]))


def _whole_words(shared: str) -> int:
    return max((i + 1 for i, letter in enumerate(shared) if letter in "_-. "), default=0)


def _in_words(key: str, badge: Badge, remark: Remark) -> str:
    words = [key, badge.status]
    if badge.mean_iou is not None:
        words.append(f"mIoU {percent(badge.mean_iou)}")
    if badge.worst_class:
        words.append(f"worst class {badge.worst_class}")
    if remark.tags:
        words.append(", ".join(remark.tags))
    if remark.note:
        words.append(f"note: {remark.note}")
    return " · ".join(words)


class FilmDelegate(QStyledItemDelegate):
    """Paints a frame of the strip."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(WIDTH + 10, HEIGHT + 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme = current_theme()
        box: QRect = option.rect  # type: ignore[attr-defined]
        chosen = bool(index.data(CHOSEN))
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
        self._marks(painter, index, frame)
        self._caption(painter, index, frame)
        painter.restore()

    def _marks(self, painter: QPainter, index: _Index, frame: QRectF) -> None:
        """Over the picture: the worst class below on the left, a flag and the sign of a note above on the right."""
        theme = current_theme()
        badge: Badge = index.data(BADGE) or NO_BADGE
        remark: Remark = index.data(REMARK) or NO_REMARK
        if badge.worst_class and badge.mean_iou is not None and badge.mean_iou < 1:
            small = painter.font()
            small.setPixelSize(10)
            metrics = QFontMetrics(small)
            text = metrics.elidedText(badge.worst_class, Qt.TextElideMode.ElideRight, round(frame.width()) - 30)
            box = QRectF(frame.left() + 3, frame.bottom() - 17, metrics.horizontalAdvance(text) + 10, 14)
            shade = QColor(theme.ground)
            shade.setAlpha(215)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawRoundedRect(box, 4, 4)
            painter.save()
            painter.setFont(small)
            painter.setPen(QColor(theme.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
            painter.restore()
        if index.data(HOLDER):
            icon("lock", "warn").paint(painter, QRect(round(frame.left()) + 4, round(frame.top()) + 4, 14, 14))
        right = frame.right() - 4
        if remark.is_flagged:
            draw_flag(painter, QRectF(right - 12, frame.top() + 4, 12, 14))
            right -= 18
        if remark.note:
            draw_note(painter, QRectF(right - 12, frame.top() + 4, 12, 13))

    def _caption(self, painter: QPainter, index: _Index, frame: QRectF) -> None:
        theme = current_theme()
        badge: Badge = index.data(BADGE) or NO_BADGE
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme, STATUS_COLORS.get(badge.status, "dim"))))
        dot = QRectF(frame.left() + 1, frame.bottom() + 8, 8, 8)
        if mark := STATUS_MARKS.get(badge.status):
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


def draw_flag(painter: QPainter, box: QRectF) -> None:
    """A small flag on its staff."""
    theme = current_theme()
    painter.setPen(QPen(QColor(theme.ground), 1))
    painter.setBrush(QColor(theme.warn))
    top, middle = box.top(), box.top() + box.height() * 0.35
    corners = [(box.left() + 2, top), (box.right(), middle), (box.left() + 2, top + box.height() * 0.7)]
    painter.drawPolygon(QPolygonF([QRectF(x, y, 0, 0).topLeft() for x, y in corners]))
    painter.setPen(QPen(QColor(theme.warn), 2))
    painter.drawLine(QRectF(box.left() + 1, top, 0, 0).topLeft(), QRectF(box.left() + 1, box.bottom(), 0, 0).topLeft())


def draw_note(painter: QPainter, box: QRectF) -> None:
    """A small sheet with two lines of writing."""
    theme = current_theme()
    painter.setPen(QPen(QColor(theme.ground), 1))
    painter.setBrush(QColor(theme.accent))
    painter.drawRoundedRect(box, 2, 2)
    painter.setPen(QPen(QColor(theme.on_accent), 1))
    for part in (0.38, 0.66):
        y = box.top() + part * box.height()
        painter.drawLine(QRectF(box.left() + 3, y, 0, 0).topLeft(), QRectF(box.right() - 3, y, 0, 0).topLeft())


class WalkSign(QWidget):
    """Says that not all images are shown, or not as they come, and takes that back by one click."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("walk-sign")
        self.mark = QLabel()
        self.mark.setPixmap(icon("search", "accent").pixmap(14, 14))
        self.text = ElidedLabel()
        self.clear = QToolButton()
        self.clear.setText("Show all")
        self.clear.setToolTip("Take the filter and the order away")
        self.clear.setProperty("role", "outlined")
        self.clear.clicked.connect(self._show_all)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2, 8, 2)
        row.addWidget(self.mark)
        row.addWidget(self.text, 1)
        row.addWidget(self.clear)
        session.images.walk_changed.connect(self.refresh)
        session.images.reset.connect(self.refresh)
        session.images.grown.connect(self.refresh)
        self.hide()

    def refresh(self, _: object = None) -> None:
        images = self._session.images
        self.setVisible(images.walk is not None)
        if images.walk is not None:
            shown, total = f"{images.num_shown:,}", f"{len(images):,}"
            self.text.setText(f"{shown} of {total} images: {images.walk.text}")

    def _show_all(self) -> None:
        self._session.images.show(None)


class _FilmList(QListView):
    """Frames are all of one size, so that new content needs a repaint and not, as QListView does, a new layout."""

    def dataChanged(  # noqa: N802 (Qt's name)
        self, first: _Index, last: _Index, roles: Sequence[int] = ()
    ) -> None:
        self.viewport().update()


class Filmstrip(QWidget):
    """Follows the image list and the open document; a click opens an image."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.thumbnails = Thumbnails(session, self)
        self.model = FilmModel(session, self.thumbnails, self)
        self.sign = WalkSign(session)
        self.list = _FilmList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(FilmDelegate(self.list))
        self.list.setFlow(QListView.Flow.LeftToRight)
        self.list.setWrapping(False)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Selecting costs QListView a question for every row that there is; the delegate knows which image is open.
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setAccessibleName("Images")
        self.list.clicked.connect(self._open)
        self.list.activated.connect(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(0)
        layout.addWidget(self.sign)
        layout.addWidget(self.list)
        self.list.setFixedHeight(HEIGHT + 48)
        session.document_changed.connect(self._show_current)
        session.images.walk_changed.connect(self._show_current)
        session.team.holders_changed.connect(self._on_holders)

    def _on_holders(self, _: None) -> None:
        self.list.viewport().update()

    def _open(self, index: QModelIndex) -> None:
        number = self._session.images.index_at(index.row())
        if number != self._session.index:
            self._session.go(number)

    def _show_current(self, _: Document | Walk | None) -> None:
        number = self._session.index
        place = None if number is None else self._session.images.place_of(number)
        if place is not None:
            self._reveal(place)
        self.list.viewport().update()

    def _reveal(self, place: int) -> None:
        """Scroll as little as shows the frame whole; `scrollTo` asks for every row, and the frames are all as wide."""
        bar, width = self.list.horizontalScrollBar(), WIDTH + 10
        left, room = place * width, self.list.viewport().width()
        if left < bar.value() or left + width > bar.value() + room:
            bar.setMaximum(max(bar.maximum(), self.model.rowCount() * width - room))
            bar.setValue(left if left < bar.value() else left + width - room)
