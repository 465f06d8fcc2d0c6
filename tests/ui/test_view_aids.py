"""Looking at the image: turning, rulers, map, crosshair, grid, zoom kept, and the picture panel, by real events."""

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from segstudio.core.geometry import Rect
from segstudio.render.pyramid import Pyramid
from segstudio.render.viewport import Viewport
from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from segstudio.settings import load_settings
from segstudio.ui.canvas.crosshair import crosshair_strips
from segstudio.ui.canvas.rulers import tick_step
from segstudio.ui.panels.picture import PictureAdjust
from tests.ui.canvas_stage import box_object, make_document, show, stage  # noqa: F401 (a fixture)


def shown(canvas):
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    return np.stack([(words >> shift) & 0xFF for shift in (16, 8, 0)], axis=2).astype(int)


# ── commands in the window ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_view_turns_by_keys_and_keeps_its_middle(window):
    canvas = window.canvas
    middle = canvas.to_image(QPointF(canvas.width() / 2, canvas.height() / 2))
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Period, Qt.KeyboardModifier.AltModifier)
    assert canvas.viewport_now.quarter_turns == 1
    assert canvas.to_image(QPointF(canvas.width() / 2, canvas.height() / 2)) == pytest.approx(middle, abs=0.1)
    QTest.keyClick(canvas, Qt.Key.Key_Comma, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(canvas, Qt.Key.Key_Comma, Qt.KeyboardModifier.AltModifier)
    assert canvas.viewport_now.quarter_turns == 3


def test_the_fill_style_goes_round(window):
    view, seen = window.session.view, []
    for _ in range(4):
        QTest.keyClick(window.canvas, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
        seen.append(view.now.fill_style)
        assert window.layers.style_box.currentData() == view.now.fill_style
    assert seen == ["fill", "outline", "both", "fill"]


@pytest.mark.parametrize("name", ["minimap", "rulers", "crosshair", "pixel_grid", "keep_zoom"])
def test_an_aid_is_switched_checked_and_remembered(window, name):
    before = getattr(window.session.view.now, name)
    window.commands.run(f"view.{name}")
    assert getattr(window.session.view.now, name) is not before
    assert window.commands.action(f"view.{name}").isChecked() is not before
    assert (name in load_settings().view_aids) is not before


def test_zoom_to_the_selection_fills_the_view(window):
    session = window.session
    with session.document.begin("put") as stroke:
        stroke.put_object(box_object(1, 10, 12, 20, 16))
    session.view.set(mode="objects", selection=frozenset({1}))
    window.commands.run("view.zoom_selection")
    view = window.canvas.viewport_now
    assert view.scale == 8
    x, y = view.to_image(view.width_px / 2, view.height_px / 2)
    assert (x, y) == pytest.approx((20, 20), abs=1)


def test_the_zoom_stays_between_images_of_one_size_unless_fitted(window, qtbot):
    canvas, session = window.canvas, window.session
    canvas.scale_to(3.0)
    before = canvas.viewport_now
    window.commands.run("image.next")
    qtbot.waitUntil(lambda: session.index == 1)
    assert canvas.viewport_now == before
    window.commands.run("view.keep_zoom")
    window.commands.run("image.next")
    qtbot.waitUntil(lambda: session.index == 2)
    assert canvas.is_fitted


# ── rulers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("zoom", "step"), [(0.01, 10_000), (0.1, 1000), (1, 100), (3, 20), (6, 10), (30, 2), (100, 1)])
def test_steps_of_the_ruler_are_round_and_far_enough_apart(zoom, step):
    assert tick_step(zoom) == step


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_numbers_stand_where_the_canvas_shows_their_pixel(stage, turns):  # noqa: F811
    stage.view(rulers=True)
    stage.canvas.turn(turns)
    stage.canvas.scale_to(4.0)
    top, left = stage.canvas.aids.rulers
    for ruler, is_top in ((top, True), (left, False)):
        counts_x = is_top == (turns % 2 == 0)
        assert ruler.numbers()
        for number, place in ruler.numbers():
            at = stage.canvas.to_widget(number, 0) if counts_x else stage.canvas.to_widget(0, number)
            along = at.x() if is_top else at.y() - top.height()
            assert place == pytest.approx(along)


def test_fitted_images_keep_clear_of_the_rulers(stage):  # noqa: F811
    stage.view(rulers=True)
    stage.canvas.fit()
    corner = stage.canvas.to_widget(0, 0)
    assert corner.x() >= stage.canvas.aids.inset
    assert corner.y() >= stage.canvas.aids.inset


def test_rulers_let_the_mouse_through(stage):  # noqa: F811
    stage.view(rulers=True, tool="brush")
    stage.canvas.scale_to(6.0)
    x, y = stage.canvas.to_image(QPointF(200, 8))
    stage.hand.click(x, y)
    assert stage.steps() == ["brush"]


# ── map ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_map_marks_what_is_visible_and_a_drag_moves_it(stage):  # noqa: F811
    stage.view(minimap=True)
    stage.canvas.scale_to(10.0)
    small = stage.canvas.aids.minimap
    small.redraw()
    part, view = small.visible_part(), stage.canvas.viewport_now
    share = view.width_px / view.scale / 200
    assert part.width() / small.width() == pytest.approx(share, abs=0.02)
    QTest.mousePress(small, Qt.MouseButton.LeftButton, pos=QPoint(small.width() // 2, small.height() // 2))
    assert stage.canvas.to_image(QPointF(320, 240)) == pytest.approx((100, 60), abs=1.5)
    target = QPoint(round(small.width() * 0.4), round(small.height() * 0.6))
    QTest.mouseMove(small, target)
    QTest.mouseRelease(small, Qt.MouseButton.LeftButton, pos=target)
    assert not stage.steps(), "a drag on the map is no stroke"


def test_the_map_shows_labels_soon_after_they_change(stage, qtbot):  # noqa: F811
    stage.view(minimap=True, tool="brush", brush_radius=30.0, opacity={"labels": 1.0}, fill_style="fill")
    small = stage.canvas.aids.minimap
    small.redraw()
    before = small.grab().toImage()
    stage.hand.drag((40, 60), (160, 60))
    middle = QPoint(small.width() // 2, small.height() // 2)
    qtbot.waitUntil(lambda: small.grab().toImage().pixelColor(middle) != before.pixelColor(middle), timeout=3000)
    assert small.grab().toImage().pixelColor(middle) == QColor(0, 0, 142)


# ── crosshair and grid ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_crosshair_follows_the_cursor_and_leaves_no_trail(stage):  # noqa: F811
    stage.view(crosshair=True, tool="pan")
    stage.hand.hover(50, 40)
    first = shown(stage.canvas)
    stage.hand.hover(120, 80)
    second = shown(stage.canvas)
    stage.view(crosshair=False)
    plain = shown(stage.canvas)
    strips = crosshair_strips(stage.canvas.to_widget(120, 80), QSize(640, 480))
    outside = np.ones(plain.shape[:2], bool)
    for strip in strips:
        outside[max(0, strip.top()) : strip.bottom() + 1, max(0, strip.left()) : strip.right() + 1] = False
    np.testing.assert_array_equal(second[outside], plain[outside])
    assert (second != plain).any()
    assert (first != second).any()


def test_there_is_no_grid_below_800_percent(stage):  # noqa: F811
    for scale, differs in ((7.9, False), (9.0, True)):
        stage.canvas.scale_to(scale)
        stage.view(pixel_grid=True)
        with_grid = shown(stage.canvas)
        stage.view(pixel_grid=False)
        assert (with_grid != shown(stage.canvas)).any() == differs


# ── outlines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scale", [0.11, 1.0, 12.0])
def test_outlines_are_one_screen_pixel_at_any_zoom(qtbot, tmp_path, scale):
    from segstudio.core.segments import SegmentTable
    from segstudio.render.compositor import Compositor
    from segstudio.render.lut import ColorOptions, segment_table
    from segstudio.render.scene import RasterLayer, Scene
    from tests.ui.canvas_stage import CLASSES

    side = 600
    ids = np.zeros((side, side), np.uint16)
    ids[200:400, 200:400] = 2
    table = segment_table(SegmentTable.for_classes(CLASSES), CLASSES, ColorOptions(opacity=0.5, style="outline"))
    scene = Scene((side, side), Pyramid(np.zeros((side, side, 3), np.uint8)), None, (RasterLayer(ids, table, 1),))
    view = Viewport(300, 300, scale).centred_on(200, 300)
    buffer = Compositor(300, 300).full(view, scene)
    edge = round(view.to_widget(200, 300)[0])
    row = buffer[150, edge - 5 : edge + 6] != 0xFF000000
    assert row.sum() == 1, "the inside of the border, and nothing else"


# ── bare image ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_h_is_released_with_the_focus(stage):  # noqa: F811
    stage.canvas.setFocus()
    QTest.keyPress(stage.canvas, Qt.Key.Key_H)
    assert stage.session.view.now.bare
    stage.canvas.clearFocus()
    assert not stage.session.view.now.bare


# ── the picture panel ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def deep(qtbot, tmp_path):
    """A panel on a picture of five channels of 16 bits."""
    path = tmp_path / "five.tif"
    samples = np.random.default_rng(6).integers(0, 4000, (40, 50, 5), dtype=np.uint16)
    tifffile.imwrite(path, samples, photometric="minisblack", planarconfig="contig")
    session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    panel = PictureAdjust(session)
    qtbot.addWidget(panel)
    session.open_path(path)
    panel.show()
    panel.unfold.click()
    yield panel, session
    session.close()


def test_a_channel_can_be_chosen_and_reset(deep):
    panel, session = deep
    assert panel.kind.text() == "16 bit · 5 channels"
    for _ in range(4):
        QTest.keyClick(panel.mode, Qt.Key.Key_Down)
    assert session.view.now.channels == (3,)
    assert not panel.chosen[0].isVisible()
    panel.mode.activated.emit(0)
    assert session.view.now.channels == ()
    panel.chosen[2].setCurrentIndex(4)
    panel.chosen[2].activated.emit(4)
    assert session.view.now.channels == (0, 1, 4)
    QTest.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    assert session.view.now.channels == ()
    assert panel.chosen[2].currentIndex() == 2


def test_the_range_is_typed_and_black_stays_below_white(deep):
    panel, session = deep
    low, high = panel.percents
    low.lineEdit().selectAll()
    QTest.keyClicks(low, "20")
    QTest.keyClick(low, Qt.Key.Key_Return)
    assert session.view.now.tone_percent == (20.0, 99.5)
    high.lineEdit().selectAll()
    QTest.keyClicks(high, "5")
    QTest.keyClick(high, Qt.Key.Key_Return)
    bottom, top = session.view.now.tone_percent
    assert bottom < top == 5.0


def test_pictures_of_eight_bits_have_their_whole_range(stage, qtbot):  # noqa: F811
    panel = PictureAdjust(stage.session)
    qtbot.addWidget(panel)
    show(stage.session, make_document(stage.session))
    assert [spin.value() for spin in panel.percents] == [0.0, 100.0]
    assert panel.kind.text() == ""
    assert stage.document.labels.raster.bounds == Rect(0, 0, 200, 120)
