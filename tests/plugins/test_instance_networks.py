"""The instance networks that we wrote: parts without a reference, and objects through the predictor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.plugin_code import load_attribute
from segstudio.models import create_model, load_predictor
from segstudio.models.card import Preprocess
from segstudio.models.registry import default_registry

FIVE = ClassSet(
    "five", tuple(LabelClass(3 + i, f"thing {i}", (40 * i, 9, 9), train_id=i, is_thing=True) for i in range(5))
)
SMALL = {
    "solo-resnet50": Preprocess(multiple=32),
    "solo-v2-resnet50": Preprocess(multiple=32),
    "yolact-resnet50": Preprocess(size_hw=(128, 128), resize="stretch"),
    "panet-resnet50": Preprocess(multiple=32),
    "masklab-resnet101": Preprocess(multiple=32),
}


def part(name):
    plugin = default_registry().entry("deepmask").plugin
    return load_attribute(plugin.folder, plugin.id, name)


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", SMALL)
def test_objects_come_out_of_the_predictor_with_the_classes_of_the_weights(tmp_path, name):
    torch.manual_seed(1)
    trained = create_model(name, num_classes=5)
    if name.startswith("masklab"):  # else its random masks are empty
        torch.nn.init.constant_(trained.refine[-1].bias, 1.0)
    torch.save({"state_dict": trained.state_dict()}, tmp_path / "trained.pth")
    predictor = load_predictor(
        name, tmp_path / "trained.pth", device="cpu", class_set=FIVE, score=0.0, preprocess=SMALL[name]
    )
    if name.startswith("panet"):
        predictor._network.proposals.most = 40  # of regions at which its heads look, so that this is quick
    prediction = predictor.predict(picture(30, 45))
    assert prediction.objects
    for item in prediction.objects:
        assert item.class_id in FIVE.by_id
        assert (item.shape.height, item.shape.width) == (30, 45)
        assert 0 <= item.score <= 1
    assert [item.score for item in prediction.objects] == sorted((i.score for i in prediction.objects), reverse=True)
    assert len(prediction.to_annotation().objects) == len(prediction.objects)


@pytest.mark.parametrize("name", ["deepmask", "sharpmask"])
def test_proposals_are_objects_without_a_class(tmp_path, name):
    torch.manual_seed(1)
    torch.save(create_model(name).state_dict(), tmp_path / "trained.pth")
    prediction = load_predictor(name, tmp_path / "trained.pth", device="cpu", score=0.0).predict(picture(40, 50))
    assert prediction.objects
    assert {item.class_id for item in prediction.objects} == {1}


def test_a_proposal_lies_where_its_window_looked():
    window, found_objects = part("window_proposals.Window"), part("window_proposals.found_objects")
    everywhere = torch.ones(56, 56)
    # Half a window of border: the window of the first cell begins 80 pixels of the enlarged image before the image.
    windows = [window(0.9, 5, 7, 1.0), window(0.8, 5, 5, 0.5)]
    found = found_objects(windows, [everywhere, everywhere], size_hw=(400, 600))
    first, second = (mask.nonzero().aminmax(dim=0) for mask in found["masks"])
    assert [first.min.tolist(), first.max.tolist()] == [[0, 32], [159, 191]]
    assert [second.min.tolist(), second.max.tolist()] == [[0, 0], [319, 319]]
    np.testing.assert_allclose(found["scores"], [0.9, 0.8])


def test_of_much_alike_proposals_the_best_is_kept():
    window, found_objects = part("window_proposals.Window"), part("window_proposals.found_objects")
    same = [window(0.3, 8, 8, 1.0), window(0.9, 8, 8, 1.0), window(0.5, 20, 20, 1.0)]
    found = found_objects(same, [torch.ones(56, 56)] * 3, size_hw=(500, 500))
    np.testing.assert_allclose(found["scores"], [0.9, 0.5])


def test_direction_pooling_takes_each_sectors_own_direction():
    pooled_by_direction, sectors = part("masklab.pooled_by_direction"), part("masklab.sectors")
    logits = torch.arange(32.0).repeat(2, 1)[:, :, None, None].expand(2, 32, 41, 41)
    pooled = pooled_by_direction(logits)
    assert pooled.shape == (2, 4, 41, 41)
    of = sectors(41)
    assert sorted(of.unique().tolist()) == list(range(8))
    for distance in range(4):
        torch.testing.assert_close(pooled[1, distance], 4.0 * of + distance)
    # Cells on either side of the middle lie in opposite directions.
    upper, lower = of[5, 30], of[35, 10]
    assert abs(int(upper) - int(lower)) == 4


def test_a_pasted_mask_fills_its_box():
    pasted = part("regions.pasted")
    (canvas,) = pasted(torch.ones(1, 28, 28), torch.tensor([[10.0, 20.0, 65.0, 75.0]]), (100, 90))
    rows, columns = canvas.any(dim=1).nonzero().flatten(), canvas.any(dim=0).nonzero().flatten()
    np.testing.assert_allclose([rows[0], rows[-1], columns[0], columns[-1]], [20, 75, 10, 65], atol=1)
    assert canvas.sum() == len(rows) * len(columns)


def test_a_better_mask_lowers_only_its_likenesses_of_one_class():
    lowered = part("located_masks.lowered_by_likeness")
    inside = torch.zeros(4, 8, 8, dtype=torch.bool)
    inside[:3, :4] = True  # three alike, of which the third is of another class, and one apart
    inside[3, 4:] = True
    scores = torch.tensor([0.9, 0.8, 0.7, 0.6])
    result = lowered(inside, inside.sum(dim=(1, 2)).float(), torch.tensor([0, 0, 1, 0]), scores)
    torch.testing.assert_close(result, torch.tensor([0.9, 0.8 * float(np.exp(-2)), 0.7, 0.6]))


@pytest.mark.parametrize("name", ["solo-v2-resnet50", "yolact-resnet50", "panet-resnet50"])
def test_objects_are_found_in_half_precision_too(name):
    torch.manual_seed(2)
    network = create_model(name, num_classes=5)
    if name.startswith("panet"):
        network.proposals.most = 20
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        (found,) = network(torch.randn(1, 3, 64, 64))
    assert len(found["scores"]) > 0
    assert found["scores"].dtype == torch.float32
    assert torch.isfinite(found["scores"]).all()
    assert (found["scores"] <= 1).all()
