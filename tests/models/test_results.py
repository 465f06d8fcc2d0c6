"""The cache of predictions: what comes back, what is dropped, and what damage and a full disk do."""

from __future__ import annotations

import errno
import os
import tempfile

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet
from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from segstudio.models.backend import FAKE
from segstudio.models.events import Done, Started
from segstudio.models.host import ModelHost
from segstudio.models.prediction import Prediction
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.models.result_packing import pack, unpack
from segstudio.models.results import Results
from segstudio.ops.rle import mask_shape

WAIT = 60
CLASSES = ClassSet.of_names(["a", "b"])


def prediction(value=1, size=(20, 30), **more):
    rng = np.random.default_rng(value)
    labels = rng.integers(0, 2, size, dtype=np.uint8)
    confidence = rng.integers(0, 256, size, dtype=np.uint8)
    return Prediction(size, CLASSES, labels, confidence, device="cpu", reason="a test", notes=("n",), **more)


def test_a_prediction_comes_back_as_it_was():
    mask = np.zeros((20, 30), bool)
    mask[3:9, 4:20] = True
    ring = np.array([[1.5, 2.0], [8.0, 2.0], [8.0, 9.25]])
    objects = (
        SegObject(1, 0, mask_shape(mask, size_hw=(20, 30)), score=0.5, z=2, attributes={"truncated": True}),
        SegObject(2, 1, PolygonShape((PolygonPart(ring, (ring / 2,)), PolygonPart(ring + 1))), is_crowd=True),
    )
    given = prediction(objects=objects, seconds=0.25)
    back = unpack(pack(given))
    np.testing.assert_array_equal(back.labels_hw, given.labels_hw)
    np.testing.assert_array_equal(back.confidence_hw, given.confidence_hw)
    assert back.objects == objects
    assert (back.class_set, back.seconds, back.notes) == (CLASSES, 0.25, ("n",))
    wide = unpack(pack(Prediction((2, 3), CLASSES, np.full((2, 3), 300, np.uint16))))
    assert wide.labels_hw.tolist() == [[300] * 3] * 2
    assert wide.confidence_hw is None


def test_what_was_used_longest_ago_makes_room(tmp_path):
    size = len(pack(prediction()))
    cache = ResultCache(tmp_path / "results", limit_bytes=int(3.5 * size))
    for number in range(3):
        assert cache.put(f"k{number}", prediction(number))
    assert cache.get("k0") is not None
    cache.put("k3", prediction(3))
    assert [cache.get(f"k{n}") is not None for n in range(4)] == [True, False, True, True]
    assert cache.size_bytes() <= cache.limit_bytes
    again = ResultCache(tmp_path / "results", limit_bytes=cache.limit_bytes)
    assert again.size_bytes() == cache.size_bytes()
    again.clear()
    assert again.size_bytes() == 0
    assert list((tmp_path / "results").iterdir()) == []


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "other"])
def test_damaged_entries_are_missing_and_go_away(tmp_path, damage):
    cache = ResultCache(tmp_path)
    cache.put("k", prediction())
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "other":
        data = bytearray(b"something else")
    else:
        del data[0 if damage == "empty" else len(data) // 2 :]
    path.write_bytes(data)
    assert cache.get("k") is None
    assert list(tmp_path.iterdir()) == []
    assert cache.put("k", prediction())
    assert cache.get("k") is not None


def test_a_full_disk_costs_nothing_but_the_cache(tmp_path, monkeypatch):
    cache = ResultCache(tmp_path / "results")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkstemp", full)
    assert not cache.put("k", prediction())
    assert "No space left" in cache.problem
    assert cache.get("k") is None
    monkeypatch.undo()
    assert cache.put("k", prediction())
    assert cache.problem == ""


def test_a_write_that_fails_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    cache = ResultCache(tmp_path)

    def refuse(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", refuse)
    assert not cache.put("k", prediction())
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tiny_weights(registry, tmp_path):
    """A file of weights for the model tiny."""
    path = tmp_path / "tiny.pth"
    torch.save({"classify.weight": torch.eye(3)[:, :, None, None], "classify.bias": torch.zeros(3)}, path)
    return path


def test_the_key_follows_pixels_weights_and_settings_and_nothing_else(registry, tiny_weights, tmp_path):
    results = Results(registry, ResultCache(tmp_path / "results"))
    image = np.zeros((4, 5, 3), np.uint8)

    def key(image=image, weights=str(tiny_weights), model="tiny", **settings):
        return results.key(PredictRequest(model, image, weights, PredictSettings(**settings)))

    first = key()
    assert first
    assert key() == first
    assert key(batch=4, threads=2, compiled=True) == first
    assert key(image=image + 1) != first
    assert key(image=image.reshape(5, 4, 3)) != first
    assert key(flip=True) != first
    assert key(tile=64) != first
    assert key(weights=None) == ""  # random weights are not the same twice
    assert key(weights=str(tmp_path / "nowhere.pth")) == ""
    assert key(model="nothing") == ""
    torch.save({"classify.weight": torch.ones(3, 3, 1, 1), "classify.bias": torch.ones(3)}, tiny_weights)
    assert key() not in ("", first)


def test_the_second_time_the_host_answers_without_a_process(registry, tiny_plugin, tiny_weights, tmp_path):
    request = PredictRequest("tiny", np.full((6, 7, 3), 90, np.uint8), str(tiny_weights), key="photo")
    with ModelHost([tiny_plugin], backend=FAKE, results=Results(registry, ResultCache(tmp_path / "results"))) as host:
        first = host.submit(request).wait(WAIT)
        assert isinstance(first, Done)
        assert not first.cached
        assert host.starts == 1
    with ModelHost(
        [tiny_plugin], backend=FAKE, results=Results(ModelRegistry([tiny_plugin]), ResultCache(tmp_path / "results"))
    ) as host:
        events = []
        second = host.submit(request, on_event=events.append).wait(WAIT)
        assert second.cached
        assert host.starts == 0
        assert [type(event) for event in events] == [Started, Done]
    np.testing.assert_array_equal(second.prediction.labels_hw, first.prediction.labels_hw)
