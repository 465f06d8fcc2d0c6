"""Panels show what the session holds and ask it for what a click means."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QSlider

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.session import Session
from segstudio.ui.panels.class_list import ROW, eye_rect, lock_rect
from segstudio.ui.panels.classes import ClassesPanel
from segstudio.ui.panels.filmstrip import BADGE, Filmstrip, shared_ends
from segstudio.ui.panels.history import HistoryPanel
from segstudio.ui.panels.layers import LayersPanel
from segstudio.ui.panels.metrics import MetricsPanel, percent, signed
from segstudio.ui.panels.objects import OBJECT_ID, ObjectsPanel
from tests.session.conftest import truth_of


def shown(qtbot, panel):
    panel.resize(320, 420)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def label_everything(session: Session) -> None:
    with session.document.begin("all") as stroke:
        for class_id in (0, 1, 2):
            mask_hw = truth_of(0) == class_id
            stroke.paint(Rect(0, 0, 90, 60), stroke.segment_for_class(class_id), mask_hw=mask_hw)


def paint_road(session: Session) -> None:
    with session.document.begin("brush") as stroke:
        stroke.paint(Rect(0, 30, 90, 60), stroke.segment_for_class(0))


def test_class_rows_show_digits_pixels_and_iou(opened: Session, qtbot) -> None:
    panel = shown(qtbot, ClassesPanel(opened))
    paint_road(opened)
    panel.refresh()
    rows = [panel.list.model().index(i).data(ROW) for i in range(panel.list.model().rowCount())]
    assert [row.label_class.name for row in rows] == ["road", "house", "car", "void"]
    assert [row.digit for row in rows] == ["1", "2", "3", "4"]
    assert rows[0].pixels == 30 * 90
    truth_hw = truth_of(0)
    labelled = np.zeros((60, 90), bool)
    labelled[30:] = True
    scored = truth_hw != 9
    both = (labelled & (truth_hw == 0) & scored).sum()
    either = ((labelled | (truth_hw == 0)) & scored).sum()
    assert rows[0].iou == pytest.approx(both / either)
    assert rows[1].iou == 0.0
    assert np.isnan(rows[3].iou)


def test_clicks_choose_hide_and_protect_a_class(opened: Session, qtbot) -> None:
    panel = shown(qtbot, ClassesPanel(opened))
    view = panel.list
    row = view.visualRect(view.model().index(2))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=row.center() - QPoint(80, 0))
    assert opened.view.now.active_class == 2
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=eye_rect(row).center())
    assert opened.view.now.hidden_classes == {2}
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=lock_rect(row).center())
    assert opened.view.now.protected_classes == {2}
    assert opened.view.now.active_class == 2


def test_the_class_filter_narrows_and_enter_chooses(opened: Session, qtbot) -> None:
    panel = shown(qtbot, ClassesPanel(opened))
    qtbot.keyClicks(panel.filter, "ho")
    assert panel.list.model().rowCount() == 1
    qtbot.keyClick(panel.filter, Qt.Key.Key_Return)
    assert opened.view.now.active_class == 1
    assert panel.filter.text() == ""


def test_metrics_follow_a_stroke_while_it_is_open(opened: Session, qtbot) -> None:
    panel = shown(qtbot, MetricsPanel(opened))
    stroke = opened.document.begin("brush")
    stroke.paint(Rect(0, 30, 90, 60), stroke.segment_for_class(0))
    expected = opened.live.score().image.pixel_accuracy
    cell = panel.cell("Pixel acc.", 0)
    qtbot.waitUntil(lambda: cell.text() == percent(expected), timeout=2000)
    assert panel.cell("Pixel acc.", 1).text() == signed(expected)
    stroke.cancel()
    qtbot.waitUntil(lambda: cell.text() == "0.00", timeout=2000)


def test_without_truth_the_metrics_say_so(opened: Session, qtbot, street, tmp_path) -> None:
    panel = shown(qtbot, MetricsPanel(opened))
    opened.open_path(street / "images", format="images")
    panel.refresh()
    assert panel.empty.isVisible()
    assert not panel.headline.isVisible()


def test_layers_show_hide_fade_and_ask_to_accept(opened: Session, qtbot) -> None:
    panel = shown(qtbot, LayersPanel(opened))
    row = panel.row("truth")
    assert not opened.view.now.shown["truth"]
    qtbot.mouseClick(row.eye, Qt.MouseButton.LeftButton)
    assert opened.view.now.shown["truth"]
    row.findChild(QSlider).setValue(20)
    assert opened.view.now.opacity["truth"] == pytest.approx(0.2)
    with qtbot.waitSignal(panel.accept_asked) as asked:
        qtbot.mouseClick(row.accept, Qt.MouseButton.LeftButton)
    assert asked.args == ["truth"]


def test_a_prediction_gets_a_row_with_its_score(opened: Session, qtbot) -> None:
    panel = shown(qtbot, LayersPanel(opened))
    opened.predictions.choose("any")
    opened.predictions.predict_image()
    opened.predictions._host.answer()
    score = opened.live.score_of(opened.document.predictions["prediction:any"])
    assert panel.row("prediction:any").score.text() == f"{percent(score.mean_iou)} %"


def test_history_goes_back_and_forth_by_clicks(opened: Session, qtbot) -> None:
    panel = shown(qtbot, HistoryPanel(opened))
    paint_road(opened)
    label_everything(opened)
    assert [panel.model.index(i).data() for i in range(3)] == [
        "As opened",
        "Brush · 2,700 px",
        panel.model.index(2).data(),
    ]

    def click(row: int) -> None:
        at = panel.list.visualRect(panel.model.index(row)).center()
        qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click(0)
    assert not opened.document.labels.raster.ids_hw.any()
    click(2)
    assert opened.live.score().image.mean_iou == 1.0
    assert panel.model.current == 2


def test_selecting_an_object_here_selects_it_everywhere(opened: Session, qtbot) -> None:
    panel = shown(qtbot, ObjectsPanel(opened))
    assert panel.empty.isVisible()
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    with opened.document.begin("two") as stroke:
        stroke.put_object(SegObject(1, 2, PolygonShape.of(square)))
        stroke.put_object(SegObject(2, 0, PolygonShape.of(square + 20), score=0.5))
    panel.refresh()
    titles = [panel.model.index(i).data() for i in range(2)]
    assert titles == ["road #2 · polygon, 4 points · score 0.50", "car #1 · polygon, 4 points"]
    panel.list.setCurrentIndex(panel.model.index(1))
    assert opened.view.now.selection == {panel.model.index(1).data(OBJECT_ID)}
    opened.view.set(selection=frozenset({panel.model.index(0).data(OBJECT_ID)}))
    assert [index.row() for index in panel.list.selectionModel().selectedIndexes()] == [0]


def test_the_filmstrip_opens_images_and_wears_badges(opened: Session, qtbot) -> None:
    panel = shown(qtbot, Filmstrip(opened))
    panel.resize(700, 120)
    label_everything(opened)
    badge = panel.model.index(0, 0).data(BADGE)
    assert (badge.status, badge.mean_iou) == ("labelled", 1.0)
    at = panel.list.visualRect(panel.model.index(1, 0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened.document.item.name == "view_1"
    qtbot.waitUntil(lambda: panel.model.index(2, 0).data(Qt.ItemDataRole.DecorationRole) is not None)
    assert panel.model.index(2, 0).data() == "2"


def test_names_are_shortened_by_what_all_share() -> None:
    assert shared_ends(["a_001_left.x", "a_002_left.x"]) == (2, 7)
    assert shared_ends(["only"]) == (0, 0)
    assert shared_ends(["cat", "car"]) == (0, 0)


def test_every_control_of_the_panels_has_a_name_for_screen_readers(opened: Session, qtbot) -> None:
    for panel in (ClassesPanel(opened), LayersPanel(opened), ObjectsPanel(opened), HistoryPanel(opened)):
        shown(qtbot, panel)
        for control in panel.findChildren(QAbstractButton):
            if not isinstance(control.parent(), QLineEdit) and not control.objectName().startswith("qt_"):
                assert control.accessibleName() or control.text(), control
