"""The inspector's counts over the data set, the regions behind a cell, and corrections of the truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS, TRUTH, Layer, prediction_layer
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.inspect.confusion_regions import ConfusionRegions
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.inspect.mend import mend_labels, mend_truth
from segstudio.session.inspect.truth_copy import corrected_keys, unlock_truth
from tests.session.conftest import CLASSES, SIZE_HW, truth_of

RUN = prediction_layer("net")


def store_run(session, name: str, wrong: dict[int, tuple[Rect, int]]) -> None:
    """A run over all three images that repeats the truth but for one rectangle of another class in some of them."""
    session.project.add_run(name, model="net")
    for number, item in enumerate(session.images):
        index_hw = index_of(number)
        if number in wrong:
            rect, value = wrong[number]
            index_hw[rect.slices] = value
        layer = Layer(prediction_layer(name), SIZE_HW)
        layer.ensure_class_segments(CLASSES)
        segment_of = [layer.segments.of_class(c.id).id for c in CLASSES.evaluated] + [0]
        layer.raster.writable(layer.raster.bounds)[...] = np.array(segment_of, np.uint16)[np.minimum(index_hw, 3)]
        session.project.save_annotation(item.key, layer.name, layer.to_annotation(), locked=True, run=name)
        if session.document.key == item.key:
            layer.locked = True
            session.document.set_prediction(layer)


def index_of(number: int) -> np.ndarray:
    ids_hw = truth_of(number)
    return np.where(ids_hw == 9, 255, ids_hw)


@pytest.fixture
def run(opened):
    """House where there is road: 200 px in image 0, 40 px in image 1; nothing wrong in image 2."""
    store_run(opened, "net", {0: (Rect(60, 40, 80, 50), 1), 1: (Rect(60, 40, 70, 44), 1)})
    return opened


@pytest.fixture
def inspection(run):
    made = Inspection(run)
    made.start()
    made.choose(RUN)
    return made


def test_every_image_that_the_run_has_is_counted_and_the_sum_is_a_recount(inspection, run) -> None:
    assert inspection.done_images == inspection.total_images == 3
    total = inspection.dataset_matrix()
    assert total.counts[0, 1] == 240
    assert total.counts.sum() == total.counts.trace() + 240 == 3 * 60 * 85
    assert inspection.image_matrix().counts[0, 1] == 200


def test_labels_that_were_never_drawn_do_not_count(inspection, run) -> None:
    inspection.choose(LABELS)
    assert inspection.matrices() == {}
    assert inspection.image_matrix() is None
    assert inspection.dataset_matrix().valid_pixels == 0


def test_the_labels_matrix_follows_every_stroke_and_survives_going_to_another_image(inspection, run) -> None:
    inspection.choose(LABELS)
    document = run.document
    with document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 10, 10), stroke.segment_for_class(0))
        assert inspection.dataset_matrix().counts[1, 0] == 100
    run.next_image()
    assert run.document is not document
    assert inspection.dataset_matrix().counts[1, 0] == 100
    assert list(inspection.matrices()) == [document.key]


def test_a_cell_lists_its_regions_over_all_images_with_the_gain_of_mending_each(inspection, run) -> None:
    regions = ConfusionRegions(inspection)
    regions.show((0, 1))
    assert [(row.key, row.region.pixels) for row in regions.rows] == [
        (run.images[0].key, 200),
        (run.images[1].key, 40),
    ]
    assert (regions.count, regions.pixels) == (2, 240)
    before = inspection.dataset_matrix()
    for row in regions.rows:
        after = before.copy()
        moved = np.zeros((3, 3), np.int64)
        moved[0, 0], moved[0, 1] = row.region.pixels, -row.region.pixels
        after += ConfusionMatrix.from_counts(moved)
        assert row.region.delta_miou == pytest.approx(after.mean_iou() - before.mean_iou(), abs=1e-12)


def test_the_list_follows_an_edit_and_its_undo(inspection, run) -> None:
    inspection.choose(LABELS)
    document = run.document
    with document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 10, 10), stroke.segment_for_class(0))
        stroke.paint(Rect(20, 0, 24, 10), stroke.segment_for_class(0))
    regions = ConfusionRegions(inspection)
    regions.show((1, 0))
    assert [row.region.pixels for row in regions.rows] == [100, 40]
    edit = mend_labels(document, LABELS, regions.rows[0].region)
    assert edit.pixels == 100
    assert [row.region.pixels for row in regions.rows] == [40]
    assert inspection.dataset_matrix().counts[1, 1] == 100
    run.undo()
    assert [row.region.pixels for row in regions.rows] == [100, 40]


def test_mending_a_region_that_is_gone_is_refused(inspection, run) -> None:
    regions = ConfusionRegions(inspection)
    regions.show((0, 1), whole=False)
    region = regions.rows[0].region
    with run.document.begin("paint") as stroke:
        stroke.paint(region.box, stroke.segment_for_class(0))
    with pytest.raises(UserError, match="not wrong any more"):
        mend_labels(run.document, LABELS, region)


def test_a_correction_of_the_truth_is_durable_undoable_and_scored_at_once(inspection, run) -> None:
    with pytest.raises(UserError, match="locked"):
        mend_truth(run.document, RUN, region_of(inspection))
    unlock_truth(run)
    data_set_truth = run.document.truth_index_hw.copy()
    edit = mend_truth(run.document, RUN, region_of(inspection))
    assert edit.layer == TRUTH
    assert (run.document.truth_index_hw[40:50, 60:80] == 1).all()
    assert inspection.image_matrix().counts[0, 1] == 0
    assert run.live.image_matrix().truth_pixels[1] == (data_set_truth == 1).sum() + 200
    run.undo()
    assert np.array_equal(run.document.truth_index_hw, data_set_truth)
    assert inspection.image_matrix().counts[0, 1] == 200
    run.redo()
    key = run.document.key
    assert corrected_keys(run) == {key}
    run.next_image()
    assert inspection.dataset_matrix().counts[0, 1] == 40
    run.previous_image()
    assert run.document.key == key
    assert (run.document.truth_index_hw[40:50, 60:80] == 1).all()
    assert not run.document.truth.locked


def test_the_corrected_truth_is_what_the_regions_and_the_counts_are_measured_against(inspection, run) -> None:
    unlock_truth(run)
    mend_truth(run.document, RUN, region_of(inspection), as_void=True)
    run.next_image()
    inspection.recount()
    assert inspection.dataset_matrix().counts[0, 1] == 40
    assert inspection.dataset_matrix().valid_pixels == 3 * 60 * 85 - 200


def region_of(inspection):
    regions = ConfusionRegions(inspection)
    regions.show((0, 1), whole=False)
    return regions.rows[0].region


@pytest.mark.parametrize("seed", range(5))
def test_regions_are_the_components_of_the_confusion(opened, seed: int) -> None:
    rng = np.random.default_rng(seed)
    document = opened.document
    with document.begin("noise") as stroke:
        ids = [stroke.segment_for_class(c.id) for c in CLASSES.evaluated]
        stroke.write(Rect.of_size(*SIZE_HW), np.array(ids, np.uint16)[rng.integers(0, 3, SIZE_HW)])
    inspection = Inspection(opened)
    inspection.start()
    regions = ConfusionRegions(inspection)
    regions.show((1, 2))
    wrong = (document.truth_index_hw == 1) & (document.labels.index_map(CLASSES) == 2)
    number, _, statistics, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=8)
    sizes = sorted(statistics[1:number, cv2.CC_STAT_AREA].tolist(), reverse=True)
    assert sorted((row.region.pixels for row in regions.rows), reverse=True) == sizes
