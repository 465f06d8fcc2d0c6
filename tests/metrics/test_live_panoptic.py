"""PQ by differences equals PQ by a full recount, whatever is painted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.metrics.live_panoptic import LivePanoptic, mean_pq
from segstudio.metrics.panoptic import PanopticImage, Segment, panoptic_quality

CLASSES = ClassSet(
    "two",
    (
        LabelClass(1, "stuff", (1, 1, 1), train_id=0),
        LabelClass(2, "thing", (2, 2, 2), train_id=1, is_thing=True),
        LabelClass(3, "other", (3, 3, 3), train_id=2, is_thing=True),
    ),
)
TRUTH = {1: Segment(1), 2: Segment(2), 3: Segment(2), 4: Segment(3), 5: Segment(2, is_crowd=True)}
LABELS = {1: Segment(1), 2: Segment(2), 3: Segment(2), 4: Segment(3)}
SHAPE = (12, 14)


def raster(rng, ids):
    """Blocks, so that segments are found again often enough."""
    coarse = rng.choice(ids, (4, 4))
    return np.kron(coarse, np.ones((3, 3), np.uint16)).astype(np.uint16)


def blocks(rng, ids):
    out = np.zeros(SHAPE, np.uint16)
    drawn = raster(rng, ids)
    out[: drawn.shape[0], : drawn.shape[1]] = drawn
    return out


def recount(images):
    return panoptic_quality((PanopticImage(n, t, TRUTH, p, LABELS) for n, t, p in images), classes=CLASSES).counts


def assert_same(counts, expected):
    for name in ("true_positives", "false_positives", "false_negatives"):
        assert np.array_equal(getattr(counts, name), getattr(expected, name))
    assert np.allclose(counts.iou_sum, expected.iou_sum, rtol=0, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_every_painted_rectangle_gives_what_a_recount_gives(seed):
    rng = np.random.default_rng(seed)
    live = LivePanoptic(CLASSES)
    states = {}
    for name in ("a", "b", "a"):
        truth, labels = states.get(name, (blocks(rng, [0, 1, 2, 3, 4, 5]), blocks(rng, [0, 1, 2, 3, 4])))
        live.begin_image(name, truth, TRUTH, labels, LABELS)
        for _ in range(5):
            y, x = rng.integers(0, 10, 2)
            area = np.s_[y : y + rng.integers(1, 8), x : x + rng.integers(1, 8)]
            before = labels[area].copy()
            labels[area] = rng.integers(0, 5)
            live.update(truth[area], before, labels[area])
            assert_same(live.image, recount([(name, truth, labels)]))
        states[name] = truth, labels
        assert_same(live.dataset, recount([(key, *both) for key, both in states.items()]))
    assert live.num_images == 2


def test_undo_brings_the_number_back():
    rng = np.random.default_rng(3)
    truth, labels = blocks(rng, [0, 1, 2, 3, 4]), blocks(rng, [0, 1, 2, 3, 4])
    live = LivePanoptic(CLASSES)
    live.begin_image("a", truth, TRUTH, labels, LABELS)
    before = mean_pq(live.image)
    after = np.zeros_like(labels)
    live.update(truth, labels, after)
    live.update(truth, after, labels)
    assert mean_pq(live.image) == before == mean_pq(live.at_opening)


def test_a_segment_that_becomes_another_class_counts_as_that():
    truth = np.full((4, 4), 2, np.uint16)
    live = LivePanoptic(CLASSES)
    live.begin_image("a", truth, TRUTH, truth, {2: Segment(3)})
    assert mean_pq(live.image) == 0
    live.change_segments({2: Segment(2)})
    assert mean_pq(live.image) == 1
    assert mean_pq(live.with_image(live.at_opening)) == 0


def test_without_an_open_image_there_is_nothing_to_update():
    with pytest.raises(UserError):
        LivePanoptic(CLASSES).update(*(np.zeros((1, 1), np.uint16),) * 3)


def test_an_image_counted_elsewhere_joins_and_leaves_the_data_set():
    truth = np.full((4, 4), 2, np.uint16)
    live = LivePanoptic(CLASSES)
    live.begin_image("a", truth, TRUTH, truth, LABELS)
    alone = live.dataset
    live.set_image("b", recount([("b", truth, np.full((4, 4), 4, np.uint16))]))
    assert_same(live.dataset, recount([("a", truth, truth), ("b", truth, np.full((4, 4), 4, np.uint16))]))
    live.forget_image("b")
    assert_same(live.dataset, alone)
