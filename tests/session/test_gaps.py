"""Unlabelled pixels are counted live and visited by size."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.session import Session
from segstudio.session.edits.gaps import Gaps

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["paint", "erase", "cancel", "undo", "redo"]),
        st.integers(-20, 85),
        st.integers(-20, 55),
        st.integers(1, 50),
    ),
    max_size=15,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_count_after_any_edits_and_while_they_last_is_that_of_a_recount(
    opened: Session, steps: list[tuple[str, int, int, int]]
) -> None:
    gaps, document = Gaps(opened), opened.document
    for what, x, y, side in steps:
        if what == "undo":
            opened.undo()
        elif what == "redo":
            opened.redo()
        else:
            stroke = document.begin(what)
            for shift in (0, 7):
                stroke.paint(Rect(x + shift, y, x + shift + side, y + side), 0 if what == "erase" else 1)
                assert gaps.pixels == (document.labels.raster.ids_hw == 0).sum()
            stroke.cancel() if what == "cancel" else stroke.commit()
        assert gaps.pixels == (document.labels.raster.ids_hw == 0).sum()
    assert gaps.share == pytest.approx(gaps.pixels / 5400)


def test_the_largest_gap_comes_first_and_again_once_it_was_filled(opened: Session) -> None:
    gaps = Gaps(opened)
    with opened.document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 90, 60), 1)
        for x, side in ((5, 3), (20, 8), (50, 5)):
            stroke.paint(Rect(x, 10, x + side, 10 + side), 0)
    assert [gaps.next().area for _ in range(4)] == [64, 25, 9, 64]
    with opened.document.begin("fill") as stroke:
        stroke.paint(Rect(20, 10, 28, 18), 1)
    gap = gaps.next()
    assert (gap.area, gap.rect) == (25, Rect(50, 10, 55, 15))
    with opened.document.begin("fill") as stroke:
        stroke.paint(Rect(0, 0, 90, 60), 1)
    assert gaps.next() is None
    assert gaps.pixels == 0
    opened.next_image()
    assert gaps.next().rect == Rect(0, 0, 90, 60)
