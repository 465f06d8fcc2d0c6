"""Images worked on side by side: the same answers in the same order, and one at a time where that is not possible."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.lanes import MOST, PIXEL_BYTES, copied, free_bytes, lanes_for
from segstudio.models.torch_backend.opening import open_predictor


def pictures(count):
    return list(np.random.default_rng(4).integers(0, 256, (count, 24, 31, 3), dtype=np.uint8))


@pytest.fixture
def predictor(registry):
    before = torch.get_num_threads()
    yield open_predictor(registry, "tiny", settings=PredictSettings(device="cpu", threads=2))
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_side_by_side_is_one_after_another(predictor, count):
    images = pictures(count)
    expected = [predictor.predict(image) for image in images]
    found = list(predictor.predict_all(iter(images)))
    assert len(found) == count
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.labels_hw, other.labels_hw)
        np.testing.assert_array_equal(one.confidence_hw, other.confidence_hw)


def test_several_threads_take_part_with_their_share_and_the_program_keeps_its_own(predictor):
    here, seen, both = torch.get_num_threads(), set(), threading.Barrier(2, timeout=20)

    def look(_module, _given):
        seen.add((threading.current_thread().name.split("_")[0], torch.get_num_threads()))
        both.wait()

    predictor.network.register_forward_pre_hook(look)
    assert len(list(predictor.predict_all(pictures(4)))) == 4
    assert seen == {("lane", 1)}
    assert torch.get_num_threads() == here


def test_an_image_that_gives_nan_costs_only_itself(predictor):
    def spoil(_module, given, logits):
        return logits * torch.nan if float(given[0].mean()) > 1 else logits

    predictor.network.register_forward_hook(spoil)
    white = np.full((24, 31, 3), 255, np.uint8)
    dark = white // 8
    answers = list(predictor.predict_all([dark, white, dark, dark]))
    assert [isinstance(answer, UserError) for answer in answers] == [False, True, False, False]
    assert "NaN" in str(answers[1])


def test_a_cancel_ends_it(predictor):
    cancel = CancelToken()
    answers = predictor.predict_all(pictures(50), cancel=cancel)
    next(answers)
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(answers)


def test_a_network_that_cannot_be_copied_runs_alone(predictor, monkeypatch):
    def refuse(self, memo):
        raise TypeError("cannot pickle 'session'")

    monkeypatch.setattr(type(predictor.network), "__deepcopy__", refuse, raising=False)
    assert copied(predictor.network) is None
    assert len(list(predictor.predict_all(pictures(3)))) == 3


def test_copies_share_their_weights(predictor):
    other = copied(predictor.network)
    assert other is not predictor.network
    pairs = zip(predictor.network.parameters(), other.parameters(), strict=True)
    assert all(one.data_ptr() == two.data_ptr() for one, two in pairs)


@pytest.mark.parametrize(
    ("cores", "free", "lanes"),
    [(2, 1 << 40, 2), (64, 1 << 40, MOST), (8, 0, 1), (8, 2 * 2 * PIXEL_BYTES * 1000, 2), (1, 1 << 40, 1)],
)
def test_there_are_no_more_lanes_than_cores_and_memory(cores, free, lanes):
    assert lanes_for(1000, cores=cores, free_bytes=free) == lanes


def test_free_memory_is_told_where_the_system_tells_it():
    assert free_bytes() >= 0
