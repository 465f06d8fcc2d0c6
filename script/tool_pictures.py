"""Make the pictures of docs/tools.md anew: each tool at work on a picture of the demo, in docs/images/tools.

`python script/tool_pictures.py` needs no screen. The demo is painted by this project, so its pictures may be shown.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "tools"
SIZE = QSize(760, 430)
QUALITY = 84

Key, Mod, Point = Qt.Key, Qt.KeyboardModifier, tuple[float, float]
NONE, SHIFT, ALT, CTRL = Mod.NoModifier, Mod.ShiftModifier, Mod.AltModifier, Mod.ControlModifier
CAR = [(488, 283), (505, 262), (538, 262), (552, 283), (552, 314), (488, 314)]
SIGN = [(855, 143), (893, 181), (855, 219), (817, 181)]


class Hand:
    """Mouse and keys on the canvas, in image coordinates."""

    def __init__(self, window: object) -> None:
        self.window = window
        self.canvas = window.canvas  # type: ignore[attr-defined]
        self.session = window.session  # type: ignore[attr-defined]

    def send(self, kind: QEvent.Type, at: Point, keys: Mod, buttons: Qt.MouseButton) -> None:
        place = self.canvas.to_widget(*at)
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        where = QPointF(self.canvas.mapToGlobal(place.toPoint()))
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, place, where, button, buttons, keys))
        self.wait()

    def press(self, *points: Point, keys: Mod = NONE) -> None:
        """Go down at the first point and along the others, and stay down."""
        self.send(QEvent.Type.MouseButtonPress, points[0], keys, Qt.MouseButton.LeftButton)
        for point in points[1:]:
            self.send(QEvent.Type.MouseMove, point, keys, Qt.MouseButton.LeftButton)

    def release(self, at: Point, keys: Mod = NONE) -> None:
        self.send(QEvent.Type.MouseButtonRelease, at, keys, Qt.MouseButton.NoButton)

    def drag(self, *points: Point, keys: Mod = NONE) -> None:
        self.press(*points, keys=keys)
        self.release(points[-1], keys)

    def click(self, *points: Point, keys: Mod = NONE) -> None:
        for point in points:
            self.drag(point, keys=keys)

    def hover(self, *points: Point, keys: Mod = NONE) -> None:
        for point in points:
            self.send(QEvent.Type.MouseMove, point, keys, Qt.MouseButton.NoButton)

    def key(self, key: Key, keys: Mod = NONE) -> None:
        QTest.keyClick(self.canvas, key, keys)
        self.wait()

    def wait(self) -> None:
        """Until the workers are idle and everything is drawn."""
        QApplication.processEvents()
        while not self.session.jobs.is_idle:
            QApplication.processEvents()
            time.sleep(0.005)
        QApplication.processEvents()


def _car(hand: Hand) -> None:
    """The car as an object that is selected."""
    hand.session.view.set(mode="objects")
    hand.key(Key.Key_P)
    hand.click(*CAR)
    hand.key(Key.Key_Return)


def _truth(hand: Hand) -> None:
    """All labels as the demo's truth has them."""
    hand.window.commands.run("accept.truth")  # type: ignore[attr-defined]
    hand.wait()


def _select(hand: Hand) -> None:
    _truth(hand)
    hand.key(Key.Key_V)
    hand.click((520, 290))
    hand.click((602, 262), keys=SHIFT)
    hand.hover((540, 300))


def _vertex(hand: Hand) -> None:
    _car(hand)
    hand.key(Key.Key_P, SHIFT)
    hand.press(CAR[2], (548, 255), (556, 250))


def _cut(hand: Hand) -> None:
    _car(hand)
    hand.key(Key.Key_K, SHIFT)
    hand.press((470, 275), (500, 290), (530, 288), (570, 300))


def _polygon(hand: Hand) -> None:
    hand.key(Key.Key_P)
    hand.click(*CAR[:4])
    hand.hover((550, 310))


def _scissors(hand: Hand) -> None:
    hand.key(Key.Key_S)
    hand.click(SIGN[0], SIGN[1], SIGN[2])
    hand.hover((840, 205), (825, 190))


def _cutout(hand: Hand) -> None:
    hand.key(Key.Key_G, SHIFT)
    hand.drag((805, 130), (905, 232))
    hand.hover((855, 181))


def _fill(hand: Hand) -> None:
    _truth(hand)
    hand.key(Key.Key_F)
    hand.hover((520, 285), (521, 290))


def _held(key: Key, *points: Point, keys: Mod = NONE, radius: float = 14.0) -> Callable[[Hand], None]:
    def act(hand: Hand) -> None:
        hand.session.view.set(brush_radius=radius)
        hand.key(key, keys)
        hand.press(*points)

    return act


def _eraser(hand: Hand) -> None:
    _truth(hand)
    hand.session.view.set(brush_radius=12.0)
    hand.key(Key.Key_E)
    hand.press((470, 320), (520, 325), (600, 335))


def _superpixel(hand: Hand) -> None:
    hand.key(Key.Key_G)
    hand.press(*((x, y) for y in range(284, 309, 6) for x in range(492, 549, 7)))


def _pick(hand: Hand) -> None:
    _truth(hand)
    hand.key(Key.Key_I)
    hand.hover((600, 280))


SHOTS: dict[str, tuple[tuple[int, int, int, int], Callable[[Hand], None]]] = {
    "select": ((400, 190, 720, 371), _select),
    "brush": ((400, 190, 720, 371), _held(Key.Key_B, (430, 340), (500, 335), (560, 345), (650, 350))),
    "smart-brush": ((760, 90, 950, 197), _held(Key.Key_E, (840, 180), (860, 182), keys=SHIFT, radius=34.0)),
    "eraser": ((400, 190, 720, 371), _eraser),
    "fill": ((400, 190, 720, 371), _fill),
    "wand": ((760, 100, 950, 207), _held(Key.Key_W, (855, 181), (856, 181))),
    "colour-range": ((400, 100, 900, 383), _held(Key.Key_W, (855, 181), (858, 181), keys=SHIFT)),
    "superpixel": ((440, 220, 600, 311), _superpixel),
    "polygon": ((440, 220, 600, 311), _polygon),
    "scissors": ((760, 110, 950, 217), _scissors),
    "lasso": ((440, 220, 600, 311), _held(Key.Key_L, *CAR, (485, 300))),
    "rectangle": ((440, 220, 600, 311), _held(Key.Key_K, (486, 260), (520, 290), (554, 316))),
    "ellipse": ((760, 110, 950, 217), _held(Key.Key_O, (816, 142), (850, 180), (894, 220))),
    "cut-out": ((760, 110, 950, 217), _cutout),
    "vertex": ((440, 220, 600, 311), _vertex),
    "cut": ((440, 220, 600, 311), _cut),
    "pick": ((400, 190, 720, 371), _pick),
}
"""What of the image is shown, and the gesture, which stays unfinished."""
CLASSES = {"brush": "road", "eraser": "road", "select": "road", "fill": "person", "pick": "road"}
"""What is drawn, where it is neither the sign (left edge of the part beyond 700) nor the car."""


def main() -> int:
    """Open the demo, make each gesture and keep what the canvas shows."""
    from segstudio.app import make_application
    from segstudio.core.geometry import Rect
    from segstudio.session import Session
    from segstudio.ui import MainWindow
    from segstudio.ui.shell.theme import apply_theme
    from segstudio.workflows.demo import make_demo

    wanted = sys.argv[1:] or list(SHOTS)
    TARGET.mkdir(parents=True, exist_ok=True)
    application = make_application()
    apply_theme(application, "dark")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_CONFIG"] = str(Path(folder) / "config")
        session = Session(data_dir=Path(folder) / "data", person="docs")
        window = MainWindow(session)
        window.show()
        session.open_path(make_demo(Path(folder) / "toytown"))
        hand = Hand(window)
        while session.document is None:
            hand.wait()
        window.commands.run("view.filmstrip")
        window.commands.run("view.panels")
        window.resize(window.size() + SIZE - window.canvas.size())
        hand.wait()
        for name in wanted:
            part, act = SHOTS[name]
            drawn = CLASSES.get(name, "traffic sign" if part[0] > 700 or name == "colour-range" else "car")
            class_id = next(c.id for c in session.classes.current.classes if c.name == drawn)
            session.view.set(mode="semantic", active_class=class_id, selection=frozenset())
            window.canvas.setFocus()
            window.canvas.zoom_to(Rect(*part))
            act(hand)
            window.canvas.grab().toImage().save(str(TARGET / f"{name}.jpg"), "JPG", QUALITY)
            hand.key(Key.Key_Escape)
            hand.key(Key.Key_Escape)
            hand.release((0, 0))
            while session.undo() is not None:
                hand.wait()
        window.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
