"""The whole journey by hand, without hands: real mouse and key events on the real window, for a machine without a
screen.

Opens the demo, runs both demo models, accepts one, corrects errors with brush, polygon and fill, prints IoU before and
after, exports COCO and Cityscapes, and saves screenshots of the window.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMessageLogContext, QPointF, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from segstudio.core.errors import SegStudioError, UserError
from segstudio.formats.report import WriteReport
from segstudio.session import Session
from segstudio.session.dataset import exporting
from segstudio.session.document import Document
from segstudio.session.notify import Notice
from segstudio.ui.shell.main_window import MainWindow
from segstudio.ui.shell.theme import apply_theme

_PATIENCE_S = 240.0
_NONE, _LEFT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton


def quiet_offscreen() -> None:
    """Leave out what Qt's offscreen platform says of every window that it cannot do; everything else is passed on."""

    def hear(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if "does not support propagateSizeHints" not in text:
            print(text, file=sys.stderr)  # noqa: T201

    qInstallMessageHandler(hear)


class Tour:
    """One run; `run` returns the exit code."""

    def __init__(self, app: QApplication, dataset: Path, output: Path) -> None:
        self._app = app
        self._dataset = dataset
        self._output = output
        output.mkdir(parents=True, exist_ok=True)
        self._session = Session(data_dir=output / "work")
        self._window = MainWindow(self._session)
        self._window.resize(1600, 1000)
        self._problems: list[Notice] = []
        self._session.notify.told.connect(self._on_told)

    def run(self) -> int:
        """The journey; 0 where every step did what it should, 1 where one did not."""
        try:
            self._window.show()
            self._open()
            self._predict()
            self._correct()
            self._look_round()
            self._export()
        except SegStudioError as error:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 (the journey reports to the terminal)
            return 1
        finally:
            self._window.close()
        return 0

    # ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        session = self._session
        self._shot("0-welcome")
        session.open_path(self._dataset)
        self._until(lambda: session.document is not None, "the data set to open")
        first = next((i for i, item in enumerate(session.images) if item.split == "val"), 0)
        if first != session.index:
            session.go(first)
            self._until(lambda: session.index == first, "the first validation image")
        self._settle()
        self._say(f"opened {self._dataset}: {len(session.images)} images, showing {self._document.key}")
        self._shot("1-opened")

    def _predict(self) -> None:
        session, window = self._session, self._window
        names = [card.name for card, _ in session.predictions.cards() if card.family == "toytown"]
        if len(names) < 2:
            raise UserError("the two demo models are not there")
        for name in names[:2]:
            window.show_panel(window.models)
            window.models.choose(name)
            began = time.monotonic()
            window.commands.run("model.predict")
            self._until(lambda: not session.predictions.is_running, f"{name} to answer")
            layer = self._document.predictions.get(f"prediction:{name}")
            if layer is None:
                raise UserError(f"{name} gave no prediction: {self._problems[-1].text if self._problems else ''}")
            score = session.live.score_of(layer)
            assert score is not None
            took = time.monotonic() - began
            where = session.predictions.device_line
            self._say(f"predicted with {name} in {took:.1f} s: mIoU {score.mean_iou:.4f} ({where})")
            self._settle()
            self._shot(f"2-predicted-{name}")

    def _correct(self) -> None:
        window, session = self._window, self._session
        window.commands.run("accept.all")
        self._settle()
        before = self._mean_iou()
        self._say(f"accepted the prediction: mIoU {before:.4f}")
        session.view.set(errors=True)
        window.show_panel(window.layers)
        self._settle()
        self._shot("3-errors")
        for tool, draw in (("polygon", self._draw_polygon), ("brush", self._draw_stroke), ("fill", self._click_fill)):
            region = self._largest_miss()
            class_id, mask_hw = region
            session.view.choose_class(class_id)
            window.commands.run(f"tool.{tool}")
            earlier = self._mean_iou()
            draw(mask_hw)
            self._settle()
            name = session.classes.current.by_id[class_id].name
            self._say(f"corrected {name} with the {tool}: mIoU {earlier:.4f} → {self._mean_iou():.4f}")
        self._shot("4-corrected")
        after = self._mean_iou()
        steps = len(self._document.history.undoable)
        window.commands.run("edit.undo")
        undone = self._mean_iou()
        window.commands.run("edit.redo")
        if self._mean_iou() != after:
            raise UserError("redo did not bring the correction back")
        self._say(f"undo took the last of {steps} edits back (mIoU {undone:.4f}), redo brought it again")
        self._say(f"mIoU of the image before {before:.4f}, after {after:.4f}")

    def _look_round(self) -> None:
        window, session = self._window, self._session
        session.view.set(errors=False, mode="objects")
        window.show_panel(window.objects)
        for class_id, mask_hw in self._things(3):
            session.view.choose_class(class_id)
            window.commands.run("tool.polygon")
            self._draw_polygon(mask_hw)
        self._settle()
        self._say(f"drew {len(self._document.labels.objects)} objects by hand")
        self._shot("5-objects")
        session.view.set(mode="semantic")
        window.show_panel(window.history)
        apply_theme(self._app, "light")
        window.canvas.restyle()
        window.commands.run("tool.brush")
        self._settle()
        self._shot("6-light")
        apply_theme(self._app, "dark")
        window.canvas.restyle()

    def _export(self) -> None:
        work = exporting.snapshot(self._session)
        for format, folder in (("coco-instances", "coco"), ("cityscapes", "cityscapes")):
            self._export_one(work, format, self._output / folder)

    def _export_one(self, work: exporting.Snapshot, format: str, target: Path) -> None:
        reports: list[WriteReport] = []
        exporting.export(self._session, work, target, format=format, done=reports.append)
        self._until(lambda: bool(reports) or not self._session.jobs.active, f"the {format} export")
        if not reports:
            raise UserError(f"{format} was not written: {self._problems[-1].text if self._problems else ''}")
        self._say(f"exported {format} into {target}: {reports[0].written} of {reports[0].read} images")

    # ── hands ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _draw_polygon(self, mask_hw: NDArray[np.bool_]) -> None:
        outlines, _ = cv2.findContours(mask_hw.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        outline = cv2.approxPolyDP(max(outlines, key=cv2.contourArea), 1.5, closed=True).reshape(-1, 2)
        self._click_points([(x + 0.5, y + 0.5) for x, y in outline.tolist()])
        self._key(Qt.Key.Key_Return)

    def _draw_stroke(self, mask_hw: NDArray[np.bool_]) -> None:
        distance = cv2.distanceTransform(np.pad(mask_hw.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.unravel_index(int(distance.argmax()), distance.shape)
        radius = max(1.0, float(distance[y, x]) - 0.5)
        self._session.view.set(brush_radius=radius)
        along = [(float(c) + 0.5, float(y) + 0.5) for c in range(distance.shape[1]) if distance[y, c] >= radius - 0.5]
        run = [point for point in along if abs(point[0] - x) <= 4 * radius] or [(float(x) + 0.5, float(y) + 0.5)]
        self._mouse(QEvent.Type.MouseButtonPress, run[0])
        for point in run[1:]:
            self._mouse(QEvent.Type.MouseMove, point)
        self._mouse(QEvent.Type.MouseButtonRelease, run[-1])

    def _click_fill(self, mask_hw: NDArray[np.bool_]) -> None:
        distance = cv2.distanceTransform(np.pad(mask_hw.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.unravel_index(int(distance.argmax()), distance.shape)
        point = float(x) + 0.5, float(y) + 0.5
        earlier = self._mean_iou()
        self._mouse(QEvent.Type.MouseButtonPress, point)
        self._mouse(QEvent.Type.MouseButtonRelease, point)
        self._settle()
        if self._mean_iou() < earlier:
            # The region also held pixels of other classes: a person would see it and take the fill back.
            self._window.commands.run("edit.undo")

    def _click_points(self, points_xy: list[tuple[float, float]]) -> None:
        for point in points_xy:
            self._mouse(QEvent.Type.MouseButtonPress, point)
            self._mouse(QEvent.Type.MouseButtonRelease, point)

    def _mouse(self, kind: QEvent.Type, point_xy: tuple[float, float]) -> None:
        canvas = self._window.canvas
        at = QPointF(canvas.to_widget(*point_xy))
        button = _NONE if kind == QEvent.Type.MouseMove else _LEFT
        held = _NONE if kind == QEvent.Type.MouseButtonRelease else _LEFT
        event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
        self._app.sendEvent(canvas, event)
        self._app.processEvents()

    def _key(self, key: Qt.Key) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            self._app.sendEvent(self._window.canvas, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))
        self._app.processEvents()

    # ── eyes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _document(self) -> Document:
        document = self._session.document
        assert document is not None
        return document

    def _mean_iou(self) -> float:
        score = self._session.live.score()
        assert score is not None
        return float(score.image.mean_iou)

    def _largest_miss(self) -> tuple[int, NDArray[np.bool_]]:
        """The class and pixels of the largest connected region that the labels have wrong."""
        document = self._document
        classes = self._session.classes.current
        truth_hw = document.truth_index_hw
        assert truth_hw is not None
        labels_hw = document.labels.index_map(classes)
        best: tuple[int, int, NDArray[np.bool_]] | None = None
        for index, c in enumerate(classes.evaluated):
            missed_hw = ((truth_hw == index) & (labels_hw != index)).astype(np.uint8)
            # Thin seams between classes are no region that one would correct by hand.
            core_hw = cv2.erode(missed_hw, np.ones((5, 5), np.uint8))
            count, numbers_hw, stats, _ = cv2.connectedComponentsWithStats(missed_hw, connectivity=4)
            inner = np.unique(numbers_hw[core_hw > 0])
            for number in inner[(inner > 0) & (inner < count)].tolist():
                area = int(stats[number, cv2.CC_STAT_AREA])
                if best is None or area > best[0]:
                    best = area, c.id, numbers_hw == number
        if best is None:
            raise UserError("the model made no mistake that is large enough to correct")
        return best[1], best[2]

    def _things(self, count: int) -> list[tuple[int, NDArray[np.bool_]]]:
        """Class and pixels of the largest instances of the truth."""
        truth = self._document.truth
        assert truth is not None
        pixels = np.bincount(truth.raster.ids_hw.reshape(-1), minlength=65536)
        instances = [segment for segment in truth.segments if segment.instance and pixels[segment.id]]
        instances.sort(key=lambda segment: -int(pixels[segment.id]))
        return [(segment.class_id, truth.raster.ids_hw == segment.id) for segment in instances[:count]]

    def _shot(self, name: str) -> None:
        path = self._output / f"{name}.png"
        if not self._window.grab().save(str(path)):
            raise UserError(f"{path}: the screenshot cannot be written")

    def _settle(self) -> None:
        """Let panels and thumbnails catch up, as a person looking at the window would."""
        end = time.monotonic() + 0.4
        while time.monotonic() < end or (not self._session.jobs.is_idle and time.monotonic() < end + 5):
            self._app.processEvents()
            time.sleep(0.01)

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        told = len(self._problems)
        while not reached():
            self._app.processEvents()
            time.sleep(0.01)
            session = self._session
            idle = not session.jobs.active and not session.predictions.is_running
            if len(self._problems) > told and idle:
                problem = self._problems[-1]
                raise UserError(problem.text, hint=problem.hint)
            if time.monotonic() > end:
                raise UserError(f"waited {_PATIENCE_S:.0f} s for {what}")

    def _on_told(self, notice: Notice) -> None:
        if notice.level != "info":
            self._problems.append(notice)
            print(f"{notice.level}: {notice.text} {notice.detail}".rstrip(), file=sys.stderr)  # noqa: T201

    def _say(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201
