"""Comparing two layers in the window: keys, panes that move together, what each draws, swipe, taking, next error."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer, prediction_layer
from segstudio.metrics.agreement import Agreement
from segstudio.ui.compare.arrangement import Arrangement, load_arrangement
from segstudio.ui.compare.pane_scenes import Shown
from tests.session.conftest import CLASSES, SIZE_HW

ONLY_A, ONLY_B, ALIKE = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00), (0xCC, 0x79, 0xA7)
"""As the field's palette says, not as the program does."""
CONTROL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


def add_prediction(window, name: str, index_hw: np.ndarray) -> None:
    layer = Layer(prediction_layer(name), SIZE_HW, locked=True)
    layer.ensure_class_segments(CLASSES)
    segment_of = np.array([layer.segments.of_class(c.id).id for c in CLASSES.evaluated], np.uint16)
    layer.raster.writable(layer.raster.bounds)[...] = segment_of[index_hw]
    window.session.document.set_prediction(layer)


def send(pane, kind: QEvent.Type, at: QPointF, button=Qt.MouseButton.NoButton, held=Qt.MouseButton.NoButton) -> None:
    event = QMouseEvent(kind, at, pane.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(pane, event)
    QApplication.processEvents()


def point(pane, x: float, y: float) -> None:
    send(pane, QEvent.Type.MouseMove, pane.to_widget(x, y))


def middle_of(pane) -> tuple[float, float]:
    return pane.viewport_now.to_image(pane.viewport_now.width_px / 2, pane.viewport_now.height_px / 2)


def colour_at(widget, pane, x: float, y: float) -> tuple[int, int, int]:
    at = pane.mapTo(widget, pane.to_widget(x, y).toPoint())
    ratio = widget.devicePixelRatioF()
    color = widget.grab().toImage().pixelColor(round(at.x() * ratio), round(at.y() * ratio))
    return color.red(), color.green(), color.blue()


@pytest.fixture
def compared(window, qtbot):
    """A says house above the middle and road below; B says road everywhere but a car where the truth has none."""
    a_hw, b_hw = np.zeros(SIZE_HW, np.int64), np.zeros(SIZE_HW, np.int64)
    a_hw[:30] = 1
    b_hw[50:, :40] = 2
    # Both wrong alike, and both wrong differently, below the middle, where the truth is road.
    a_hw[47:49], b_hw[47:49] = 1, 1
    a_hw[31:34], b_hw[31:34] = 1, 2
    add_prediction(window, "one", a_hw)
    add_prediction(window, "two", b_hw)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_C)
    view = window.actions_table.compare.view
    qtbot.waitUntil(lambda: view.comparing.result is not None)
    window.a_hw, window.b_hw = a_hw, b_hw
    return view


def test_c_opens_and_c_or_escape_leaves(window, compared, qtbot) -> None:
    assert window.centre is compared
    assert compared.panes["a"].shown == Shown("prediction:one")
    assert compared.panes["b"].shown == Shown("prediction:two")
    qtbot.keyClick(compared, Qt.Key.Key_C)
    assert window.centre is window.canvas
    qtbot.keyClick(window.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    assert window.centre is compared
    assert compared.manner == "swipe"
    qtbot.keyClick(compared, Qt.Key.Key_C)
    assert window.centre is compared
    assert compared.manner == "panes"
    qtbot.keyClick(compared, Qt.Key.Key_Escape)
    assert window.centre is window.canvas
    assert window.canvas.isVisible()


def test_the_titles_tell_the_mean_iou_of_each_side(window, compared) -> None:
    truth_hw = window.session.document.truth_index_hw
    valid = truth_hw < 3
    for side, index_hw in (("a", window.a_hw), ("b", window.b_hw)):
        scores = []
        for c in range(3):
            mine, theirs = (index_hw == c) & valid, truth_hw == c
            scores.append((mine & theirs).sum() / (mine | theirs).sum())
        assert f"{100 * np.mean(scores):.2f}" in compared.titles[side].text()
    assert [row.name for row in compared.bars.rows][0] == "house"


def test_wheel_and_drag_in_one_pane_move_all(window, compared, qtbot) -> None:
    a, b, truth = (compared.panes[name] for name in ("a", "b", "truth"))
    fitted = a.viewport_now.scale
    assert b.viewport_now.scale == pytest.approx(fitted, rel=0.02)
    at = b.to_widget(20.0, 15.0)
    steps = QPoint(0, 480)
    wheel = QWheelEvent(
        at, b.mapToGlobal(at), QPoint(), steps, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(b, wheel)
    assert b.viewport_now.scale > 2 * fitted
    assert b.to_image(at) == pytest.approx((20.0, 15.0), abs=0.01)
    for pane in (a, truth):
        assert pane.viewport_now.scale == b.viewport_now.scale
        assert middle_of(pane) == pytest.approx(middle_of(b), abs=0.2)
    before = middle_of(a)
    left = Qt.MouseButton.LeftButton
    send(a, QEvent.Type.MouseButtonPress, QPointF(60, 60), left, left)
    send(a, QEvent.Type.MouseMove, QPointF(90, 40), held=left)
    send(a, QEvent.Type.MouseButtonRelease, QPointF(90, 40), left)
    moved = (middle_of(a)[0] - before[0]) * a.viewport_now.scale, (middle_of(a)[1] - before[1]) * a.viewport_now.scale
    assert moved == pytest.approx((-30, 20), abs=0.1)
    assert middle_of(truth) == pytest.approx(middle_of(a), abs=0.2)
    qtbot.keyClick(compared, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert a.viewport_now.scale == pytest.approx(fitted, rel=0.02)
    assert truth.viewport_now.scale == pytest.approx(a.viewport_now.scale, rel=0.02)


def test_the_canvas_looks_where_the_panes_looked_and_back(window, compared, qtbot) -> None:
    compared.panes["a"].zoom_to(Rect(10, 35, 30, 45))
    qtbot.keyClick(compared, Qt.Key.Key_C)
    assert window.canvas.viewport_now.scale == compared.look.viewport.scale
    x, y = middle_of(window.canvas)
    assert (x, y) == pytest.approx((20, 40), abs=0.6)
    window.canvas.zoom_to(Rect(60, 10, 70, 20))
    qtbot.keyClick(window.canvas, Qt.Key.Key_C)
    for name in ("a", "b", "truth", "difference"):
        assert middle_of(compared.panes[name]) == pytest.approx((65, 15), abs=0.6)


def test_the_cross_hair_stands_at_the_same_image_point_in_every_pane(window, compared) -> None:
    a, truth = compared.panes["a"], compared.panes["truth"]
    truth.scale_to(8.0)
    plain = truth.grab().toImage()
    x, y = middle_of(truth)
    point(a, x, y)
    assert compared.look.point_xy == pytest.approx((x, y), abs=0.2)
    marked = truth.grab().toImage()
    different = [
        (column, row) for row in range(marked.height()) for column in range(marked.width())
        if marked.pixel(column, row) != plain.pixel(column, row)
    ]  # fmt: skip
    assert different
    assert np.mean(different, axis=0) == pytest.approx((marked.width() / 2, marked.height() / 2), abs=1.5)
    send(a, QEvent.Type.MouseMove, QPointF(-500, -500))
    assert compared.look.point_xy is None
    assert truth.grab().toImage() == plain


def test_the_difference_shows_who_is_right(window, compared) -> None:
    pane = compared.panes["difference"]
    photo = window.session.document.pyramid.image_hwc
    pane.scale_to(8.0)

    def drawn(x: int, y: int) -> np.ndarray:
        pane.show_viewport(pane.viewport_now.centred_on(x + 0.5, y + 0.5))
        return np.array(colour_at(pane, pane, x + 0.5, y + 0.5), float)

    for (x, y), color in (((50, 10), ONLY_A), ((70, 47), ALIKE), ((15, 55), ONLY_A)):
        # Near the colour of its case, a little of the photo shows through.
        share = 0.8 * np.array(color) + 0.2 * photo[y, x]
        assert np.abs(drawn(x, y) - share).max() <= 3, (x, y)
    for x, y in ((70, 55), (87, 10)):
        assert np.abs(drawn(x, y) - photo[y, x]).max() <= 1, "both right and void stay bare"
    # Both wrong differently is hatched: grey and light stripes by turns.
    pane.show_viewport(pane.viewport_now.centred_on(70.5, 32.5))
    image = pane.grab().toImage()
    at = pane.to_widget(70.5, 32.5).toPoint()
    greys = {image.pixelColor(at.x() + step, at.y()).red() for step in range(-12, 13)}
    assert max(greys) - min(greys) > 60


def test_only_b_right_has_its_own_colour(window, compared, qtbot) -> None:
    compared.choices.combos["a"].setCurrentIndex(compared.choices.combos["a"].findData("prediction:two"))
    compared.choices.combos["a"].activated.emit(compared.choices.combos["a"].currentIndex())
    compared.choices.combos["b"].activated.emit(compared.choices.combos["b"].findData("prediction:one"))
    assert compared.panes["a"].shown == Shown("prediction:two")
    pane = compared.panes["difference"]
    pane.scale_to(8.0)
    pane.show_viewport(pane.viewport_now.centred_on(50.5, 10.5))
    photo = window.session.document.pyramid.image_hwc[10, 50]
    color = np.array(colour_at(pane, pane, 50.5, 10.5), float)
    assert np.abs(color - (0.8 * np.array(ONLY_B) + 0.2 * photo)).max() <= 3
    qtbot.waitUntil(lambda: compared.comparing.result is not None and compared.comparing.result.a == "prediction:two")
    assert compared.bars.rows[0].delta > 0


def test_swiping_shows_a_left_of_the_divider_and_b_right_of_it(window, compared, qtbot) -> None:
    a_image = compared.panes["a"]
    qtbot.keyClick(compared, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    swipe = compared.swipe
    QApplication.processEvents()
    assert swipe.isVisible()
    assert not a_image.isVisible()
    swipe.b.scale_to(6.0)

    def seen(share: float) -> tuple[int, int, int]:
        press = QPointF(swipe.divider.width() / 2, 40)
        left = Qt.MouseButton.LeftButton
        send(swipe.divider, QEvent.Type.MouseButtonPress, press, left, left)
        target = swipe.divider.mapFromGlobal(swipe.mapToGlobal(QPointF(share * swipe.width(), 40)))
        send(swipe.divider, QEvent.Type.MouseMove, target, held=left)
        send(swipe.divider, QEvent.Type.MouseButtonRelease, target, left)
        assert swipe.share == pytest.approx(share, abs=0.01)
        return colour_at(swipe, swipe.b, 40.5, 10.5)

    right, left = seen(0.1), seen(0.9)
    assert swipe.a.viewport_now.to_image(0, 0) == swipe.b.viewport_now.to_image(0, 0)
    assert right != left
    swipe.b.show_layer(Shown("prediction:one"))
    assert seen(0.1) == left, "right of the divider stands the other layer at the same place"


def test_the_next_image_keeps_comparing_and_says_what_is_missing(window, compared, qtbot) -> None:
    session = window.session
    qtbot.keyClick(compared, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: session.document is not None and session.document.item.name == "view_1")
    assert window.centre is compared
    assert "this image has none" in compared.titles["a"].text()
    assert compared.bars.rows == []
    add_prediction(window, "one", window.a_hw)
    add_prediction(window, "two", window.b_hw)
    qtbot.waitUntil(lambda: compared.comparing.result is not None)
    assert "mIoU" in compared.titles["a"].text()


def test_take_from_a_and_b_under_the_cursor(window, compared, qtbot) -> None:
    document = window.session.document
    point(compared.panes["truth"], 50.5, 10.5)
    qtbot.keyClick(compared, Qt.Key.Key_A, CONTROL_ALT)
    expected = np.full(SIZE_HW, 255)
    expected[:30] = 1
    assert (document.labels.index_map(CLASSES) == expected).all()
    point(compared.panes["a"], 10.5, 55.5)
    qtbot.keyClick(compared, Qt.Key.Key_B, CONTROL_ALT)
    expected[50:, :40] = 2
    assert (document.labels.index_map(CLASSES) == expected).all()
    qtbot.keyClick(compared, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    expected[50:] = 255
    assert (document.labels.index_map(CLASSES) == expected).all()


def test_panes_of_truth_and_difference_need_a_truth(window, compared, qtbot) -> None:
    assert compared.panes["difference"].isVisible()
    window.session.document.truth = None
    window.session.document.truth_index_hw = None
    window.session.document.layers_changed.emit("truth")
    assert not compared.panes["difference"].isVisible()
    assert not compared.panes["truth"].isVisible()
    assert compared.panes["a"].isVisible()


def test_the_next_error_is_shown_large_and_named(window, qtbot) -> None:
    session = window.session
    window.commands.run("accept.truth")
    with session.document.begin("spoil") as stroke:
        stroke.paint(Rect(60, 48, 75, 58), stroke.segment_for_class(1))
        stroke.paint(Rect(5, 5, 9, 9), stroke.segment_for_class(2))
    window.canvas.setFocus()
    control = Qt.KeyboardModifier.ControlModifier
    seen = []
    for _ in range(2):
        before = window.status.hint.text()
        qtbot.keyClick(window.canvas, Qt.Key.Key_Right, control)
        qtbot.waitUntil(lambda before=before: window.status.hint.text() != before)
        seen.append((window.status.hint.text(), middle_of(window.canvas)))
    road = next(entry for entry in seen if entry[0].startswith("truth road, labels house, 150 px, +"))
    assert road[1] == pytest.approx((67.5, 53), abs=1)
    house = next(entry for entry in seen if entry[0].startswith("truth house, labels car, 16 px, +"))
    assert house[1] == pytest.approx((7, 7), abs=1)
    assert seen[0][0].endswith("region 1 of 2")
    qtbot.keyClick(window.canvas, Qt.Key.Key_Left, control)
    qtbot.waitUntil(lambda: window.status.hint.text() == seen[0][0])
    mark = window.actions_table.compare.mark
    assert mark.isVisible()
    framed = window.canvas.grab().toImage()
    mark.hide()
    bare = window.canvas.grab().toImage()
    region = mark.region
    left = window.canvas.to_widget(region.x0, (region.y0 + region.y1) / 2).toPoint() - QPoint(5, 0)
    inside = window.canvas.to_widget((region.x0 + region.x1) / 2, (region.y0 + region.y1) / 2).toPoint()
    line = [(left.x() + step, left.y()) for step in range(-2, 3)]
    assert all(framed.pixel(*at) != bare.pixel(*at) for at in line[1:-1])
    assert max(framed.pixelColor(*at).lightness() for at in line) > 220
    assert framed.pixel(inside) == bare.pixel(inside)


def test_the_next_error_leads_the_panes_while_comparing(window, compared, qtbot) -> None:
    window.commands.run("accept.truth")
    with window.session.document.begin("spoil") as stroke:
        stroke.paint(Rect(60, 48, 75, 58), stroke.segment_for_class(1))
    qtbot.keyClick(compared, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "150 px" in window.status.hint.text())
    for name in ("a", "b", "truth", "difference"):
        assert middle_of(compared.panes[name]) == pytest.approx((67.5, 53), abs=1)


def test_the_difference_title_says_who_is_right_on_more_pixels(window, compared) -> None:
    truth_hw = window.session.document.truth_index_hw
    net = int(np.sum(window.a_hw == truth_hw)) - int(np.sum(window.b_hw == truth_hw))
    assert net > 0
    assert f"A is right on {net:,} px more".replace(",", "\u202f") in compared.titles["difference"].text()


def test_any_panes_stand_in_any_lines_and_stay_so_for_the_next_time(window, compared, qtbot) -> None:
    def places() -> dict[str, tuple[int, int]]:
        QApplication.processEvents()
        shown = {name: pane for name, pane in compared.panes.items() if pane.isVisible()}
        corners = {name: pane.mapTo(compared, QPoint(0, 0)) for name, pane in shown.items()}
        columns, rows = sorted({at.x() for at in corners.values()}), sorted({at.y() for at in corners.values()})
        return {name: (columns.index(at.x()), rows.index(at.y())) for name, at in corners.items()}

    assert places() == {"a": (0, 0), "b": (1, 0), "difference": (0, 1), "truth": (1, 1)}
    compared.choices.layouts["row"].trigger()
    assert places() == {"a": (0, 0), "b": (1, 0), "difference": (2, 0), "truth": (3, 0)}
    for name in ("b", "difference"):
        compared.choices.shown[name].trigger()
    compared.choices.layouts["column"].trigger()
    assert places() == {"a": (0, 0), "truth": (0, 1)}
    for name in ("a", "truth"):
        compared.choices.shown[name].trigger()
    assert list(places()) == ["a"], "something is always shown"
    compared.choices.shown["labels"].trigger()
    assert load_arrangement(window.session.data_dir) == Arrangement(("labels",), "column")
    (window.session.data_dir / "compare.json").write_text('{"panes": 3, "layout": "spiral"}')
    assert load_arrangement(window.session.data_dir) == Arrangement()


def test_the_onion_skin_blends_a_over_b(window, compared, qtbot) -> None:
    qtbot.keyClick(compared, Qt.Key.Key_O, CONTROL_ALT)
    over = compared.over
    assert compared.manner == "onion"
    assert not over.swipe.divider.isVisible()
    over.swipe.b.scale_to(6.0)

    def seen(value: int) -> np.ndarray:
        over.slider.setValue(value)
        return np.array(colour_at(over.swipe, over.swipe.b, 40.5, 10.5), int)

    only_b, only_a = seen(0), seen(100)
    assert np.abs(only_a - only_b).max() > 20
    for share in (25, 60):
        assert np.abs(seen(share) - (only_b + (only_a - only_b) * share / 100)).max() <= 3


def test_blinking_shows_a_and_b_by_turns_until_it_is_held(window, compared, qtbot) -> None:
    qtbot.keyClick(compared, Qt.Key.Key_C, CONTROL_ALT)
    over = compared.over
    over.interval.setValue(100)
    assert over.shown_side == "a"
    qtbot.waitUntil(lambda: over.shown_side == "b", timeout=2000)
    assert over.titles["b"].isEnabled()
    assert not over.titles["a"].isEnabled()
    qtbot.waitUntil(lambda: over.shown_side == "a", timeout=2000)
    qtbot.keyClick(compared, Qt.Key.Key_Space)
    held = over.shown_side
    qtbot.wait(250)
    assert over.shown_side == held
    qtbot.keyClick(compared, Qt.Key.Key_Space)
    assert over.shown_side != held
    qtbot.keyClick(compared, Qt.Key.Key_Escape)
    over.pause.setChecked(False)
    assert load_arrangement(window.session.data_dir).interval_ms == 100


def test_the_key_counts_the_cases_and_hides_them(window, compared, qtbot) -> None:
    truth_hw = window.session.document.truth_index_hw
    valid = truth_hw < 3
    only_a = (window.a_hw == truth_hw) & (window.b_hw != truth_hw) & valid
    number = compared.key.numbers[Agreement.ONLY_A_RIGHT]
    assert number.text() == f"{100 * only_a.sum() / valid.sum():.2f} %"
    assert number.toolTip() == f"{only_a.sum():,} px".replace(",", "\u202f")
    pane = compared.panes["difference"]
    pane.scale_to(8.0)
    photo = window.session.document.pyramid.image_hwc

    def is_bare(x: int, y: int) -> bool:
        pane.show_viewport(pane.viewport_now.centred_on(x + 0.5, y + 0.5))
        return bool(np.abs(np.array(colour_at(pane, pane, x + 0.5, y + 0.5), int) - photo[y, x]).max() <= 1)

    a_there, alike_there = (50, 10), (70, 47)
    assert not is_bare(*a_there)
    qtbot.mouseClick(compared.key.buttons[Agreement.ONLY_A_RIGHT], Qt.MouseButton.LeftButton)
    assert is_bare(*a_there)
    assert not is_bare(*alike_there)
    qtbot.mouseClick(compared.key.buttons[Agreement.BOTH_WRONG_DIFFERENTLY], Qt.MouseButton.LeftButton)
    assert is_bare(70, 32)
    assert not is_bare(*alike_there)
