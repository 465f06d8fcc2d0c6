"""Two layers against the truth: the default pair, the numbers, and that they follow images and edits."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer, prediction_layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.metrics.agreement import Agreement
from segstudio.session.comparison import comparing as module
from segstudio.session.comparison.comparing import Comparing
from tests.session.conftest import CLASSES, SIZE_HW


def prediction(name: str, index_hw: np.ndarray) -> Layer:
    """A prediction with those evaluation indices; 3 leaves a pixel unlabelled."""
    layer = Layer(prediction_layer(name), SIZE_HW, locked=True)
    layer.ensure_class_segments(CLASSES)
    segment_of = [layer.segments.of_class(c.id).id for c in CLASSES.evaluated] + [0]
    layer.raster.writable(layer.raster.bounds)[...] = np.array(segment_of, np.uint16)[index_hw]
    return layer


@pytest.fixture
def rasters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(9)
    return {name: rng.integers(0, 4, SIZE_HW) for name in ("small", "large")}


@pytest.fixture
def pair(opened, rasters):
    """A session with two predictions that say anything, being compared."""
    for name, index_hw in rasters.items():
        opened.document.set_prediction(prediction(name, index_hw))
    made = Comparing(opened)
    made.start()
    return made


def iou_by_sets(truth_hw, index_hw) -> list[float]:
    valid = truth_hw < 3
    return [
        ((index_hw == c) & (truth_hw == c)).sum() / (((index_hw == c) & valid) | (truth_hw == c)).sum()
        for c in range(3)
    ]


@pytest.mark.parametrize("band_pixels", [1 << 21, 7 * SIZE_HW[1], 1])
def test_the_numbers_are_those_of_the_sets(opened, rasters, band_pixels, monkeypatch) -> None:
    monkeypatch.setattr(module, "_BAND_PIXELS", band_pixels)
    for name, index_hw in rasters.items():
        opened.document.set_prediction(prediction(name, index_hw))
    comparing = Comparing(opened)
    comparing.start()
    truth_hw = opened.document.truth_index_hw
    small, large = iou_by_sets(truth_hw, rasters["small"]), iou_by_sets(truth_hw, rasters["large"])
    result = comparing.result
    assert (result.a, result.b) == ("prediction:small", "prediction:large")
    assert [row.iou_a for row in result.classes] == pytest.approx(small, abs=1e-12)
    assert [row.delta for row in result.classes] == pytest.approx(np.subtract(large, small).tolist(), abs=1e-12)
    assert comparing.mean_iou("prediction:large") == pytest.approx(np.mean(large), abs=1e-12)
    a, b = rasters["small"], rasters["large"]
    valid = truth_hw < 3
    expected = {
        Agreement.BOTH_RIGHT: (a == truth_hw) & (b == truth_hw),
        Agreement.ONLY_A_RIGHT: (a == truth_hw) & (b != truth_hw),
        Agreement.ONLY_B_RIGHT: (a != truth_hw) & (b == truth_hw),
        Agreement.BOTH_WRONG_ALIKE: (a != truth_hw) & (a == b) & valid,
        Agreement.BOTH_WRONG_DIFFERENTLY: (a != truth_hw) & (b != truth_hw) & (a != b) & valid,
        Agreement.VOID: ~valid,
    }
    assert dict(result.pixels) == {case: int(np.count_nonzero(where)) for case, where in expected.items()}


def test_without_a_choice_the_newest_predictions_are_compared_else_what_there_is(opened, rasters) -> None:
    comparing = Comparing(opened)
    comparing.start()
    assert (comparing.layer_name("a"), comparing.layer_name("b")) == ("labels", "truth")
    opened.document.set_prediction(prediction("small", rasters["small"]))
    assert (comparing.layer_name("a"), comparing.layer_name("b")) == ("prediction:small", "labels")
    for name in ("large", "huge"):
        opened.document.set_prediction(prediction(name, rasters["large"]))
    assert (comparing.layer_name("a"), comparing.layer_name("b")) == ("prediction:large", "prediction:huge")


def test_a_choice_stays_on_the_next_image_which_may_lack_it(pair, opened) -> None:
    pair.choose("b", "labels")
    assert pair.result.b == "labels"
    opened.next_image()
    assert (pair.layer_name("a"), pair.layer_name("b")) == ("prediction:small", "labels")
    assert pair.result is None
    opened.document.set_prediction(prediction("small", np.ones(SIZE_HW, np.int64)))
    assert (pair.result.a, pair.result.b) == ("prediction:small", "labels")


def test_two_predictions_being_compared_stay_so_on_the_next_image(pair, opened) -> None:
    opened.next_image()
    assert (pair.layer_name("a"), pair.layer_name("b")) == ("prediction:small", "prediction:large")
    assert pair.result is None


def test_another_data_set_begins_without_a_choice(pair, opened, street) -> None:
    pair.choose("a", "truth")
    opened.open_path(street, format="class-id-png", class_set=CLASSES)
    assert (pair.layer_name("a"), pair.layer_name("b")) == ("labels", "truth")


def test_a_new_prediction_is_compared_unless_a_choice_was_made(pair, opened, rasters) -> None:
    pair.stop()
    opened.document.set_prediction(prediction("huge", rasters["small"]))
    pair.start()
    assert (pair.layer_name("a"), pair.layer_name("b")) == ("prediction:large", "prediction:huge")
    pair.choose("b", "prediction:small")
    opened.document.set_prediction(prediction("newest", rasters["small"]))
    assert (pair.layer_name("a"), pair.layer_name("b")) == ("prediction:large", "prediction:small")


def test_an_edit_of_the_labels_counts_at_once_and_so_does_its_undo(pair, opened) -> None:
    pair.choose("b", "labels")
    before = pair.mean_iou("labels")
    with opened.document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 80, 30), stroke.segment_for_class(1))
    assert pair.mean_iou("labels") > before
    opened.undo()
    assert pair.mean_iou("labels") == before


def test_nothing_is_counted_before_the_start_and_after_the_stop(opened, rasters) -> None:
    comparing = Comparing(opened)
    opened.document.set_prediction(prediction("small", rasters["small"]))
    assert comparing.result is None
    comparing.start()
    assert comparing.result is not None
    comparing.stop()
    kept = comparing.result
    opened.document.set_prediction(prediction("small", rasters["large"]))
    assert comparing.result is kept


def test_take_copies_one_region_of_that_side_into_the_labels(opened) -> None:
    halves = np.zeros(SIZE_HW, np.int64)
    halves[:, 45:] = 2
    opened.document.set_prediction(prediction("one", np.ones(SIZE_HW, np.int64)))
    opened.document.set_prediction(prediction("two", halves))
    comparing = Comparing(opened)
    comparing.start()
    comparing.take("b", (60.0, 10.0))
    expected = np.where(np.arange(SIZE_HW[1]) >= 45, 2, 255)
    assert (opened.document.labels.index_map(CLASSES) == expected).all()
    comparing.take("a", (60.0, 10.0))
    assert (opened.document.labels.index_map(CLASSES) == 1).all()
    opened.undo()
    assert (opened.document.labels.index_map(CLASSES) == expected).all()


def test_take_in_object_mode_copies_the_object(opened) -> None:
    layer = prediction("one", np.zeros(SIZE_HW, np.int64))
    ring = np.array([[10, 10], [20, 10], [20, 20], [10, 20]], np.float64)
    layer.objects.put(SegObject(1, 2, PolygonShape.of(ring)))
    opened.document.set_prediction(layer)
    opened.view.set(mode="objects")
    comparing = Comparing(opened)
    comparing.start()
    comparing.take("a", (15.0, 15.0))
    assert [item.class_id for item in opened.document.labels.objects.in_order()] == [2]
    assert not opened.document.labels.raster.ids_hw.any()


def test_what_cannot_be_taken_is_refused_in_words(pair) -> None:
    pair.choose("a", "labels")
    with pytest.raises(UserError, match="labels themselves"):
        pair.take("a", (5.0, 5.0))
    pair.choose("a", "prediction:gone")
    with pytest.raises(UserError, match="no layer A"):
        pair.take("a", (5.0, 5.0))
