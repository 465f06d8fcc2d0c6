"""The canvas: what it shows, where it stands, how it zooms and pans, and which keys it lets go of."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core.geometry import Rect
from segstudio.ui.canvas.qimage import copied, wrap
from tests.ui.canvas_stage import ALT, HOUSE, MIDDLE, SIZE_HW, box_object, make_document, show, stage

__all__ = ["stage"]


def shown(canvas):
    """What is on the screen, as uint8 [H, W, 3]."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return np.stack([(words >> shift) & 255 for shift in (16, 8, 0)], axis=2)


def test_a_wrapped_array_is_seen_by_its_image_and_a_copied_one_is_not():
    words = np.full((3, 5), 0xFF0000FF, np.uint32)
    live, copy = wrap(words), copied(words)
    words[1, 2] = 0xFF00FF00
    assert live.pixelColor(2, 1).green() == 255
    assert copy.pixelColor(2, 1).green() == 0
    del words
    assert live.pixelColor(0, 0).blue() == 255


@pytest.mark.parametrize(
    "bad", [np.zeros((3, 4), np.uint8), np.zeros((4, 8), np.uint32)[:, ::2], np.zeros(4, np.uint32)]
)
def test_only_contiguous_words_are_wrapped(bad):
    with pytest.raises(ValueError, match="words"):
        wrap(bad)


def test_an_opened_image_fits_the_view(stage):
    corners = [stage.canvas.to_widget(x, y) for x in (0, SIZE_HW[1]) for y in (0, SIZE_HW[0])]
    assert all(0 <= c.x() <= 640 and 0 <= c.y() <= 480 for c in corners)
    assert corners[3].x() - corners[0].x() > 600


def test_the_screen_shows_the_pixel_that_to_widget_points_at(stage):
    stage.canvas.actual_size()
    stage.view(overlays_hidden=True)
    pixels = shown(stage.canvas)
    picture = stage.document.pyramid.image_hwc
    for x, y in ((0, 0), (199, 0), (50, 119), (123, 45)):
        at = stage.canvas.to_widget(x + 0.5, y + 0.5)
        assert pixels[int(at.y()), int(at.x())].tolist() == picture[y, x].tolist()


def test_what_is_painted_bit_by_bit_equals_a_fresh_frame(stage):
    hand = stage.hand
    shown(stage.canvas)
    stage.view(errors=True)
    shown(stage.canvas)
    for points in (((20, 20), (60, 40)), ((100, 90), (150, 60), (190, 110))):
        hand.press(*points[0])
        for point in points[1:]:
            hand.move(*point)
            QApplication.processEvents()
        hand.release(*points[-1])
        QApplication.processEvents()
    stage.session.undo()
    hand.wheel(50, 50, 1)
    hand.drag((50, 50), (64, 41), button=MIDDLE)
    hand.drag((80, 20), (90, 80))
    drawn = shown(stage.canvas)
    stage.canvas.redraw()
    np.testing.assert_array_equal(shown(stage.canvas), drawn)


def test_repainting_a_dab_leaves_the_rest_of_the_window_alone(stage):
    stage.view(tool="select")
    QApplication.processEvents()
    painted, original = [], stage.canvas.paintEvent
    stage.canvas.paintEvent = lambda event: (painted.append(event.region().boundingRect()), original(event))
    with stage.document.begin("dab") as stroke:
        stroke.paint(Rect(10, 10, 14, 14), HOUSE)
    QApplication.processEvents()
    assert len(painted) == 1
    assert painted[0].contains(stage.canvas.to_widget(12, 12).toPoint())
    assert painted[0].width() <= 4 * stage.canvas.viewport_now.scale + 8


@pytest.mark.parametrize("tool", ["select", "pan", "brush", "eraser", "fill", "polygon", "vertex", "pick"])
def test_the_wheel_zooms_at_the_cursor_in_every_tool(stage, tool):
    stage.view(tool=tool)
    zooms = []
    stage.canvas.zoom_changed.connect(zooms.append)
    at = stage.canvas.to_widget(70, 30)
    stage.hand.wheel(70, 30, 3)
    assert zooms
    assert stage.canvas.to_image(at) == pytest.approx((70, 30), abs=0.02)
    stage.hand.wheel(70, 30, -3)
    assert stage.canvas.viewport_now.scale == pytest.approx(zooms[0] / 1.25**3)


@pytest.mark.parametrize("tool", ["select", "brush", "polygon"])
def test_middle_drag_pans_and_changes_nothing(stage, tool):
    stage.view(tool=tool)
    stage.canvas.actual_size()
    before = stage.canvas.to_widget(0, 0)
    stage.hand.press(50, 50, MIDDLE)
    at = stage.canvas.to_widget(50, 50)
    for step in range(1, 6):
        target = at + QPointF(7 * step, -3 * step)
        stage.hand.move(*stage.canvas.to_image(target), MIDDLE)
    stage.hand.release(60, 60, MIDDLE)
    moved = stage.canvas.to_widget(0, 0) - before
    assert (moved.x(), moved.y()) == (35, -15)
    assert not stage.ids.any()
    assert stage.steps() == []


def test_space_with_the_left_button_pans_until_it_is_released(stage):
    stage.canvas.setFocus()
    before = stage.canvas.to_widget(0, 0)
    QTest.keyPress(stage.canvas, Qt.Key.Key_Space)
    stage.hand.drag((50, 50), (60, 50))
    QTest.keyRelease(stage.canvas, Qt.Key.Key_Space)
    assert stage.canvas.to_widget(0, 0).x() > before.x()
    assert not stage.ids.any()
    stage.hand.drag((50, 50), (60, 50))
    assert stage.ids.any()


def test_held_keys_are_released_when_the_focus_goes(stage):
    QTest.keyPress(stage.canvas, Qt.Key.Key_H)
    QTest.keyPress(stage.canvas, Qt.Key.Key_Space)
    assert stage.session.view.now.bare
    QApplication.sendEvent(stage.canvas, QFocusEvent(QEvent.Type.FocusOut))
    assert not stage.session.view.now.bare
    stage.hand.drag((50, 50), (60, 50))
    assert stage.ids.any()


def test_holding_h_shows_the_bare_image(stage):
    stage.paint(slice(None), slice(None), HOUSE)
    stage.canvas.actual_size()
    with_labels = shown(stage.canvas)
    QTest.keyPress(stage.canvas, Qt.Key.Key_H)
    bare = shown(stage.canvas)
    QTest.keyRelease(stage.canvas, Qt.Key.Key_H)
    at = stage.canvas.to_widget(0, 0).toPoint()
    inside = slice(at.y(), at.y() + SIZE_HW[0]), slice(at.x(), at.x() + SIZE_HW[1])
    np.testing.assert_array_equal(bare[inside], stage.document.pyramid.image_hwc)
    assert (with_labels[inside] != bare[inside]).any()
    np.testing.assert_array_equal(shown(stage.canvas), with_labels)


def test_a_double_click_on_nothing_shows_100_percent_and_does_not_paint(stage):
    stage.view(tool="select")
    stage.hand.double_click(40, 40)
    assert stage.canvas.viewport_now.scale == 1.0
    stage.canvas.fit()
    stage.view(tool="pan")
    stage.hand.double_click(40, 40)
    assert stage.canvas.viewport_now.scale == 1.0


def test_alt_and_the_wheel_size_the_brush(stage):
    scale = stage.canvas.viewport_now.scale
    stage.hand.wheel(50, 50, 2, ALT)
    assert stage.session.view.now.brush_radius == pytest.approx(6 * 1.25**2)
    assert stage.canvas.viewport_now.scale == scale
    stage.hand.wheel(50, 50, -40, ALT)
    assert stage.session.view.now.brush_radius == 0.5


@pytest.mark.parametrize(
    ("tool", "mode"),
    [("brush", "semantic"), ("polygon", "semantic"), ("polygon", "objects"), ("vertex", "objects")]
    + [("select", "objects"), ("select", "semantic"), ("vertex", "semantic"), ("fill", "semantic")],
)
def test_previews_are_drawn_over_the_picture_and_never_into_it(stage, tool, mode):
    stage.paint(slice(30, 80), slice(20, 90), HOUSE)
    stage.put(box_object(1, 100, 30, 60, 50))
    stage.view(mode=mode, tool="pick", overlays_hidden=True)
    plain = shown(stage.canvas)
    stage.view(tool=tool)
    points = [(130, 50), (50, 50)] if mode == "semantic" else [(50, 50), (130, 50)]
    for at in [(100, 90), *points]:
        stage.hand.click(*at)
    stage.hand.hover(*(51, 51) if mode == "semantic" else (101, 31))
    buffer = stage.canvas.frame._compositor.buffer_hw
    with_preview = shown(stage.canvas)
    assert (with_preview != plain).any()
    shifts = np.array([16, 8, 0], np.uint32)
    np.testing.assert_array_equal((buffer[..., None] >> shifts) & 255, plain)
    stage.hand.key(Qt.Key.Key_Escape)
    QApplication.sendEvent(stage.canvas, QEvent(QEvent.Type.Leave))
    stage.view(tool="pick", selection=frozenset())
    np.testing.assert_array_equal(shown(stage.canvas), plain)


def test_what_is_under_the_cursor_is_told(stage):
    told = []
    stage.canvas.pointed.connect(told.append)
    stage.paint(slice(0, 60), slice(0, 100), HOUSE)
    stage.hand.hover(50.5, 20.5)
    pointed = told[-1]
    assert (pointed.x, pointed.y) == (50, 20)
    assert pointed.rgb == tuple(stage.document.pyramid.image_hwc[20, 50])
    assert pointed.classes == {"labels": "house", "truth": "house"}
    assert "house" in pointed.text
    assert stage.canvas.cursor_image_point() == pytest.approx((50.5, 20.5))
    QApplication.sendEvent(stage.canvas, QEvent(QEvent.Type.Leave))
    assert told[-1] is None
    assert stage.canvas.cursor_image_point() is None


def test_many_moves_in_one_frame_reach_the_tool_in_order_and_complete(stage):
    points = []
    stage.canvas.tool.move = points.extend
    stage.hand.press(10, 10)
    for x in range(11, 60):
        stage.hand.move(x, 10 + x % 7)
    stage.hand.release(60, 10)
    assert [round(p.x) for p in points] == list(range(11, 60))


def test_the_view_stays_when_the_next_image_has_the_same_size(stage):
    stage.canvas.scale_to(3.0)
    viewport = stage.canvas.viewport_now
    show(stage.session, make_document(stage.session, seed=9))
    assert stage.canvas.viewport_now == viewport
    show(stage.session, make_document(stage.session, (50, 300), seed=9))
    assert stage.canvas.viewport_now != viewport
    assert stage.canvas.to_widget(0, 0).x() >= 0


def test_edits_of_a_document_that_is_gone_are_not_listened_to(stage):
    old = stage.document
    show(stage.session, make_document(stage.session, (30, 30)))
    with old.begin("late") as stroke:
        stroke.paint(Rect(100, 100, 110, 110), HOUSE)
    shown(stage.canvas)
    stage.session.document_changed.emit(None)
    assert shown(stage.canvas).shape[2] == 3


def test_resizing_keeps_a_fitted_image_fitted(stage):
    stage.canvas.resize(300, 300)
    right = stage.canvas.to_widget(SIZE_HW[1], 0).x()
    assert 280 <= right <= 300


def test_layers_follow_the_view(stage):
    stage.canvas.actual_size()
    stage.paint(slice(None), slice(None), HOUSE)
    base = shown(stage.canvas)
    pictures = [base]
    for change in (
        {"hidden_classes": frozenset({1})},
        {"hidden_classes": frozenset(), "opacity": {"labels": 0.9, "truth": 0.5}},
        {"shown": {"labels": True, "truth": True}, "opacity": {"labels": 0.3, "truth": 0.9}},
        {"errors": True},
        {"error_class": 1},
        {"colour_blind": True},
        {"brightness": 0.3},
        {"overlays_hidden": True},
    ):
        stage.view(**change)
        pictures.append(shown(stage.canvas))
    for before, after in zip(pictures, pictures[1:], strict=False):
        assert (before != after).any()


def test_objects_are_drawn_hovered_and_selected(stage):
    stage.view(mode="objects", tool="select")
    stage.canvas.actual_size()
    empty = shown(stage.canvas)
    stage.put(box_object(1, 20, 20, 40, 30))
    plain = shown(stage.canvas)
    assert (plain != empty).any()
    stage.hand.hover(30, 30)
    assert stage.session.view.now.hovered_object == 1
    hovered = shown(stage.canvas)
    assert (hovered != plain).any()
    stage.hand.hover(150, 100)
    np.testing.assert_array_equal(shown(stage.canvas), plain)
    stage.view(selection=frozenset({1}))
    selected = shown(stage.canvas)
    assert (selected != plain).any()
    stage.canvas.redraw()
    np.testing.assert_array_equal(shown(stage.canvas), selected)


def test_many_objects_appear_tile_by_tile_without_holding_up_the_window(stage, qtbot, monkeypatch):
    monkeypatch.setattr("segstudio.ui.canvas.frame._OBJECT_SECONDS", 0.0)
    document = make_document(stage.session, (2000, 3000))
    for number in range(1, 200):
        document.labels.objects.put(box_object(number, 13 * number % 2900, 29 * number % 1900, 90, 60))
    stage.view(mode="objects", tool="select")
    show(stage.session, document)
    stage.canvas.grab()
    assert stage.canvas.frame.is_unfinished(stage.canvas.viewport_now)
    qtbot.waitUntil(lambda: not stage.canvas.frame.is_unfinished(stage.canvas.viewport_now))
    QApplication.processEvents()
    drawn = shown(stage.canvas)
    stage.canvas.redraw()
    np.testing.assert_array_equal(shown(stage.canvas), drawn)
    stage.view(overlays_hidden=True)
    assert (shown(stage.canvas) != drawn).any(axis=2).mean() > 0.05


def test_pictures_drawn_before_their_levels_are_ready_are_refined(stage):
    document = make_document(stage.session, (2000, 3000))
    show(stage.session, document)
    assert document.pyramid.is_complete
    shown(stage.canvas)
    assert not stage.canvas.frame.is_coarse


@pytest.mark.parametrize("ratio", [1.25, 1.5, 2.0])
def test_screens_with_other_pixel_ratios_show_single_pixels(stage, ratio):
    stage.canvas.devicePixelRatioF = lambda: ratio
    QApplication.sendEvent(stage.canvas, QEvent(QEvent.Type.DevicePixelRatioChange))
    view = stage.canvas.viewport_now
    assert (view.width_px, view.height_px) == (int(640 * ratio), int(480 * ratio))
    stage.canvas.actual_size()
    stage.view(overlays_hidden=True, tool="select")
    image = QImage(view.width_px, view.height_px, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    stage.canvas.render(image)
    words = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    x, y = (round(value) for value in stage.canvas.viewport_now.to_widget(0, 0))
    picture = stage.document.pyramid.image_hwc
    np.testing.assert_array_equal(words[y : y + SIZE_HW[0], x : x + SIZE_HW[1]] & 255, picture[..., 2])
    assert stage.canvas.to_image(stage.canvas.to_widget(31.5, 7.25)) == pytest.approx((31.5, 7.25))


def test_turning_the_view_keeps_clicks_and_pixels_together(stage):
    stage.canvas.turn()
    stage.canvas.fit()
    stage.hand.drag((30, 40), (30, 40))
    rows, columns = np.nonzero(stage.ids)
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == pytest.approx((40, 30), abs=0.5)
