"""Weights files: the wrappings of training scripts, damage, code, and networks they were not made for."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from segstudio.core.errors import UserError
from segstudio.models import load_weights
from segstudio.models.torch_backend.checkpoint import OutputsDiffer, read_tensors


class Bomb:
    """A pickle of this makes a file when it is loaded as code."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def network(outputs=4):
    torch.manual_seed(outputs)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, outputs, 1))


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {"state_dict": state}, "optimizer": {"lr": 0.1}},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"state_dict": {f"module.model.{key}": value for key, value in state.items()}},
        lambda state: {"best_score": np.float64(0.7), "state_dict": state},
    ],
    ids=["bare", "state_dict", "nested", "module.", "module.model.", "numpy score"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_every_usual_wrapping_loads(tmp_path, wrap, zipped):
    source, target = network(), network()
    nn.init.normal_(source[0].weight)
    path = tmp_path / "weights.pth"
    torch.save(wrap(source.state_dict()), path, _use_new_zipfile_serialization=zipped)
    assert load_weights(target, path) is target
    assert same(source, target)


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.bin"])
def test_safetensors_load_under_any_name(tmp_path, name):
    source, target = network(), network()
    nn.init.normal_(source[0].weight)
    safetensors.torch.save_file(source.state_dict(), tmp_path / name)
    load_weights(target, tmp_path / name)
    assert same(source, target)


@pytest.mark.parametrize("protocol", ["torch", "pickle", "inside"])
def test_a_pickle_with_code_is_refused_and_does_not_run(tmp_path, protocol):
    path, witness = tmp_path / "weights.pth", tmp_path / "it-ran"
    if protocol == "torch":
        torch.save({"state_dict": Bomb(witness)}, path)
    elif protocol == "inside":
        torch.save({"state_dict": network().state_dict(), "extra": [Bomb(witness)]}, path)
    else:
        path.write_bytes(pickle.dumps(Bomb(witness)))
    with pytest.raises(UserError, match="refused: it holds code"):
        read_tensors(path)
    assert not witness.exists()


def test_a_whole_pickled_network_is_refused(tmp_path):
    torch.save(network(), tmp_path / "model.pth")
    with pytest.raises(UserError, match="refused"):
        read_tensors(tmp_path / "model.pth")


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
def test_a_torchscript_program_is_sent_to_its_model(tmp_path):
    torch.jit.save(torch.jit.trace(network().eval(), torch.zeros(1, 3, 8, 8)), tmp_path / "program.pt")
    with pytest.raises(UserError, match="TorchScript") as caught:
        read_tensors(tmp_path / "program.pt")
    assert "torchscript" in caught.value.hint


@pytest.mark.parametrize("length", [0, 1, 100, 1500])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_truncated_files_are_named_as_damaged(tmp_path, kind, length):
    path = tmp_path / f"weights.{'safetensors' if kind == 'safetensors' else 'pth'}"
    if kind == "safetensors":
        safetensors.torch.save_file(network().state_dict(), path)
    else:
        torch.save(network().state_dict(), path, _use_new_zipfile_serialization=kind == "zip")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError) as caught:
        read_tensors(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", [b"hello world, this is text", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(4096)])
def test_other_files_are_no_weights(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a weights file|damaged|refused"):
        read_tensors(path)


def test_a_zip_of_something_else_is_no_weights_file(tmp_path):
    path = tmp_path / "weights.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "dear reader")
    with pytest.raises(UserError, match="not a weights file"):
        read_tensors(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(UserError, match="no such weights file"):
        read_tensors(tmp_path / "nowhere.pth")


def test_another_number_of_classes_is_said(tmp_path):
    torch.save(network(7).state_dict(), tmp_path / "seven.pth")
    target = network(4)
    with pytest.raises(OutputsDiffer, match="7 outputs, the network has 4") as caught:
        load_weights(target, tmp_path / "seven.pth")
    assert (caught.value.expected, caught.value.found) == (4, 7)
    assert same(target, network(4))


def test_other_networks_are_listed_and_change_nothing(tmp_path):
    state = network().state_dict()
    del state["0.bias"]
    state["3.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "other.pth")
    target = network()
    nn.init.zeros_(target[0].weight)
    with pytest.raises(UserError, match=r"1 missing \(0.bias\); 1 unexpected \(3.weight\)"):
        load_weights(target, tmp_path / "other.pth")
    assert not target[0].weight.any()


def test_a_missing_batch_counter_is_no_mismatch(tmp_path):
    state = network().state_dict()
    del state["1.num_batches_tracked"]
    torch.save(state, tmp_path / "old.pth")
    load_weights(network(), tmp_path / "old.pth")


class Renaming(nn.Module):
    """A network whose reference calls its layer otherwise, and whose variants differ in width."""

    def __init__(self, width=4):
        super().__init__()
        self.layer = nn.Conv2d(3, width, 1)

    def adapt_to(self, state):
        weight = state["old.weight"]
        if weight.shape[0] != self.layer.out_channels:
            self.layer = nn.Conv2d(3, weight.shape[0], 1)
        return {key.replace("old.", "layer."): value for key, value in state.items()}


def test_a_network_renames_and_follows_the_variant(tmp_path):
    torch.save({"old.weight": torch.ones(6, 3, 1, 1), "old.bias": torch.zeros(6)}, tmp_path / "six.pth")
    target = Renaming()
    load_weights(target, tmp_path / "six.pth")
    assert target.layer.weight.shape[0] == 6
    assert bool((target.layer.weight == 1).all())


def test_a_variant_that_does_not_fit_leaves_the_network_alone(tmp_path):
    torch.save({"old.weight": torch.ones(6, 3, 1, 1)}, tmp_path / "half.pth")
    target = Renaming()
    with pytest.raises(UserError, match="layer.bias"):
        load_weights(target, tmp_path / "half.pth")
    assert target.layer.out_channels == 4
    torch.save({"strange": torch.ones(1)}, tmp_path / "strange.pth")
    with pytest.raises(UserError, match="not the weights of Renaming"):
        load_weights(target, tmp_path / "strange.pth")
