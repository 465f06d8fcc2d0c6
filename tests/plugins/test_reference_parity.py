"""Every network that we wrote: a state-dict of its public reference loads unchanged and gives the same output."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.models import create_model, load_weights
from segstudio.models.registry import default_registry
from tests.plugins import reference_fill

TOLERANCE = 1e-4


@pytest.mark.parametrize("name", reference_fill.names())
def test_outputs_are_those_of_the_reference(tmp_path, name):
    kept = reference_fill.read(name)
    torch.save({"state_dict": reference_fill.fill(kept["shapes"])}, tmp_path / "weights.pth")
    model = load_weights(create_model(kept["model"], **kept["options"]), tmp_path / "weights.pth")
    for size, expected in kept["outputs"].items():
        height, width = map(int, size.split("x"))
        with torch.inference_mode():
            output = model(reference_fill.pixels((height, width)))
        ours = reference_fill.summary(output)
        assert ours["shape"] == expected["shape"]
        np.testing.assert_allclose(
            ours["samples"], expected["samples"], rtol=0, atol=TOLERANCE * expected["largest"], err_msg=size
        )
        assert abs(ours["mean"] - expected["mean"]) <= TOLERANCE * expected["largest"]


@pytest.mark.parametrize("name", reference_fill.names())
def test_the_comparison_notices_a_changed_weight(tmp_path, name):
    kept = reference_fill.read(name)
    tensors = reference_fill.fill(kept["shapes"])
    changed = next(key for key, shape in reversed(kept["shapes"].items()) if len(shape) == 4)
    tensors[changed] = -tensors[changed]
    torch.save(tensors, tmp_path / "weights.pth")
    model = load_weights(create_model(kept["model"], **kept["options"]), tmp_path / "weights.pth")
    size, expected = next(iter(kept["outputs"].items()))
    with torch.inference_mode():
        output = model(reference_fill.pixels(tuple(map(int, size.split("x")))))
    difference = np.abs(np.array(reference_fill.summary(output)["samples"]) - expected["samples"])
    assert difference.max() > 10 * TOLERANCE * expected["largest"]


def test_every_semantic_network_takes_any_size_and_answers_at_it():
    for card in default_registry().cards("semantic"):
        if card.requires or card.name == "torchscript" or card.family in ("fcn", "deeplab", "lraspp"):
            continue
        with torch.device("meta"):
            model = create_model(card.name)
        with torch.inference_mode():
            for height, width in ((256, 384), (163, 227)):
                output = model(torch.empty(1, 3, height, width, device="meta"))
                assert output.shape == (1, card.num_outputs(), height, width), card.name


def test_cards_count_the_parameters_of_their_networks():
    for card in default_registry().cards():
        if card.requires or card.name == "torchscript" or card.parameters is None:
            continue
        with torch.device("meta"):
            model = create_model(card.name)
        assert sum(p.numel() for p in model.parameters()) == card.parameters, card.name
