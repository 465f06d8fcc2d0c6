"""Live metrics: whatever is painted, undone, opened and closed, the counts equal a full recount."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix, LiveMetrics
from tests.metrics.fixtures import S1, S2, S4

CLASSES = 3


def recount(*pairs):
    matrix = ConfusionMatrix(CLASSES)
    for truth, labels in pairs:
        matrix.add(truth, labels)
    return matrix


class PaintingSession(RuleBasedStateMachine):
    """A random session of painting over several images; the model is the rasters themselves."""

    def __init__(self):
        super().__init__()
        self.live = LiveMetrics(CLASSES)
        self.images = {}
        self.open_id = None
        self.rng = np.random.default_rng(0)

    @rule(image_id=st.sampled_from("abc"), seed=st.integers(0, 1000))
    def open_image(self, image_id, seed):
        if image_id not in self.images:
            rng = np.random.default_rng(seed)
            height, width = rng.integers(1, 9, 2)
            self.images[image_id] = tuple(rng.choice([0, 1, 2, 7, 255], (2, height, width)).astype(np.uint8))
        self.live.begin_image(*self.images[image_id], image_id=image_id)
        self.open_id = image_id

    @precondition(lambda self: self.open_id is not None)
    @rule(data=st.data(), value=st.sampled_from([0, 1, 2, 255]))
    def paint(self, data, value):
        truth, labels = self.images[self.open_id]
        height, width = truth.shape
        top, left = data.draw(st.integers(0, height)), data.draw(st.integers(0, width))
        window = np.s_[top : top + 3, left : left + 4]
        before = labels[window].copy()
        labels[window] = value
        self.live.update(truth[window], before, labels[window])

    @rule(image_id=st.sampled_from("abc"))
    def forget(self, image_id):
        self.live.forget_image(image_id)
        self.images.pop(image_id, None)
        if self.open_id == image_id:
            self.open_id = None

    @rule(image_id=st.sampled_from("abcd"))
    def count_elsewhere(self, image_id):
        if image_id == self.open_id:
            return
        self.images[image_id] = tuple(np.array(raster) for raster in S1)
        self.live.set_image(image_id, recount(S1))

    @rule()
    def close(self):
        self.live.end_image()
        self.open_id = None

    @invariant()
    def counts_equal_a_full_recount(self):
        assert self.live.dataset == recount(*self.images.values())
        expected = recount() if self.open_id is None else recount(self.images[self.open_id])
        assert self.live.image == expected


PaintingSession.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestPaintingSession = PaintingSession.TestCase


def test_dataset_and_image_change_while_painting():
    truth, labels = S1[0], S1[1].copy()
    live = LiveMetrics(CLASSES)
    live.set_image("other", recount(S2))
    live.begin_image(truth, labels, image_id="open")
    assert live.dataset.mean_iou() == pytest.approx(0.7738095238095238)

    before = labels[:1].copy()
    labels[0, 1] = 0
    live.mark()
    live.update(truth[:1], before, labels[:1])
    assert live.image.iou() == pytest.approx([0.8, 1.0, 0.75])
    assert live.delta.image.iou == pytest.approx([0.2, 1 / 6, 0.0])
    assert live.delta_since_mark.image.pixel_accuracy == pytest.approx(1 / 13)
    assert live.delta.dataset.mean_iou == pytest.approx((19 / 21 - 18 / 21 + 5 / 6 - 5 / 7) / 3)


def test_delta_of_the_stroke_starts_at_its_mark():
    truth, labels = S1[0], S4[1].copy()
    live = LiveMetrics(CLASSES)
    live.begin_image(truth, labels)
    before = labels.copy()
    labels[0, 0] = 0
    live.update(truth, before, labels)
    live.mark()
    assert live.delta.image.pixel_accuracy == pytest.approx(1 / 13)
    assert live.delta_since_mark.image.pixel_accuracy == 0
    live.update(truth, labels, before)
    assert live.delta.image.pixel_accuracy == 0
    assert live.delta_since_mark.image.pixel_accuracy == pytest.approx(-1 / 13)


def test_reopening_an_image_replaces_its_counts():
    live = LiveMetrics(CLASSES)
    live.begin_image(*S1, image_id=1)
    live.begin_image(*S4, image_id=1)
    assert live.dataset == recount(S4)


def test_setting_the_open_image_from_outside_keeps_it_open():
    live = LiveMetrics(CLASSES)
    live.begin_image(*S1, image_id=1)
    live.set_image(1, recount(S4))
    live.update(S1[0], S4[1], S1[1])
    assert live.image == live.dataset == recount(S1)


def test_matrices_handed_in_are_not_shared():
    given = recount(S1)
    live = LiveMetrics(CLASSES)
    live.set_image("a", given)
    given.add(*S1)
    assert live.dataset == live.matrix_of("a") == recount(S1)
    assert live.matrix_of("b") is None


def test_a_wrong_shape_leaves_the_open_image_as_it_was():
    live = LiveMetrics(CLASSES)
    live.begin_image(*S1, image_id=1)
    with pytest.raises(UserError, match="shape"):
        live.begin_image(S1[0], S1[1][:2], image_id=2)
    assert live.image_id == 1
    assert live.image == live.dataset == recount(S1)


def test_updating_nothing_is_refused():
    with pytest.raises(UserError, match="no image"):
        LiveMetrics(CLASSES).update(S1[0], S1[1], S1[1])
