"""A run over many images: the same whether they go one by one or together, whatever is wrong with some of them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictSettings
from segstudio.workflows.predict import predict

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
