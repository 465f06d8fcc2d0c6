"""Edits so large that they are counted in strips leave the scores and counts that a recount gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session import Session
from segstudio.session.census import Census

HEIGHT, WIDTH = 60, 90


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[Rect, int, int, bool]]:
    """(rectangle, segment id, seed of its mask, whether it is taken back)."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        x0, y0 = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
        x1, y1 = draw(st.integers(x0 + 1, WIDTH)), draw(st.integers(y0 + 1, HEIGHT))
        segment = draw(st.sampled_from([0, 1, 2, 3, 255, 256, 300, 65535]))
        found.append((Rect(x0, y0, x1, y1), segment, draw(st.integers(0, 3)), draw(st.booleans())))
    return found


@pytest.mark.parametrize("strip_pixels", [1, 200, 2**19])
@given(edits=edits())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_edit_counted_in_strips_equals_a_recount(
    opened: Session, monkeypatch: pytest.MonkeyPatch, strip_pixels: int, edits: list[tuple[Rect, int, int, bool]]
) -> None:
    monkeypatch.setattr("segstudio.session.scores.live._STRIP_PIXELS", strip_pixels)
    monkeypatch.setattr("segstudio.session.census._STRIP_PIXELS", strip_pixels)
    document = opened.document
    assert document is not None
    assert document.truth_index_hw is not None
    census = Census(document)
    assert census.by_segment().sum() == HEIGHT * WIDTH
    for rect, segment, seed, taken_back in edits:
        mask = np.random.default_rng(seed).random((rect.height, rect.width)) < 0.5 if seed else None
        with document.begin("area") as stroke:
            stroke.paint(rect, segment, mask_hw=mask)
        if taken_back:
            document.undo()
    expected = ConfusionMatrix(document.class_set.num_classes, document.class_set.ignored_index)
    ids_hw = document.labels.raster.ids_hw
    expected.add(document.truth_index_hw, document.labels.segments.index_lut(document.class_set)[ids_hw])
    assert opened.live.image_matrix() == expected
    assert np.array_equal(census.by_segment(), np.bincount(ids_hw.reshape(-1), minlength=65536))
