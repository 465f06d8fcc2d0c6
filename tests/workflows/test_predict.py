"""A run over many images: the same whether they go one by one or together, whatever is wrong with some of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.in_process import InProcessHost
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.models.results import Results
from segstudio.models.torch_backend.execution import Forward
from segstudio.models.torch_backend.pixels import to_input
from segstudio.ops.image import read_image
from segstudio.workflows.predict import InputOptions, _open, predict

MODEL = next(name for name in default_registry().names() if default_registry().card(name).family == "toytown")


@pytest.fixture
def pictures(tmp_path):
    """Seven pictures of two sizes, of which one is cut off."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number, size in enumerate([(64, 96)] * 3 + [(64, 64)] * 2 + [(64, 96)] * 2):
        low = Image.fromarray(rng.integers(0, 256, (*[side // 8 for side in size], 3), dtype=np.uint8))
        low.resize((size[1], size[0])).save(folder / f"p{number}.png")
    broken = folder / "p1.png"
    broken.write_bytes(broken.read_bytes()[:80])
    return folder


def labels(folder):
    return {path.stem: np.asarray(Image.open(path)) for path in sorted(folder.glob("p*.png"))}


def test_together_or_alone_the_labels_are_the_same_and_the_broken_picture_is_told(pictures, tmp_path):
    alone = predict(MODEL, pictures, tmp_path / "alone", device="cpu")
    together = predict(MODEL, pictures, tmp_path / "together", device="cpu", settings=PredictSettings(batch=3))
    assert [one.name for one in together.images] == [one.name for one in alone.images]
    assert [one.name for one in alone.failed] == [one.name for one in together.failed] == ["p1"]
    first, second = labels(tmp_path / "alone"), labels(tmp_path / "together")
    assert list(first) == list(second) == ["p0", "p2", "p3", "p4", "p5", "p6"]
    for name, labels_hw in first.items():
        assert (labels_hw == second[name]).mean() > 0.999
    assert all(one.seconds > 0 for one in alone.images)


def test_a_run_that_is_cancelled_ends_and_leaves_nothing(pictures, tmp_path):
    token = CancelToken()

    def stop_at_the_third(done, total, text=""):
        if done == 2:
            token.cancel()

    with pytest.raises(Cancelled):
        predict(MODEL, pictures, tmp_path / "out", device="cpu", progress=stop_at_the_third, cancel=token)
    assert not (tmp_path / "out").exists()


def test_an_image_at_which_the_network_fails_costs_only_itself(pictures, tmp_path, monkeypatch):
    from segstudio.models.torch_backend import semantic

    decode = semantic.decode

    def failing(logits, **more):
        if logits.shape[-1] == logits.shape[-2]:
            raise UserError("the network gave NaN or infinite values")
        return decode(logits, **more)

    monkeypatch.setattr(semantic, "decode", failing)
    report = predict(MODEL, pictures, tmp_path / "out", device="cpu", settings=PredictSettings(batch=2))
    assert sorted(one.name for one in report.failed) == ["p1", "p3", "p4"]
    assert len(report.images) == 4


def test_a_segmenter_that_answers_prompts_is_refused_in_one_sentence(pictures, tmp_path):
    with pytest.raises(UserError, match="answers prompts"):
        predict("oracle", pictures, tmp_path / "out")


def test_what_was_predicted_before_is_not_run_again_and_the_window_finds_it(pictures, tmp_path, monkeypatch):
    cache = ResultCache(tmp_path / "cache")
    first = predict(MODEL, pictures, tmp_path / "first", cache=cache)
    assert first.cached == 0
    window = Results(default_registry(), ResultCache(tmp_path / "cache"))
    image = read_image(pictures / "p0.png").image_hwc
    known = window.find(window.key(PredictRequest(MODEL, image, settings=PredictSettings())))
    assert known is not None

    def refuse(self, pixels):
        raise AssertionError("the network ran")

    monkeypatch.setattr(Forward, "__call__", refuse)
    again = predict(MODEL, pictures, tmp_path / "again", cache=ResultCache(tmp_path / "cache"))
    assert again.cached == len(again.images) == 6
    assert [one.name for one in again.failed] == ["p1"]
    for name, labels_hw in labels(tmp_path / "first").items():
        np.testing.assert_array_equal(labels(tmp_path / "again")[name], labels_hw)


def test_what_the_window_predicted_is_not_run_again(pictures, tmp_path):
    cache = ResultCache(tmp_path / "cache")
    with InProcessHost() as host:
        for path in sorted(pictures.glob("p[02]*.png")):
            request = PredictRequest(MODEL, read_image(path).image_hwc)
            done = host.submit(request).wait()
            results = Results(default_registry(), cache)
            results.keep(results.key(request), done.prediction)
    assert predict(MODEL, pictures, tmp_path / "out", cache=cache).cached == 2


def test_a_cache_that_cannot_be_written_costs_nothing_but_the_cache(pictures, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    report = predict(MODEL, pictures, tmp_path / "out", cache=ResultCache(tmp_path / "cache"))
    assert len(report.images) == 6
    assert len(labels(tmp_path / "out")) == 6


def test_other_settings_are_other_results(pictures, tmp_path):
    cache = ResultCache(tmp_path / "cache")
    predict(MODEL, pictures, tmp_path / "a", cache=cache)
    card = default_registry().card(MODEL).preprocess
    same = InputOptions(mean=card.mean, std=card.std, order=card.order, scale=card.scale)
    assert predict(MODEL, pictures, tmp_path / "b", cache=cache, options=same).cached == 6
    other = InputOptions(size_hw=(32, 64))
    assert predict(MODEL, pictures, tmp_path / "c", cache=cache, options=other).cached == 0
    assert predict(MODEL, pictures, tmp_path / "d", cache=cache, settings=PredictSettings(flip=True)).cached == 0


IMAGENET = InputOptions(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), order="rgb", scale=1 / 255)
ESPNET = InputOptions((72.392, 82.909, 73.158), (45.319, 46.153, 44.915), "bgr", 1 / 255, (512, 1024))
CAMVID = InputOptions((110.36, 108.41, 105.03), (78.41, 79.52, 78.36), "bgr", 1 / 255)


@pytest.mark.parametrize(
    ("model", "file", "options"),
    [
        ("espnet", "espnet_p2_q8_cityscapes.pth", ESPNET),
        ("espnet", "espnet_p2_q8_camvid.pth", CAMVID),
        ("espnet-v2", "espnetv2_s2.0_cityscapes_1024x512.pth", replace(IMAGENET, size_hw=(512, 1024))),
        ("espnet-v2", "espnetv2_s0.5_cityscapes_512x256.pth", replace(IMAGENET, size_hw=(256, 512))),
        ("espnet-v2", "espnetv2_s2.0_voc_384x384.pth", replace(IMAGENET, size_hw=(384, 384))),
        ("enet", "enet_zh320_cityscapes.pth", IMAGENET),
        ("fddwnet", "fddwnet_zh320_cityscapes.pth", IMAGENET),
    ],
)
def test_the_input_of_known_weights_is_what_their_authors_say(model, file, options, shared_weights):
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    name = next(name for name in default_registry().names() if name in (model, f"{model}-zh320"))
    settings = PredictSettings(device="cpu")
    plain, explicit = (_open(name, str(shared_weights / file), settings, given, None) for given in (None, options))
    ours, theirs = (to_input(image, one.preprocess, torch.device("cpu")).pixels for one in (plain, explicit))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
