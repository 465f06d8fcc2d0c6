"""Colour tables: what is shown, hidden, hovered and selected, and that the safe palette is told apart."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet
from segstudio.core.segments import Segment, SegmentTable
from segstudio.render.lut import (
    ERROR_VOID,
    OUTLINE,
    STRIPE,
    ColorOptions,
    ColorTable,
    NumberColors,
    color_blind_color,
    confidence_table,
    display_curve,
    error_table,
    kind_table,
    segment_table,
)

CLASSES = ClassSet.of_names(["a", "b", "c"], first_id=1)


def alpha_of(table: ColorTable, number: int, look: int = 0) -> int:
    return 255 - (int(table.words[look * table.size + number]) >> 24)


def test_only_known_segments_are_drawn():
    table = segment_table(SegmentTable.for_classes(CLASSES), CLASSES, ColorOptions(opacity=0.5))
    assert [alpha_of(table, n) for n in range(table.size)] == [0, 128, 128, 128, 0]


def test_hover_makes_stronger_and_selection_white():
    options = ColorOptions(opacity=0.4, style="fill", hovered=1, selected=frozenset({2}))
    table = segment_table(SegmentTable.for_classes(CLASSES), CLASSES, options)
    assert alpha_of(table, 1) > alpha_of(table, 3)
    assert int(table.words[OUTLINE * table.size + 2]) == 0xFFFFFF
    assert alpha_of(table, 3, OUTLINE) == alpha_of(table, 3)


def test_isolating_hides_the_rest():
    options = ColorOptions(isolated=frozenset({2}))
    table = segment_table(SegmentTable.for_classes(CLASSES), CLASSES, options)
    assert [alpha_of(table, n) > 0 for n in (1, 2, 3)] == [False, True, False]


def test_instances_of_a_class_get_shades_of_their_own():
    segments = SegmentTable([Segment(1, 1, 1), Segment(2, 1, 2), Segment(3, 1)])
    rows = [(segment.id, segment.class_id, segment.instance) for segment in segments]
    by_class = NumberColors.of(rows, CLASSES).colors.tolist()
    by_instance = NumberColors.of(rows, CLASSES, color_by="instance").colors.tolist()
    assert by_class[1] == by_class[2] == by_class[3]
    assert by_instance[3] == by_class[3]
    assert len({tuple(color) for color in by_instance[1:4]}) == 3


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=20), st.floats(0, 1))
def test_color_and_keep_never_overflow(colors, opacity):
    array = np.array(colors, np.uint8)
    table = ColorTable.of(array, np.full(len(array), opacity))
    for shift in (0, 8, 16):
        total = ((table.words >> shift) & 255).astype(int) + (table.words >> 24)
        assert total.max() <= 255


def luminance(color):
    linear = [(c / 255) ** 2.2 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def deuteranope(color):
    """What a person without green cones tells apart: yellowness and blue (Viénot, Brettel, Mollon 1999, linear RGB)."""
    red, green, blue = ((c / 255) ** 2.2 for c in color)
    return np.array([0.29275 * red + 0.70725 * green, blue])


def test_the_first_colors_of_the_safe_palette_differ_without_green_cones():
    seen = [deuteranope(color_blind_color(i)) for i in range(8)]
    for a, b in itertools.combinations(seen, 2):
        assert np.abs(a - b).max() > 0.04


def test_later_colors_of_the_safe_palette_are_new():
    assert len({color_blind_color(i) for i in range(40)}) == 40


def test_error_colors_leave_neutral_bare_and_hatch_void():
    table = error_table()
    assert [alpha_of(table, code) > 0 for code in range(6)] == [False, True, True, True, True, True]
    striped = table.words[STRIPE * table.size :] != table.words[: table.size]
    assert np.flatnonzero(striped).tolist() == [ERROR_VOID]


def test_hidden_kinds_are_bare_and_no_two_kinds_look_alike():
    table = kind_table(hidden=(2, 5))
    assert [code for code in range(10) if alpha_of(table, code) == 0] == [0, 2, 5]
    assert len(set(kind_table().words[:10].tolist())) == 10
    assert alpha_of(error_table(shown=[2]), 3) == 0


def test_confidence_grows_lighter_and_low_values_stand_out():
    table = confidence_table(opacity=1.0, threshold=0.5)
    colors = [((int(w) >> 16) & 255, (int(w) >> 8) & 255, int(w) & 255) for w in table.words]
    lightness = [luminance(color) for color in colors[128:]]
    assert all(a < b for a, b in itertools.pairwise(lightness[::8]))
    assert set(colors[:127]) == {(220, 40, 40)}


@pytest.mark.parametrize("kind", [{}, {"brightness": 0.3}, {"contrast": -0.5}, {"contrast": 0.9}, {"gamma": 2.2}])
def test_display_curves_never_turn_back(kind):
    curve = display_curve(**kind)
    if not kind:
        assert curve is None
    else:
        assert (np.diff(curve.astype(int)) >= 0).all()
        assert curve.dtype == np.uint8
