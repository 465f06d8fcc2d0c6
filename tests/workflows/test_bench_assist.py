"""The simulated labellers of `bench assist`: what they do on pictures where it is plain what they should do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.metrics import ConfusionMatrix
from segstudio.models.interactive.oracle import Oracle
from segstudio.workflows.benching import dabs, effort, hand, planning
from segstudio.workflows.benching.click_assists import weight_free
from segstudio.workflows.benching.clicking import click_all, clicked
from segstudio.workflows.benching.subjects import Street, Subject, dataset_objects, streets

VOID = 255


def flags(height=96, width=160):
    """Three plain fields side by side: a left one, a right one, and a box in the middle of the right one."""
    index_hw = np.zeros((height, width), np.uint8)
    index_hw[:, width // 2 :] = 1
    index_hw[30:60, 100:140] = 2
    colors = np.array([(200, 40, 40), (40, 40, 200), (230, 230, 60)], np.uint8)
    image_hwc = colors[index_hw]
    return Street("flags", image_hwc, index_hw, np.where(index_hw == 2, 1, 0).astype(np.uint16))


def subject(street):
    object_hw = street.index_hw == 2
    return Subject("box", street.image_hwc, object_hw, np.zeros_like(object_hw), street.instance_hw)


def test_the_painted_scenes_count_as_the_demo_does():
    (street,) = streets(1, size_hw=(64, 128))
    assert street.image_hwc.shape == (64, 128, 3)
    assert street.index_hw.shape == (64, 128)
    assert (street.index_hw == VOID).any()
    assert street.index_hw[street.counted].max() < 19


def test_every_class_gets_a_dab_where_it_is_widest():
    street = flags()
    first = list(dabs.first_dabs(street.index_hw))
    assert [dab.index for dab in first] == [0, 1, 2]
    assert all(street.index_hw[dab.row, dab.column] == dab.index for dab in first)
    assert (first[0].column, first[2].row) == (pytest.approx(40, abs=9), pytest.approx(45, abs=2))


def test_the_next_dab_is_on_the_largest_error_or_on_the_class_that_suffers_most():
    street = flags()
    answer_hw = street.index_hw.copy()
    answer_hw[:, :50] = 1  # a part of the left field …
    answer_hw[30:60, 100:140] = 1  # … and all of the box
    by_pixels, by_class = (dabs.next_dab(street.index_hw, answer_hw, [], by_class=each) for each in (False, True))
    assert (by_pixels.index, by_class.index) == (0, 2)
    assert dabs.next_dab(street.index_hw, street.index_hw, []) is None


def test_unknown_pixels_are_wrong_and_void_ones_do_not_count():
    truth_hw = np.array([[0, 0, 1, VOID]], np.uint8)
    assert dabs.score_of(truth_hw, np.array([[0, 0, 1, 7]], np.uint8)) == (1, 1)
    accuracy, miou = dabs.score_of(truth_hw, np.array([[0, VOID, 1, 1]], np.uint8))
    assert (accuracy, miou) == (pytest.approx(2 / 3), pytest.approx(0.75))


def test_dabs_on_plain_fields_label_them():
    pytest.importorskip("sklearn")
    scores, _ = dabs.dab_through(flags(), marks=(2, 3, 6))
    assert scores.began_with == 3
    assert scores.accuracy[1] > 0.95
    assert scores.miou[2] > 0.8  # patches of six pixels round off the corners of the box
    assert scores.accuracy[0] < scores.accuracy[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_moving_score_is_that_of_a_recount(seed):
    chance = np.random.default_rng(seed)
    truth_hw = chance.choice(np.array([0, 1, 2, VOID], np.uint8), (20, 30))
    score = hand.Score(truth_hw, chance.choice(np.array([0, 1, 2, VOID], np.uint8), (20, 30)))
    for _ in range(10):
        x, y = (int(value) for value in chance.integers(0, 12, 2))
        rect, mask_hw = Rect(x, y, x + 8, y + 8), chance.random((8, 8)) < 0.5
        index = int(chance.integers(0, 4))  # class 3 is none of the truth's
        gain, before = score.gain(score.change(rect, mask_hw, index)), score.miou
        score.paint(rect, mask_hw, index)
        assert score.miou == pytest.approx(before + gain)
    matrix = ConfusionMatrix(5)
    matrix.add(truth_hw, np.where(score.answer_hw == VOID, 4, score.answer_hw))
    assert score.miou == pytest.approx(np.nanmean(matrix.iou()[:3]))


def test_a_perfect_hand_needs_few_clicks_for_plain_fields():
    by_hand = effort.by_hand(flags())
    assert by_hand.miou >= effort.TARGET
    # A rectangle of four clicks and one that closes it, and the bucket or another rectangle for what is left.
    assert 6 <= by_hand.presses <= 14
    assert by_hand.presses == by_hand.vertices + by_hand.single


def test_the_other_ways_come_to_the_target_too():
    pytest.importorskip("sklearn")
    street = flags()
    arms = effort.compare_effort([street, street], predict=lambda street: street.index_hw)
    assert [arm.name for arm in arms] == ["by hand", "forest", "model", "prompts, Oracle"]
    assert all(arm.reached == 2 for arm in arms)
    _, forest, model, prompts = arms
    assert model.presses == 2  # a right prediction is accepted, that is all
    assert prompts.presses <= 8  # of each: two fields with the bucket, the box by a click and the key that takes it
    first, second = forest.images
    assert second.dabs < first.dabs or second.presses <= first.presses  # it has learned from the first


def test_a_mask_that_a_segmenter_gives_costs_its_clicks_and_the_key_that_takes_it():
    prompts = effort.by_prompts(flags(), Oracle())
    assert prompts.miou >= effort.TARGET
    assert prompts.accepts == prompts.prompts > 0  # the oracle answers the first click rightly
    assert prompts.presses == prompts.prompts + prompts.accepts + prompts.single + prompts.vertices


def test_a_high_price_draws_coarsely_and_a_low_one_finely():
    height, width = 120, 200
    index_hw = np.zeros((height, width), np.uint8)
    cv2.ellipse(index_hw, (100, 60), (70, 40), 20, 0, 360, (1,), -1)
    street = Street("disc", np.zeros((height, width, 3), np.uint8), index_hw, index_hw.astype(np.uint16))
    steps = {}
    for price in (0.0001, 0.05):
        score = hand.Score(street.index_hw, np.full((height, width), VOID, np.uint8))
        steps[price] = list(planning.carried_out(score, [hand.hand_steps], price))
        assert score.miou >= planning.TARGET
    assert max(step.presses for step in steps[0.0001]) > max(step.presses for step in steps[0.05])
    cheapest = effort.by_hand(street)
    assert cheapest.presses <= min(sum(step.presses for step in each) for each in steps.values())


def test_a_plan_remembers_only_what_nothing_has_changed():
    street = flags()
    score = hand.Score(street.index_hw, np.full(street.index_hw.shape, VOID, np.uint8))
    seen = []

    def watched(score, region):
        seen.append(region.index)
        yield from hand.hand_steps(score, region)

    planner = planning.Planner(score, [watched], None)
    first, gain = planner.best()
    asked = len(seen)
    assert planner.best() == (first, gain)
    assert len(seen) == asked  # nothing was painted: nothing is asked again
    before = score.miou
    score.paint(first.rect, first.mask_hw, first.index)
    assert score.miou == pytest.approx(before + gain)
    fresh = planning.Planner(score, [hand.hand_steps], None).best()
    again = planner.best()
    assert (again is None) == (fresh is None)
    if again is not None:
        assert again[1] == pytest.approx(fresh[1])


@pytest.mark.parametrize("assist", [one for one in weight_free() if one.name != "forest"], ids=lambda one: one.name)
def test_every_assist_finds_a_plain_box(assist):
    if "graph cut" in assist.name:
        pytest.importorskip("scipy")
    scores = clicked(assist, [subject(flags())], seed=None)
    assert scores.failures == (0, 0)
    assert scores.noc[1] >= max(1, assist.first_clicks + 1 if assist.first_clicks else 1)
    assert scores.iou[3] >= 0.9


def test_the_same_seeds_click_the_same():
    wand = next(one for one in weight_free() if one.name == "wand")
    rows = [click_all([wand], [("flags", [subject(flags())]), ("none", [])], seeds=2) for _ in range(2)]
    (one,), (other,) = rows
    assert one.where == "flags"
    assert (one.exact.iou, one.jittered.iou, one.worst.noc) == (other.exact.iou, other.jittered.iou, other.worst.noc)


def test_objects_of_a_data_set_become_subjects(shared_data):
    found = dataset_objects(shared_data / "coco-instances-ccby", 3)
    assert len(found) == 3
    for one in found:
        assert one.image_hwc.shape[:2] == one.object_hw.shape == one.things_hw.shape
        assert max(one.object_hw.shape) <= 640
        assert 600 <= one.object_hw.sum() <= 60_000
