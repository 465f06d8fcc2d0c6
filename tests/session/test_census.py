"""Pixel counts follow every edit and equal a recount."""

from __future__ import annotations

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.session import Session
from segstudio.session.census import Census


def test_counts_follow_strokes_undo_and_cancel(opened: Session) -> None:
    document = opened.document
    census = Census(document)
    assert census.unlabelled == 60 * 90
    with document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 10, 10), stroke.segment_for_class(2))
        stroke.paint(Rect(5, 5, 30, 20), stroke.segment_for_class(0))
    assert census.by_class() == {2: 75, 0: 375}
    stroke = document.begin("more")
    stroke.paint(Rect(0, 0, 90, 60), stroke.segment_for_class(1))
    assert census.by_class() == {1: 5400}
    stroke.cancel()
    assert census.by_class() == {2: 75, 0: 375}
    opened.undo()
    assert census.by_class() == {}
    opened.redo()
    recount = np.bincount(document.labels.raster.ids_hw.reshape(-1), minlength=65536)
    assert np.array_equal(census.by_segment(), recount)
