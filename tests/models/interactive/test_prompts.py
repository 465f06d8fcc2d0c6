"""Prompts, candidates and the oracle: frames of reference, empty answers, and what a broken predictor gives."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Rect
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.candidate import Candidate, checked
from segstudio.models.interactive.contract import violations
from segstudio.models.interactive.embedding import Embedding, Frame
from segstudio.models.interactive.everything import everything
from segstudio.models.interactive.oracle import Oracle, OracleSettings
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import EverythingSettings

SIZE_HW = (60, 90)


def scene():
    """Two boxes, the second in two pieces."""
    truth_hw = np.zeros(SIZE_HW, np.uint16)
    truth_hw[10:30, 10:40] = 7
    truth_hw[40:50, 10:20] = truth_hw[40:50, 60:80] = 9
    image = np.repeat((truth_hw * 20)[..., None], 3, axis=2).astype(np.uint8)
    return Frame("scene", image, truth_hw)


def answers(prompt, predictor=None):
    predictor = predictor or Oracle()
    frame = scene()
    embedding = predictor.encode(frame, cancel=CancelToken())
    spelled = prompt.spelled_out(frame.size_hw)
    return [c.pixels(frame.size_hw) for c in predictor.predict(embedding, spelled, cancel=CancelToken())]


def whole(answer):
    mask_hw = np.zeros(SIZE_HW, np.bool_)
    mask_hw[answer[0].slices] = answer[1]
    return mask_hw


def test_the_oracle_knows_the_thing_under_a_point_and_its_piece():
    found = answers(Prompt().with_point(65.2, 45.9, positive=True))
    truth_hw = scene().truth_hw
    np.testing.assert_array_equal(whole(found[0]), truth_hw == 9)
    assert found[1][0] == Rect(60, 40, 80, 50)


@given(st.integers(0, 89), st.integers(0, 59))
def test_points_count_pixels_from_the_corner_of_the_first(x, y):
    found = answers(Prompt().with_point(x + 0.5, y + 0.5, positive=True))
    number = int(scene().truth_hw[y, x])
    assert bool(found) == (number > 0)
    if found:
        np.testing.assert_array_equal(whole(found[0]), scene().truth_hw == number)


def test_a_negative_point_drops_a_thing_and_nothing_is_an_answer():
    both = Prompt().with_point(20, 20, positive=True).with_point(65, 45, positive=True)
    assert whole(answers(both)[0]).sum() == (scene().truth_hw > 0).sum()
    np.testing.assert_array_equal(whole(answers(both.with_point(15, 45, positive=False))[0]), scene().truth_hw == 7)
    assert answers(Prompt().with_point(0.5, 0.5, positive=True)) == []
    assert answers(Prompt().with_point(-5, 400, positive=True)) == []


def test_a_box_and_an_outline_hold_the_thing():
    for prompt in (
        Prompt(box_xyxy=(5, 5, 45, 35)),
        Prompt(lasso_xy=np.array([[5, 5], [45, 4], [44, 35], [6, 34.0]])),
    ):
        np.testing.assert_array_equal(whole(answers(prompt)[0]), scene().truth_hw == 7)
    assert answers(Prompt(box_xyxy=(50, 20, 50, 20))) == []


def test_an_outline_becomes_its_box_and_its_inside():
    spelled = Prompt(lasso_xy=np.array([[10, 10], [30, 10], [30, 20], [10, 20.0]])).spelled_out(SIZE_HW)
    assert spelled.box_xyxy == (10, 10, 30, 20)
    assert spelled.lasso_xy is None
    # cv2 takes the border's pixels too: the outline is rough by nature
    inside_hw = np.zeros(SIZE_HW, np.bool_)
    inside_hw[10:20, 10:30] = True
    assert (spelled.prior_hw & ~inside_hw).sum() <= 64
    assert (spelled.prior_hw & inside_hw).sum() == 200


@given(
    st.lists(st.tuples(st.floats(0, 1000, width=32), st.floats(0, 1000, width=32), st.booleans()), max_size=5),
    st.none() | st.tuples(*[st.floats(0, 1000, width=32)] * 4),
    st.text(max_size=8),
)
def test_prompts_survive_json(points, box, text):
    prompt = Prompt(box_xyxy=box, text=text)
    for x, y, sign in points:
        prompt = prompt.with_point(x, y, positive=sign)
    again = Prompt.from_json(json.loads(json.dumps(prompt.to_json())))
    np.testing.assert_allclose(again.points_xy, prompt.points_xy, atol=0.01)
    np.testing.assert_array_equal(again.positive, prompt.positive)
    assert again.is_empty == prompt.is_empty
    assert (again.box_xyxy is None) == (box is None)


@pytest.mark.parametrize("kept", [{"points": [[1, 2]]}, {"box": [1]}, {"points": "x"}, {"box": 5}, {"lasso": [1]}])
def test_what_is_no_prompt_is_refused(kept):
    with pytest.raises(ValueError, match="."):
        Prompt.from_json(kept)


def test_an_oracle_with_noise_keeps_the_contract():
    settings = OracleSettings(noise=0.5, encode_s=0.05, predict_s=0.05)
    assert violations(lambda: Oracle(settings), scene().image_hwc) == []
    noisy = whole(answers(Prompt().with_point(20, 20, positive=True), Oracle(OracleSettings(noise=1.0)))[0])
    truth_hw = scene().truth_hw == 7
    assert 0.6 < (noisy & truth_hw).sum() / (noisy | truth_hw).sum() < 1


class Deaf(Oracle):
    """Hears no cancel."""

    def predict(self, embedding, prompt, *, cancel):
        return super().predict(embedding, prompt, cancel=CancelToken())


class Forgetful(Oracle):
    """Answers something else every time."""

    def predict(self, embedding, prompt, *, cancel):
        found = super().predict(embedding, prompt, cancel=cancel)
        self.count = getattr(self, "count", 0) + 1
        return [Candidate((c.logits_hw + self.count).astype(np.float16), c.score) for c in found]


class Shifted(Oracle):
    """Embeds another image than the one it is given."""

    def encode(self, frame, *, cancel):
        found = super().encode(frame, cancel=cancel)
        return Embedding(found.arrays, (frame.size_hw[0] + 1, frame.size_hw[1]), found.used_hw)


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Deaf, "goes on though it was cancelled"), (Forgetful, "differently"), (Shifted, "another size")],
)
def test_the_contract_finds_who_breaks_it(kind, said):
    assert any(said in sentence for sentence in violations(kind, scene().image_hwc))


@pytest.mark.parametrize(
    "found",
    [
        None,
        [np.zeros((4, 4))],
        [Candidate(np.zeros((4, 4, 1), np.float16), 0.5)],
        [Candidate(np.zeros((0, 4), np.float16), 0.5)],
        [Candidate(np.full((4, 4), np.nan, np.float16), 0.5)],
        [Candidate(np.zeros((4, 4), np.float16), float("nan"))],
    ],
)
def test_what_is_no_answer_is_refused(found):
    with pytest.raises(UserError):
        checked(found, where="it")


def test_candidates_come_best_first_and_may_be_empty():
    one = Candidate(np.full((2, 2), -1, np.float16), 0.1)
    two = Candidate(np.full((2, 2), 1, np.float16), 0.9)
    assert checked([one, two], where="it") == [two, one]
    assert checked([], where="it") == []
    assert one.pixels((50, 70))[0] == EMPTY
    assert two.pixels((50, 70))[0] == Rect(0, 0, 70, 50)


def test_padding_is_cut_off_before_the_logits_are_enlarged():
    logits_hw = np.full((8, 8), -5, np.float16)
    logits_hw[:4, :8] = 5  # the upper half of the square, which is all that the image covers
    rect, mask_hw = Candidate(logits_hw, 1.0, (16, 16), (7, 16)).pixels((70, 160))
    assert rect == Rect(0, 0, 160, 70)
    assert mask_hw.all()


def test_what_lies_in_the_padding_alone_is_nothing():
    logits_hw = np.full((8, 8), -5, np.float16)
    logits_hw[6:] = 5
    rect, mask_hw = Candidate(logits_hw, 1.0, (64, 64), (32, 64)).pixels((320, 640))
    assert rect.is_empty
    assert mask_hw.size == 0


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.integers(0, 2**32 - 1),
)
def test_enlarging_only_what_is_inside_gives_the_mask_of_enlarging_everything(low_hw, size_hw, seed):
    import cv2

    rng = np.random.default_rng(seed)
    logits_hw = rng.normal(-1.5, 1, low_hw).astype(np.float16)
    mask_hw = cv2.resize(logits_hw.astype(np.float32), size_hw[::-1], interpolation=cv2.INTER_LINEAR) > 0
    rect, part_hw = Candidate(logits_hw, 1.0).pixels(size_hw)
    assert rect == Rect.of_mask(mask_hw)
    np.testing.assert_array_equal(part_hw, mask_hw[rect.slices])


@pytest.mark.parametrize(
    ("low_hw", "size_hw"),
    [
        ((64, 64), (2048, 2048)),
        ((64, 48), (2048, 1001)),
        ((96, 128), (1153, 3001)),
        ((40, 64), (1280, 700)),
        ((64, 64), (64, 2048)),
        ((300, 200), (1200, 150)),
    ],
)
@pytest.mark.parametrize("what", ["noise", "disc", "small", "everything", "corner"])
def test_a_large_mask_is_to_the_last_bit_that_of_enlarging_everything(low_hw, size_hw, what):
    import cv2

    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[: low_hw[0], : low_hw[1]]
    middle_hw = {"corner": (low_hw[0] - 1, low_hw[1] - 1)}.get(what, (low_hw[0] * 0.4, low_hw[1] * 0.6))
    radius = {"disc": min(low_hw) / 3, "small": 1.5, "corner": 3.0}.get(what, 1e3)
    logits_hw = radius - np.hypot(rows - middle_hw[0], columns - middle_hw[1]) + rng.normal(0, 0.3, low_hw)
    if what == "noise":
        logits_hw = rng.normal(0, 1, low_hw)
    logits_hw = logits_hw.astype(np.float16)
    mask_hw = cv2.resize(logits_hw.astype(np.float32), size_hw[::-1], interpolation=cv2.INTER_LINEAR) > 0
    rect, part_hw = Candidate(logits_hw, 1.0).pixels(size_hw)
    assert rect == Rect.of_mask(mask_hw)
    np.testing.assert_array_equal(part_hw, mask_hw[rect.slices])


def test_everything_finds_each_thing_once():
    frame, oracle = scene(), Oracle()
    found = everything(
        oracle,
        oracle.encode(frame, cancel=CancelToken()),
        EverythingSettings(points_per_side=12, min_score=0.9, min_area=0.001, max_area=0.5),
        progress=lambda *_: None,
        cancel=CancelToken(),
    )
    assert sorted(one.mask_hw.sum() for one in found) == [300, 600]


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        (EverythingSettings(min_score=0.99), 0),
        (EverythingSettings(min_area=0.1), 1),
        (EverythingSettings(max_area=0.07), 1),
    ],
)
def test_everything_filters_by_score_and_area(settings, count):
    frame, oracle = scene(), Oracle()
    embedding = oracle.encode(frame, cancel=CancelToken())
    found = everything(oracle, embedding, settings, progress=lambda *_: None, cancel=CancelToken())
    assert len([one for one in found if one.score > 0.9]) == count
