"""The demo's networks are small, trained, as good as their reports say, and wrong in different places."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.registry import default_registry
from segstudio.workflows.toytown.dataset import IMAGES, SEED
from segstudio.workflows.toytown.town import paint_scene

NAMES = ("toytown-unet", "toytown-fastscnn")
PLUGIN = bundled_plugins_dir() / "toytown"

# Few enough to be quick, enough to hold every class; the reports are over all of the validation split.
VALIDATION = range(64, IMAGES, 4)


def _report(name):
    return json.loads((PLUGIN / "weights" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers():
    """Evaluation indices `[n, 512, 1024]` over some validation scenes: the truth's, and each network's."""
    from segstudio.models import load_predictor

    index = np.full(256, 255)
    for class_id, position in ClassSet.load("toytown").index_of.items():
        index[class_id] = position
    scenes = [paint_scene(SEED, number) for number in VALIDATION]
    answers = {"truth": np.stack([index[scene.class_hw] for scene in scenes])}
    for name in NAMES:
        predictor = load_predictor(name, device="cpu", threads=1)
        answers[name] = np.stack([predictor.predict(scene.image_hwc).labels_hw for scene in scenes])
    return answers


def _iou(answers, name):
    counted = answers["truth"] < 255
    matrix = np.zeros((16, 16), np.int64)
    np.add.at(matrix, (answers["truth"][counted], answers[name][counted]), 1)
    return np.diag(matrix) / (matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix))


@pytest.mark.parametrize("name", NAMES)
def test_card_tells_what_the_weights_are(name):
    card = default_registry().card(name)
    (entry,) = card.weights
    data = (PLUGIN / entry.source).read_bytes()
    assert len(data) == entry.size < 2_000_000
    assert hashlib.sha256(data).hexdigest() == entry.sha256
    assert card.classes().num_classes == card.num_outputs() == 16
    assert default_registry().status(name).state == "works"


@pytest.mark.parametrize("name", NAMES)
def test_network_has_the_parameters_of_its_card_and_takes_any_size(name):
    import torch

    from segstudio.models import create_model

    network = create_model(name, num_classes=5)
    for height, width in ((64, 96), (45, 71), (33, 32)):
        with torch.inference_mode():
            logits = network(torch.zeros(2, 3, height, width))
        assert logits.shape == (2, 5, height, width)
    full = create_model(name)
    assert sum(parameter.numel() for parameter in full.parameters()) == default_registry().card(name).parameters


@pytest.mark.parametrize("name", NAMES)
def test_measured_iou_is_near_the_reported_one(name, answers):
    reported = _report(name)["validation"]
    assert np.nanmean(_iou(answers, name)) == pytest.approx(reported["miou"], abs=0.08)
    assert 0.5 < reported["miou"] < 0.85
    assert reported["images"] == 24


def test_the_two_are_wrong_in_different_places(answers):
    counted = answers["truth"] < 255
    wrong = [(answers[name] != answers["truth"]) & counted for name in NAMES]
    only_one = (wrong[0] ^ wrong[1]).sum()
    assert only_one > 0.4 * (wrong[0] | wrong[1]).sum()


def test_the_network_that_decides_at_half_the_size_keeps_more_of_the_poles(answers):
    pole = [label.name for label in ClassSet.load("toytown").evaluated].index("pole")
    unet, fastscnn = (_iou(answers, name)[pole] for name in NAMES)
    assert unet > fastscnn + 0.03


def test_cards_come_without_torch():
    code = (
        "import sys; from segstudio.models.registry import default_registry as r;"
        f"print([r().card(n).title for n in {NAMES!r}], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['Toytown U-Net', 'Toytown Fast-SCNN'] False"
