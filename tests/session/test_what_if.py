"""Projections: every row is what a recount after the mending gives; several rows together count shared pixels once."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.metrics.error_kind_map import RegionKind, error_kind_map
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.inspect.what_if import KIND_TITLES, WhatIf
from tests.session.conftest import CLASSES
from tests.session.test_inspection import RUN, index_of, store_run

WRONG = {0: (Rect(60, 40, 80, 50), 1), 1: (Rect(5, 5, 15, 9), 2), 2: (Rect(20, 0, 40, 60), 0)}


@pytest.fixture
def what_if(opened):
    store_run(opened, "net", WRONG)
    inspection = Inspection(opened)
    inspection.start()
    inspection.choose(RUN)
    return WhatIf(inspection)


def sides():
    """Truth and prediction of every image, by hand."""
    for number in range(3):
        said_hw = index_of(number)
        rect, value = WRONG[number]
        said_hw[rect.slices] = value
        yield index_of(number), said_hw


def mean_iou(pairs) -> float:
    """By sets over all images, without a confusion matrix."""
    truth = np.concatenate([one.ravel() for one, _ in pairs])
    said = np.concatenate([other.ravel() for _, other in pairs])
    valid = truth < 3
    scores = [((truth == c) & (said == c)).sum() / (((truth == c) | (said == c)) & valid).sum() for c in range(3)]
    return float(np.mean(scores))


def mended_where(wrong) -> float:
    """The mean IoU where `wrong(number, truth, said)` says which pixels get their truth."""
    pairs = []
    for number, (truth, said) in enumerate(sides()):
        pairs.append((truth, np.where(wrong(number, truth, said), truth, said)))
    return mean_iou(pairs)


def test_each_pair_is_projected_as_a_recount_says(what_if) -> None:
    names = [c.name for c in CLASSES.evaluated]
    rows = what_if.rows("pairs")
    assert {row.title for row in rows} == {"road → house", "house → car", "house → road", "car → road"}
    for row in rows:
        first, _, second = row.title.partition(" → ")
        a, b = names.index(first), names.index(second)
        expected = mended_where(lambda _, truth, said, a=a, b=b: (truth == a) & (said == b))
        assert row.mean_iou == pytest.approx(expected, abs=1e-12)
        assert row.gain == pytest.approx(expected - mean_iou(list(sides())), abs=1e-12)
    assert [row.gain for row in rows] == sorted((row.gain for row in rows), reverse=True)


def test_each_class_and_each_image_is_projected_as_a_recount_says(what_if) -> None:
    for row in what_if.rows("classes"):
        index = [c.name for c in CLASSES.evaluated].index(row.title.removeprefix("everything about "))
        expected = mended_where(lambda _, truth, said, c=index: (truth == c) | (said == c))
        assert row.mean_iou == pytest.approx(expected, abs=1e-12)
    for row in what_if.rows("images"):
        expected = mended_where(lambda number, truth, said, key=row.key: np.full(truth.shape, f"_{number}" in key))
        assert row.mean_iou == pytest.approx(expected, abs=1e-12)


def test_each_kind_is_projected_as_a_recount_says_once_it_is_counted(what_if) -> None:
    assert what_if.rows("kinds") == []
    what_if.count_kinds()
    rows = what_if.rows("kinds")
    assert rows
    kind_of = {f"all {title} errors": kind for kind, title in KIND_TITLES.items()}
    for row in rows:
        kind = kind_of[row.title]
        expected = mended_where(lambda _, t, s, kind=kind: error_kind_map(t, s, num_classes=3) == kind)
        assert row.mean_iou == pytest.approx(expected, abs=1e-12)
    assert sum(row.pixels for row in rows) == sum(int(((t != s) & (t < 3)).sum()) for t, s in sides())


@pytest.mark.parametrize("group", ["pairs", "classes", "images", "kinds"])
def test_everything_together_is_perfect_and_counts_every_pixel_once(what_if, group) -> None:
    what_if.count_kinds()
    together = what_if.together(what_if.rows(group))
    assert together.mean_iou == 1.0
    assert together.pixels == sum(int(((t != s) & (t < 3)).sum()) for t, s in sides())


def test_another_layer_forgets_the_kinds(what_if, opened) -> None:
    what_if.count_kinds()
    assert what_if.num_counted == 3
    what_if._inspection.choose("labels")
    assert what_if.num_counted == 0
    assert RegionKind.BOUNDARY in KIND_TITLES
