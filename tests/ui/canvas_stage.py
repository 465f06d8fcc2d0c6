"""A canvas on a small picture, with a hand that presses, drags and types as a person does."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import LABELS, TRUTH, Layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.render.pyramid import Pyramid
from segstudio.session import Session
from segstudio.session.document import Document
from segstudio.session.jobs import SyncJobs
from segstudio.ui.canvas.canvas import Canvas

CLASSES = ClassSet(
    "stage",
    (
        LabelClass(0, "road", (128, 64, 128), train_id=0),
        LabelClass(1, "house", (70, 70, 70), train_id=1),
        LabelClass(2, "car", (0, 0, 142), train_id=2, is_thing=True),
    ),
)
SIZE_HW = (120, 200)
ROAD, HOUSE, CAR = 1, 2, 3
"""Segment ids of the classes."""

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton


class Hand:
    """Sends real mouse and key events to the canvas, given in image coordinates."""

    def __init__(self, canvas):
        self.canvas = canvas

    def send(self, kind, x, y, button=LEFT, buttons=None, keys=NONE):
        at = self.canvas.to_widget(x, y)
        if buttons is None:
            buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        where = self.canvas.mapToGlobal(at.toPoint())
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, at, QPointF(where), button, buttons, keys))

    def press(self, x, y, button=LEFT, keys=NONE):
        self.send(QEvent.Type.MouseButtonPress, x, y, button, keys=keys)

    def move(self, x, y, button=LEFT, keys=NONE):
        self.send(QEvent.Type.MouseMove, x, y, Qt.MouseButton.NoButton, button, keys)

    def release(self, x, y, button=LEFT, keys=NONE):
        self.send(QEvent.Type.MouseButtonRelease, x, y, button, keys=keys)

    def hover(self, x, y, keys=NONE):
        self.send(QEvent.Type.MouseMove, x, y, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, keys)
        QApplication.processEvents()

    def click(self, x, y, button=LEFT, keys=NONE):
        self.press(x, y, button, keys)
        self.release(x, y, button, keys)

    def double_click(self, x, y, button=LEFT):
        self.click(x, y, button)
        self.send(QEvent.Type.MouseButtonDblClick, x, y, button)
        self.release(x, y, button)

    def drag(self, *points, button=LEFT, keys=NONE):
        self.press(*points[0], button, keys)
        for point in points[1:]:
            self.move(*point, button, keys)
        self.release(*points[-1], button, keys)

    def key(self, key, keys=NONE):
        QTest.keyClick(self.canvas, key, keys)

    def wheel(self, x, y, notches=1, keys=NONE):
        at = self.canvas.to_widget(x, y)
        event = QWheelEvent(
            at,
            QPointF(self.canvas.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, round(120 * notches)),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.canvas, event)


class Stage:
    """Session, document, canvas and hand of one test."""

    def __init__(self, session, canvas):
        self.session = session
        self.canvas = canvas
        self.hand = Hand(canvas)

    @property
    def document(self):
        return self.session.document

    @property
    def ids(self):
        """A copy of the labels."""
        return self.document.labels.raster.ids_hw.copy()

    @property
    def objects(self):
        return list(self.document.labels.objects.in_order())

    def view(self, **values):
        self.session.view.set(**values)

    def put(self, *items):
        """Add objects, not through the history."""
        with self.document.begin("put") as stroke:
            for item in items:
                stroke.put_object(item)
        self.forget()

    def paint(self, rows, columns, segment_id):
        """Fill a box of the labels, not through the history."""
        ids = self.ids
        ids[rows, columns] = segment_id
        with self.document.begin("paint") as stroke:
            stroke.write(stroke.layer.raster.bounds, ids)
        self.forget()

    def forget(self):
        """Begin a new history here."""
        while self.document.history.undoable or self.document.history.redoable:
            self.document.history.drop_oldest()

    def steps(self):
        """Names of the edits that can be undone."""
        return [edit.name for edit in self.document.history.undoable]


def box_object(object_id, x, y, width, height, *, z=0, class_id=2, **more):
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return SegObject(object_id, class_id, PolygonShape.of(np.array(corners, float)), z=z, **more)


def make_document(session, size_hw=SIZE_HW, *, seed=3):
    """A document of noise with empty labels and a truth that is house above and road below."""
    picture = np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    labels, truth = Layer(LABELS, size_hw), Layer(TRUTH, size_hw, locked=True)
    labels.ensure_class_segments(CLASSES)
    truth.ensure_class_segments(CLASSES)
    height, width = size_hw
    truth.raster.writable(Rect(0, 0, width, height // 2))[...] = HOUSE
    truth.raster.writable(Rect(0, height // 2, width, height))[...] = ROAD
    return Document(
        ImageItem("picture", None, size_hw),
        Pyramid(picture),
        labels,
        classes=session.classes,
        history=History(),
        truth=truth,
        truth_index_hw=truth.index_map(CLASSES),
    )


def show(session, document):
    """What `Session` does when an image is opened."""
    session.document = document
    session.live.open(document)
    session.document_changed.emit(document)


@pytest.fixture
def stage(qtbot, tmp_path):
    session = Session(jobs=SyncJobs(), data_dir=tmp_path, person="tester")
    session.classes.replace(CLASSES)
    session.view.set(active_class=2, brush_radius=6.0)
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(640, 480)
    canvas.show()
    qtbot.waitExposed(canvas)
    show(session, make_document(session))
    yield Stage(session, canvas)
    session.close()
