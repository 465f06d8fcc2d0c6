"""Every network that we wrote: a state-dict of its public reference loads unchanged and gives the same output."""

from __future__ import annotations

import sys

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
    torch.save({"state_dict": reference_fill.filled(kept)}, tmp_path / "weights.pth")
    model = load_weights(create_model(kept["model"], **kept["options"]), tmp_path / "weights.pth")
    for size, kept_outputs in kept["outputs"].items():
        given = said(model, size)
        for head, expected in by_head(kept_outputs).items():
            ours = reference_fill.summary(given[head])
            assert ours["shape"] == expected["shape"], f"{size} {head}"
            np.testing.assert_allclose(
                ours["samples"],
                expected["samples"],
                rtol=0,
                atol=TOLERANCE * expected["largest"],
                err_msg=f"{size} {head}",
            )
            assert abs(ours["mean"] - expected["mean"]) <= TOLERANCE * expected["largest"]


def said(model, size):
    """What the network says, by head: semantic networks have one, others tell theirs by `raw` or by parts."""
    pixels = reference_fill.pixels(tuple(map(int, size.split("x"))))
    with torch.inference_mode():
        if type(model).__name__ == "PANet":
            return panet_parts(model, pixels)
        given = getattr(model, "raw", model)(pixels)
    return given if isinstance(given, dict) else {"": given}


def panet_parts(model, pixels):
    """Pyramid, heads on three boxes, the likeliest regions, and these regions' boxes of all classes."""
    parts = sys.modules[type(model).__module__]
    height, width = pixels.shape[-2:]
    corners = [
        [0, 0, width - 1, height - 1],
        [0, 0, width / 2, height / 2],
        [width / 2, height / 4, width - 1, height - 1],
    ]
    given = torch.tensor(corners)
    levels = model.pyramid(model.trunk(pixels))
    classes, offsets = model.box_head(parts.pooled(levels, given, 7))
    regions = model.proposals(levels, parts.STRIDES, (height, width))[:40]
    _, of_regions = model.box_head(parts.pooled(levels, regions, 7))
    moved = parts.moved(regions[:, None], of_regions.view(len(regions), -1, 4), parts.BOX_WEIGHTS)
    return {
        **{f"level{number}": level for number, level in enumerate(levels)},
        "classes": classes,
        "offsets": offsets,
        "masks": model.mask_head(parts.pooled(levels, given, 14)),
        "regions": regions,
        "boxes": parts.clipped(moved, (height, width)).flatten(1),
    }


def by_head(outputs):
    """The kept outputs of one size by head, without the objects found from them."""
    return {"": outputs} if "samples" in outputs else {k: v for k, v in outputs.items() if k != "found"}


@pytest.mark.parametrize("name", reference_fill.names_with_objects())
def test_objects_are_those_of_the_reference(tmp_path, name):
    kept = reference_fill.read(name)
    torch.save(reference_fill.filled(kept), tmp_path / "weights.pth")
    model = load_weights(create_model(kept["model"], **kept["options"]), tmp_path / "weights.pth")
    for size, outputs in kept["outputs"].items():
        expected = outputs["found"]
        with torch.inference_mode():
            (found,) = model(reference_fill.pixels(tuple(map(int, size.split("x")))))
        count = len(expected["scores"])
        assert count > 3
        np.testing.assert_allclose(found["scores"][:count], expected["scores"], atol=TOLERANCE)
        assert found["channels"][:count].tolist() == expected["channels"]
        areas = (found["masks"][:count] > 0.5).flatten(1).sum(dim=1)
        np.testing.assert_allclose(areas, expected["areas"], rtol=0.01, atol=2)


@pytest.mark.parametrize("name", reference_fill.names())
def test_the_comparison_notices_a_changed_weight(tmp_path, name):
    kept = reference_fill.read(name)
    tensors = reference_fill.filled(kept)
    changed = next(key for key, shape in reversed(kept["shapes"].items()) if len(shape) == 4)
    tensors[changed] = -tensors[changed]
    torch.save(tensors, tmp_path / "weights.pth")
    model = load_weights(create_model(kept["model"], **kept["options"]), tmp_path / "weights.pth")
    size, outputs = next(iter(kept["outputs"].items()))
    given = said(model, size)
    assert any(
        np.abs(np.array(reference_fill.summary(given[head])["samples"]) - expected["samples"]).max()
        > 10 * TOLERANCE * expected["largest"]
        for head, expected in by_head(outputs).items()
    )


def is_program(card):
    """Whether the card stands for files that bring their own network."""
    return "open" in default_registry().entry(card.name).offer.code


def test_every_semantic_network_takes_any_size_and_answers_at_it():
    for card in default_registry().cards("semantic"):
        if card.requires or is_program(card) or card.family in ("fcn", "deeplab", "lraspp"):
            continue
        with torch.device("meta"):
            model = create_model(card.name)
        with torch.inference_mode():
            for height, width in ((256, 384), (163, 227)):
                output = model(torch.empty(1, 3, height, width, device="meta"))
                assert output.shape == (1, card.num_outputs(), height, width), card.name


def test_cards_count_the_parameters_of_their_networks():
    for card in default_registry().cards():
        if card.requires or is_program(card) or card.parameters is None:
            continue
        with torch.device("meta"):
            model = create_model(card.name)
        assert sum(p.numel() for p in model.parameters()) == card.parameters, card.name
