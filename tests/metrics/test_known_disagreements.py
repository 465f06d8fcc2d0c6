"""Forty places where the field's evaluators are known to disagree or to err: which test pins each, and the last pins.

The numbers are those of our list of known disagreements; the titles say whose behaviour it is and what ours must be.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.formats.mapping import by_name
from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.boundary import boundary_iou, boundary_of
from segstudio.metrics.instance_errors import InstanceError, instance_errors
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from segstudio.metrics.panoptic import PanopticImage, Segment, panoptic_quality
from segstudio.render.sampling import Axis, Grid, sample
from segstudio.render.scratch import Scratch
from segstudio.render.viewport import Viewport
from tests.metrics.fixtures import rle_box, square

HERE = "test_known_disagreements"
PINNED = {
    1: ("torchmetrics MeanIoU is a mean over pairs", "test_semantic::test_one_dataset_has_four_mean_ious"),
    2: ("torchmetrics MeanIoU has no void", "test_confusion::test_counts_of_s1_leave_out_void"),
    3: ("mmsegmentation's histogram lost the last class", "test_confusion::test_last_class_counts"),
    4: ("mmsegmentation's F-score is NaN at 0", "test_confusion::test_dice_of_a_class_never_hit_is_zero_not_undefined"),
    5: ("ignoring the background drops its FP", "test_confusion::test_ignoring_a_real_class_is_said_aloud"),
    6: ("evaluate remaps labels one after another", f"{HERE}::test_classes_that_change_places_do_not_collapse"),
    7: ("COCO annotation id 0 is unmatched", "test_coco_ap_oracle::test_annotation_id_zero_would_lose_a_match"),
    8: ("COCO AP is -1 without maxDets 100", "test_coco_ap::test_the_last_of_max_dets_is_used_even_if_it_is_not_100"),
    9: ("COCO takes the box's area", "test_coco_ap::test_the_size_of_a_detection_is_its_mask_unless_stated"),
    10: ("COCO overwrites ignore by iscrowd", "test_coco_ap_oracle::test_an_ignore_key_does_not_excuse"),
    11: ("raster rules of polygons differ", "test_polygon::test_the_square_that_other_libraries_fill_otherwise"),
    12: ("Cityscapes AP fails", "test_cityscapes_ap::test_a_class_whose_only_detections_are_excused_scores_zero"),
    13: ("Cityscapes' pixel accuracy is inverted", "test_confusion::test_metrics_of_s1"),
    14: ("Cityscapes' script and new numpy", "test_semantic_oracles::test_cityscapes_script_agrees"),
    15: ("Cityscapes' fast path has no bounds", f"{HERE}::test_ids_beyond_the_classes_stay_out_of_bounds"),
    16: ("instance PNGs are 16 bit", "test_label_png::test_what_is_written_is_read"),
    17: ("panopticapi honours the last crowd only", "test_panoptic::test_every_crowd_of_a_class_excuses"),
    18: ("PQ is not symmetric", "test_panoptic::test_truth_and_prediction_are_not_symmetric"),
    19: ("panopticapi believes areas of the JSON", f"{HERE}::test_areas_are_counted_not_believed"),
    20: ("the first mask got id 0", "test_panoptic::test_bad_tables_are_named"),
    21: ("torchmetrics' predicted void is free", "test_panoptic::test_predicted_void_costs_the_truth_segment"),
    22: ("several void regions", "test_panoptic::test_several_void_regions_excuse_together"),
    23: ("HD95 pooled, per direction, weighted", "test_surface::test_two_specks_under_three_conventions"),
    24: ("MONAI's HD95 is NaN", "test_surface::test_a_missed_object_is_infinitely_far_and_never_undefined"),
    25: ("surfaces at the frame get lost", "test_surface::test_surfaces_at_the_frame_exist"),
    26: ("empty truth is NaN, 0 or 1", "test_semantic::test_absent_classes_under_each_rule"),
    27: ("TIDE divides by predicted classes", "test_instance_errors::test_classes_only_predicted_stay_out_of_ap"),
    28: ("detectron2 subtracts class ids", "test_boundary::test_two_classes_do_not_invent_a_third"),
    29: ("depends on the canvas", "test_boundary::test_the_same_squares_on_a_larger_canvas_score_as_their_masks"),
    30: ("the wrong class steals the truth", f"{HERE}::test_the_right_class_keeps_its_truth_from_a_better_fitting_one"),
    31: ("FiftyOne's AP at one IoU", "test_coco_ap::test_an_iou_that_was_not_measured_is_refused"),
    32: ("masks resized to the prediction", "test_coco_ap::test_masks_of_two_sizes_are_named"),
    33: ("torchmetrics' bin for confidence 1", "test_calibration::test_confidence_one_belongs_to_the_last_bin"),
    34: ("MACs called FLOPs", "test_cost::test_multiply_accumulates_of_a_known_convolution"),
    35: ("cleanlab averages class ids", f"{HERE}::test_a_smaller_label_map_has_no_class_that_the_large_one_lacks"),
    36: ("deepchecks' micro is class 0's", f"{HERE}::test_micro_iou_is_of_all_classes"),
    37: ("failure at click 20", "test_clicks::test_three_images"),
    38: ("counters without a lock", "test_semantic::test_workers_may_count_and_one_thread_add"),
    39: ("best IoU instead of greedy", "test_coco_ap::test_the_higher_score_takes_the_object_even_with_less_overlap"),
    40: ("erosion at the frame", f"{HERE}::test_a_mask_on_the_frame_has_its_boundary_there"),
}  # fmt: skip


@cache
def names_in(name: str) -> frozenset[str]:
    (path,) = Path(__file__).parents[1].rglob(f"{name}.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("number", range(1, 41))
def test_every_known_disagreement_is_pinned_by_a_test_that_exists(number: int) -> None:
    _, place = PINNED[number]
    module, _, test = place.partition("::")
    assert test in names_in(module)


def test_classes_that_change_places_do_not_collapse() -> None:
    source = ClassSet("two", (LabelClass(0, "a", (1, 1, 1)), LabelClass(1, "b", (2, 2, 2))))
    target = ClassSet("swapped", (LabelClass(0, "b", (2, 2, 2)), LabelClass(1, "a", (1, 1, 1))))
    layer = Layer("labels", (2, 2))
    layer.ensure_class_segments(source)
    ids = [layer.segments.of_class(number).id for number in (0, 1)]
    layer.raster.writable(layer.raster.bounds)[...] = [[ids[0], ids[1]], [ids[1], ids[0]]]
    mapped = by_name(source, target).applied(layer.to_annotation())
    class_of = {segment.id: segment.class_id for segment in mapped.segments}
    assert [[class_of[v] for v in row] for row in mapped.labels_hw.tolist()] == [[1, 0], [0, 1]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_ids_beyond_the_classes_stay_out_of_bounds(dtype) -> None:
    truth = np.array([[0, 1, 2], [0, 1, 2]], dtype)
    said = np.array([[34, 255, 200], [0, 1, 2]], dtype)
    matrix = ConfusionMatrix(3)
    matrix.add(truth, said)
    assert matrix.counts.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert matrix.missed.tolist() == [1, 1, 1]


def test_areas_are_counted_not_believed() -> None:
    """There is no place where an area could be stated, so that one that became stale after an edit cannot count."""
    ids = np.repeat([[1], [2]], 4, axis=1)
    classes = ClassSet.of_names(["a", "b"], first_id=1)
    table = {1: Segment(1), 2: Segment(2)}
    edited = ids.copy()
    edited[0, 3] = 2
    counts = panoptic_quality([PanopticImage("x", edited, table, ids, table)], classes=classes).counts
    assert counts.pq().tolist() == pytest.approx([3 / 4, 4 / 5], abs=1e-12)
    assert not {"area"} & set(Segment.__dataclass_fields__)


def test_the_right_class_keeps_its_truth_from_a_better_fitting_one() -> None:
    truth = TruthInstance(1, rle_box(20, 20, top=0, left=0, rows=10, columns=10))
    right = DetectedInstance(1, 0.5, rle_box(20, 20, top=0, left=0, rows=10, columns=8))
    wrong = DetectedInstance(2, 0.9, rle_box(20, 20, top=0, left=0, rows=10, columns=10))
    found = instance_errors([InstanceImage("x", [truth], [wrong, right])])
    assert found.ap50 == pytest.approx(1.0)
    assert found.missed == ()
    assert [(error.detection, error.kind) for error in found.detections] == [(0, InstanceError.CLASS)]


def test_a_smaller_label_map_has_no_class_that_the_large_one_lacks() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([0, 2], np.uint8), (37, 53))
    view = Viewport(17, 11).fit((37, 53))
    grid = Grid.of(view, Grid.of(view, Rect(0, 0, 17, 11)).inside((37, 53)))
    assert set(np.unique(sample(labels, Axis.of(grid.x, 53), Axis.of(grid.y, 37), Scratch()))) == {0, 2}


def test_micro_iou_is_of_all_classes() -> None:
    matrix = ConfusionMatrix.from_counts([[3, 1], [2, 4]])
    assert matrix.iou()[0] == pytest.approx(3 / 6)
    assert matrix.micro_iou() == pytest.approx(7 / 13)


def test_a_mask_on_the_frame_has_its_boundary_there() -> None:
    whole = np.ones((9, 9), bool)
    ring = boundary_of(whole, 1)
    by_hand = whole & ~cv2.erode(
        np.pad(whole, 1).astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )[1:-1, 1:-1].astype(bool)
    assert np.array_equal(ring, by_hand)
    assert ring.sum() == 32
    corner = square(9, 9, rows=slice(0, 4), columns=slice(0, 4))
    assert boundary_iou(corner, corner) == 1.0
