"""The compositor: every pixel as the definition says, and parts drawn alone equal to the whole."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation, Layer
from segstudio.core.raster import LabelRaster
from segstudio.core.segments import Segment, SegmentTable
from segstudio.ops.index_view import IndexView
from segstudio.render import compositor as compositor_module
from segstudio.render.compositor import Compositor
from segstudio.render.lut import ColorOptions, confidence_table, error_table, segment_table
from segstudio.render.pyramid import Pyramid
from segstudio.render.scene import ErrorLayer, RasterLayer, Scene
from segstudio.render.tone import tone_of
from segstudio.render.viewport import Viewport

CLASSES = ClassSet(
    "test",
    (
        LabelClass(0, "void", (0, 0, 0), is_ignored=True),
        LabelClass(1, "road", (200, 40, 80)),
        LabelClass(2, "car", (10, 90, 250), is_thing=True),
    ),
)
SEGMENTS = SegmentTable.for_classes(CLASSES)


def random_picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def blocky_ids(height, width, seed=0, side=7):
    coarse = np.random.default_rng(seed).integers(0, 5, (height // side + 1, width // side + 1), dtype=np.uint16)
    return np.kron(coarse, np.ones((side, side), np.uint16))[:height, :width].copy()


def full_scene(height=170, width=230, *, style="both", outline_px=2, seed=0, tone=None):
    """A picture with labels, errors and confidence over it."""
    rng = np.random.default_rng(seed)
    photo = Pyramid(random_picture(height, width, seed))
    photo.build()
    ids, truth = blocky_ids(height, width, seed), blocky_ids(height, width, seed + 1)
    index = SEGMENTS.index_lut(CLASSES)
    layers = (
        RasterLayer(ids, segment_table(SEGMENTS, CLASSES, ColorOptions(style=style)), outline_px),
        ErrorLayer(index[truth], ids, index, lambda t, p: np.where(t == p, 1, 4).astype(np.uint8), error_table()),
        RasterLayer(rng.integers(0, 256, (height, width), dtype=np.uint8), confidence_table(opacity=0.2)),
    )
    return Scene((height, width), photo, tone, layers, pixel_grid=True), ids


views = st.builds(
    Viewport,
    st.integers(20, 300),
    st.integers(20, 200),
    scale=st.sampled_from([0.11, 0.25, 0.26, 0.5, 0.73, 1.0, 1.5, 1.99, 2.0, 3.3, 8.0, 11.7]),
    left=st.floats(-60, 300),
    top=st.floats(-60, 300),
    quarter_turns=st.integers(0, 3),
)


def channels_of(buffer_hw):
    return np.stack([(buffer_hw >> shift) & 0xFF for shift in (16, 8, 0)], axis=2).astype(int)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("scale", [0.37, 1.0, 2.0, 5.5])
def test_labels_are_the_pixel_under_each_device_pixels_middle(scale, turns):
    height, width = 61, 83
    ids = blocky_ids(height, width, side=3)
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(opacity=1.0, style="fill", hatch_ignored=False))
    view = Viewport(90, 70, quarter_turns=turns).fit((height, width)).scaled_at(scale, 40, 30)
    buffer = Compositor(90, 70).full(view, Scene((height, width), None, None, (RasterLayer(ids, table),)))
    colors = {i + 1: c.color for i, c in enumerate(CLASSES.classes)}
    for row in range(70):
        for column in range(90):
            x, y = view.to_image(column + 0.5, row + 0.5)
            if 0 <= x < width and 0 <= y < height:
                wanted = colors.get(int(ids[math.floor(y), math.floor(x)]), (32, 32, 32))
            else:
                wanted = (32, 32, 32)
            word = int(buffer[row, column])
            assert ((word >> 16) & 255, (word >> 8) & 255, word & 255) == wanted, (row, column)


@settings(max_examples=60, deadline=None)
@given(views, st.integers(0, 229), st.integers(0, 169), st.integers(1, 80), st.integers(1, 80), st.integers(0, 3))
def test_an_update_gives_what_a_full_frame_gives(view, x, y, width, height, outline_px):
    scene, ids = full_scene(outline_px=outline_px)
    drawn = Compositor(view.width_px, view.height_px)
    drawn.full(view, scene)
    rect = Rect(x, y, min(230, x + width), min(170, y + height))
    ids[rect.slices] = 2
    drawn.update(rect)
    fresh = Compositor(view.width_px, view.height_px).full(view, scene)
    np.testing.assert_array_equal(drawn.buffer_hw, fresh)


@settings(max_examples=60, deadline=None)
@given(views, st.integers(-120, 120), st.integers(-120, 120))
def test_a_pan_gives_what_a_full_frame_gives(view, dx, dy):
    scene, _ = full_scene()
    panned = Compositor(view.width_px, view.height_px)
    panned.full(view, scene)
    strips = panned.pan(dx, dy)
    fresh = Compositor(view.width_px, view.height_px).full(view.panned(dx, dy), scene)
    np.testing.assert_array_equal(panned.buffer_hw, fresh)
    moved = max(0, view.width_px - abs(dx)) * max(0, view.height_px - abs(dy))
    assert sum(strip.area for strip in strips) <= 2 * (view.bounds.area - moved)


@pytest.mark.parametrize("scale", [0.3, 1.3, 4.0])
def test_bands_drawn_by_several_threads_equal_one_band(scale, monkeypatch):
    scene, _ = full_scene(tone=tone_of(Pyramid(random_picture(4, 4)), contrast=0.2))
    view = Viewport(300, 200, scale=scale, left=3.25)
    monkeypatch.setattr(compositor_module, "_BAND_AREA", 10**9)
    whole = Compositor(300, 200).full(view, scene).copy()
    monkeypatch.setattr(compositor_module, "_BAND_AREA", 3000)
    np.testing.assert_array_equal(Compositor(300, 200).full(view, scene), whole)


def test_a_photo_at_100_percent_is_itself():
    picture = random_picture(40, 60)
    buffer = Compositor(60, 40).full(Viewport(60, 40), Scene((40, 60), Pyramid(picture)))
    np.testing.assert_array_equal(channels_of(buffer), picture)
    assert (buffer >> 24 == 255).all()


@pytest.mark.parametrize(("left", "top"), [(0, 0), (17, 5), (-9, -4), (55, 30)])
def test_a_photo_at_100_percent_is_never_blurred(left, top):
    picture = random_picture(40, 60)
    buffer = channels_of(
        Compositor(70, 50).full(Viewport(70, 50, left=left, top=top), Scene((40, 60), Pyramid(picture)))
    )
    for row in range(50):
        for column in range(70):
            inside = 0 <= row + top < 40 and 0 <= column + left < 60
            wanted = picture[row + top, column + left] if inside else (32, 32, 32)
            assert tuple(buffer[row, column]) == tuple(wanted)


def test_a_photo_is_interpolated_below_200_percent_and_square_from_there():
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:, 2:] = 200
    smooth = Compositor(6, 6).full(Viewport(6, 6, scale=1.5), Scene((4, 4), Pyramid(picture)))
    assert set(np.unique(smooth & 0xFF)) - {0, 200}
    square = Compositor(8, 8).full(Viewport(8, 8, scale=2.0), Scene((4, 4), Pyramid(picture)))
    np.testing.assert_array_equal(channels_of(square), np.kron(picture, np.ones((2, 2, 1), np.uint8)))


def test_a_small_view_of_a_large_picture_shows_its_means():
    picture = np.zeros((1024, 1024, 3), np.uint8)
    picture[::2] = 200
    photo = Pyramid(picture)
    photo.build()
    buffer = Compositor(256, 256).full(Viewport(256, 256, scale=0.25), Scene((1024, 1024), photo))
    assert set(np.unique(buffer & 0xFF)) == {100}


def test_a_fresh_picture_is_drawn_before_its_levels_are_there():
    photo = Pyramid(random_picture(1024, 1024))
    view = Viewport(256, 256, scale=0.25)
    drawn = Compositor(256, 256)
    coarse = drawn.full(view, Scene((1024, 1024), photo)).copy()
    assert drawn.is_coarse
    assert coarse.any()
    photo.build()
    fine = drawn.full(view, Scene((1024, 1024), photo))
    assert not drawn.is_coarse
    assert fine.astype(np.int64).var() < coarse.astype(np.int64).var()


def test_blending_follows_its_definition():
    picture = random_picture(20, 30)
    ids = np.full((20, 30), 2, np.uint16)
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(opacity=0.4, style="fill"))
    buffer = Compositor(30, 20).full(
        Viewport(30, 20), Scene((20, 30), Pyramid(picture), None, (RasterLayer(ids, table),))
    )
    wanted = picture * 0.6 + np.array([200, 40, 80]) * 0.4
    assert np.abs(channels_of(buffer) - wanted).max() <= 1.5


@pytest.mark.parametrize("width_px", [1, 2, 3])
def test_outlines_run_inside_both_neighbours(width_px):
    ids = np.zeros((20, 20), np.uint16)
    ids[:, 10:] = 3
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(opacity=0.0, style="outline"))
    buffer = Compositor(20, 20).full(
        Viewport(20, 20), Scene((20, 20), None, None, (RasterLayer(ids, table, width_px),))
    )
    columns = np.flatnonzero((buffer != buffer[0, 0]).any(axis=0))
    # Unlabelled pixels have no outline of their own; the image's border is no border of a segment.
    assert columns.tolist() == list(range(10, 10 + width_px))


def test_hidden_classes_leave_the_picture_bare():
    picture = random_picture(20, 30)
    ids = np.full((20, 30), 2, np.uint16)
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(hidden_classes=frozenset({1})))
    buffer = Compositor(30, 20).full(
        Viewport(30, 20), Scene((20, 30), Pyramid(picture), None, (RasterLayer(ids, table, 2),))
    )
    np.testing.assert_array_equal(channels_of(buffer), picture)


def test_void_is_hatched_and_the_hatching_moves_with_the_picture():
    ids = np.full((60, 60), 1, np.uint16)
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(style="fill"))
    scene = Scene((60, 60), None, None, (RasterLayer(ids, table),))
    drawn = Compositor(40, 40).full(Viewport(40, 40), scene).copy()
    assert len(np.unique(drawn)) == 2
    moved = Compositor(40, 40).full(Viewport(40, 40).panned(-5, -7), scene)
    np.testing.assert_array_equal(moved[:33, :35], drawn[7:, 5:])


@pytest.mark.parametrize("style", ["fill", "both"])
def test_more_segments_than_narrow_entries_can_hold(style):
    segments = SegmentTable.for_classes(CLASSES)
    ids = np.full((8, 8), 65535, np.uint16)
    ids[0] = 3
    segments.put(Segment(65535, 2, instance=4))
    table = segment_table(segments, CLASSES, ColorOptions(opacity=1.0, style=style))
    buffer = Compositor(8, 8).full(Viewport(8, 8), Scene((8, 8), None, None, (RasterLayer(ids, table, 1),)))
    assert (channels_of(buffer)[5, 5] == [10, 90, 250]).all()


def test_unknown_ids_stay_bare():
    ids = np.full((8, 8), 999, np.uint16)
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(opacity=1.0))
    buffer = Compositor(8, 8).full(Viewport(8, 8), Scene((8, 8), None, None, (RasterLayer(ids, table, 1),)))
    assert set(np.unique(buffer)) == {0xFF202020}


def test_sides_beyond_opencvs_limit_are_drawn():
    picture = np.zeros((8, 40_000, 3), np.uint8)
    picture[:, 39_000:] = 90
    ids = np.zeros((8, 40_000), np.uint16)
    ids[:, 39_500:] = 2
    table = segment_table(SEGMENTS, CLASSES, ColorOptions(opacity=1.0, style="fill"))
    scene = Scene((8, 40_000), Pyramid(picture), None, (RasterLayer(ids, table),))
    for scale in (0.2, 0.6, 1.0, 4.0):
        view = Viewport(100, 8, scale=scale).centred_on(39_800, 4)
        buffer = Compositor(100, 8).full(view, scene)
        assert (200 << 16 | 40 << 8 | 80 | 0xFF000000) in buffer


def test_a_failure_in_one_of_the_threads_reaches_the_caller(monkeypatch):
    def fails(truth, labels):
        raise ValueError("no such code")

    monkeypatch.setattr(compositor_module, "_BAND_AREA", 500)
    ids, index = blocky_ids(100, 100), SEGMENTS.index_lut(CLASSES)
    scene = Scene((100, 100), None, None, (ErrorLayer(index[ids], ids, index, fails, error_table()),))
    with pytest.raises(ValueError, match="no such code"):
        Compositor(100, 100).full(Viewport(100, 100), scene)


def test_the_buffer_follows_the_views_size():
    drawn = Compositor(10, 10)
    assert drawn.full(Viewport(30, 20), Scene((5, 5))).shape == (20, 30)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("scale", [0.11, 0.37, 1.0, 2.6])
@pytest.mark.parametrize("outline_px", [0, 1, 3])
def test_layers_without_labels_in_view_are_left_out_and_no_pixel_differs(scale, turns, outline_px):
    height, width = 700, 900
    photo = Pyramid(random_picture(height, width, 3))
    photo.build()
    raster, table = LabelRaster(height, width), segment_table(SEGMENTS, CLASSES, ColorOptions(style="both"))
    view = Viewport(160, 120, scale=scale, left=200 * scale, top=200 * scale, quarter_turns=turns)
    known = Scene((height, width), photo, None, (RasterLayer(raster.ids_hw, table, outline_px, raster.drawn),))
    looked = replace(known, layers=(RasterLayer(raster.ids_hw, table, outline_px),))
    one, other = Compositor(160, 120), Compositor(160, 120)
    # Nothing at all, a pixel in the corner of a tile, one beside what is shown, and a square over several tiles.
    for rect in (None, Rect(255, 255, 256, 256), Rect(520, 100, 521, 101), Rect(230, 200, 300, 290)):
        if rect is not None:
            raster.writable(rect)[...] = 2
        one.full(view, known)
        other.full(view, looked)
        assert np.array_equal(one.buffer_hw, other.buffer_hw)


@pytest.mark.parametrize("scale", [0.11, 0.73, 1.0, 3.3])
def test_a_truth_that_is_looked_up_is_drawn_as_one_that_has_a_map(scale):
    height, width = 170, 230
    ids, truth = blocky_ids(height, width, 1), blocky_ids(height, width, 2)
    index = SEGMENTS.index_lut(CLASSES)
    view = IndexView(Layer.over("truth", Annotation((height, width), truth, tuple(SEGMENTS))), CLASSES).as_array()
    drawn = []
    for truth_hw in (index[truth], view):
        layer = ErrorLayer(truth_hw, ids, index, lambda t, p: np.where(t == p, 1, 4).astype(np.uint8), error_table())
        compositor = Compositor(150, 110)
        compositor.full(Viewport(150, 110, scale=scale), Scene((height, width), None, None, (layer,)))
        drawn.append(compositor.buffer_hw.copy())
    assert np.array_equal(*drawn)
