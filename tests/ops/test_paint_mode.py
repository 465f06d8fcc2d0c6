"""What a stroke may cover."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.ops.paint_mode import PaintMode, PaintRule

LABELS = hnp.arrays(np.uint16, (6, 7), elements=st.integers(0, 9))
STROKES = hnp.arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 255]))
IDS = st.frozensets(st.integers(0, 9))


@given(
    LABELS, hnp.arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 255])), st.sampled_from(PaintMode), IDS, IDS
)
def test_every_pixel_is_judged_by_its_label(ids_hw, stroke_hw, mode, over, protected):
    painted = PaintRule(mode, over, protected).restrict(stroke_hw, ids_hw)
    for row in range(6):
        for column in range(7):
            label = int(ids_hw[row, column])
            free = {
                PaintMode.EVERYWHERE: True,
                PaintMode.UNLABELLED: label == 0,
                PaintMode.ONLY_OVER: label in over,
            }[mode]
            assert painted[row, column] == (bool(stroke_hw[row, column]) and free and label not in protected)


def test_without_limits_nothing_is_computed():
    assert PaintRule().allowed(np.zeros((2, 2), np.uint16)) is None
