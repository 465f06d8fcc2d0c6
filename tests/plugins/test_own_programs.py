"""ONNX files and exported programs: described by a sidecar or flags, listed as models of one's own."""

from __future__ import annotations

import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.events import Done
from segstudio.models.host import ModelHost
from segstudio.models.own import add_own_model, install_own_models, remove_own_model
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.torch_backend.opening import open_predictor

COLOURS = ["red", "green", "blue"]
DESCRIPTION = {"classes": COLOURS, "mean": [0, 0, 0], "std": [1, 1, 1], "title": "Colours"}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_OWN_MODELS", str(tmp_path / "own"))


@pytest.fixture
def registry():
    return ModelRegistry(bundled_plugins_dir() / name for name in ("generic", "onnx", "exported"))


class Colours(nn.Module):
    """The planes themselves as scores, at half the resolution."""

    def forward(self, x):
        return nn.functional.avg_pool2d(x, 2)


def onnx_file(path, *, size=("h", "w"), argmax=False, batch="n"):
    """An ONNX model that averages 2×2 pixels, built from its nodes."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [helper.make_node("AveragePool", ["image"], ["scores"], kernel_shape=[2, 2], strides=[2, 2])]
    out, out_kind, channels = "scores", kind, 3
    if argmax:
        nodes.append(helper.make_node("ArgMax", ["scores"], ["labels"], axis=1))
        out, out_kind, channels = "labels", onnx.TensorProto.INT64, 1
    given = helper.make_tensor_value_info("image", kind, [batch, 3, *size])
    answer = helper.make_tensor_value_info(out, out_kind, [batch, channels, "a", "b"])
    graph = helper.make_graph(nodes, "colours", [given], [answer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def exported_file(path):
    """The same network, exported for images of 20×30."""
    with torch.no_grad():
        torch.export.save(torch.export.export(Colours().eval(), (torch.zeros(1, 3, 20, 30),)), str(path))
    return path


@pytest.fixture(params=["net.onnx", "net.pt2"])
def program(request, tmp_path):
    path = tmp_path / request.param
    return onnx_file(path) if path.suffix == ".onnx" else exported_file(path)


def stripes():
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, :10, 0] = image[:, 10:20, 1] = image[:, 20:, 2] = 255
    return image


CPU = PredictSettings(device="cpu")


def test_a_file_with_a_sidecar_predicts_with_its_classes(registry, program):
    program.with_name(f"{program.name}.json").write_text(json.dumps(DESCRIPTION), encoding="utf-8")
    kind = {".onnx": "onnx", ".pt2": "exported"}[program.suffix]
    prediction = open_predictor(registry, kind, weights=str(program), settings=CPU).predict(stripes())
    np.testing.assert_array_equal(prediction.labels_hw[7, [0, 5, 15, 25, 29]], [0, 0, 1, 2, 2])
    assert [c.name for c in prediction.class_set.classes] == COLOURS


def test_without_names_for_its_classes_a_file_is_not_guessed_at(registry, program):
    kind = {".onnx": "onnx", ".pt2": "exported"}[program.suffix]
    with pytest.raises(UserError, match="classes"):
        open_predictor(registry, kind, weights=str(program), settings=CPU)
    with pytest.raises(UserError, match="which classes"):
        add_own_model(registry, program)
    six = PredictSettings(device="cpu", class_set=ClassSet.of_names("abcdef"))
    with pytest.raises(UserError, match="3 outputs.*6 classes"):
        open_predictor(registry, kind, weights=str(program), settings=six).predict(stripes())


def test_a_model_of_ones_own_is_listed_runs_in_the_process_and_goes_again(registry, program):
    card = add_own_model(registry, program, name="my-net", description=DESCRIPTION)
    assert (card.family, card.title, card.num_outputs()) == ("own", "Colours", 3)
    assert registry.status("my-net").state == "works"
    fresh = ModelRegistry(registry.folders)
    install_own_models(fresh)
    assert fresh.card("my-net") == card
    with ModelHost(registry.folders) as host:
        done = host.submit(PredictRequest("my-net", stripes(), settings=CPU)).wait(120)
    assert isinstance(done, Done), done
    np.testing.assert_array_equal(done.prediction.labels_hw[7, [0, 15, 29]], [0, 1, 2])
    remove_own_model(registry, "my-net")
    assert "my-net" not in registry
    assert program.is_file()
    with pytest.raises(UserError, match="no model of your own"):
        remove_own_model(registry, "my-net")


def test_a_model_whose_file_is_gone_says_so(registry, program):
    add_own_model(registry, program, name="my-net", description=DESCRIPTION)
    program.unlink()
    assert registry.status("my-net").state == "weights needed"
    with pytest.raises(UserError, match="no such file"):
        open_predictor(registry, "my-net", settings=CPU)


def test_what_cannot_be_a_model_is_refused(registry, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("no model")
    with pytest.raises(UserError, match="unknown kind"):
        add_own_model(registry, other, description=DESCRIPTION)
    for name in ("bad.onnx", "bad.pt2"):
        (tmp_path / name).write_bytes(b"no model")
        add_own_model(registry, tmp_path / name, name=f"my-{name[4:]}", description=DESCRIPTION)
    pytest.importorskip("onnxruntime")
    with pytest.raises(UserError, match="not an ONNX model"):
        open_predictor(
            registry,
            "onnx",
            weights=str(tmp_path / "bad.onnx"),
            settings=PredictSettings(device="cpu", class_set=ClassSet.of_names("abc")),
        )
    with pytest.raises(UserError, match="not a torch.export program"):
        open_predictor(registry, "my-pt2", settings=CPU)
    with pytest.raises(UserError, match="already"):
        add_own_model(registry, tmp_path / "bad.pt2", name="torchscript", description=DESCRIPTION)


@pytest.mark.parametrize(
    ("sidecar", "reason"),
    [("{", "cannot be read"), ("[1]", "not the description"), ('{"klasses": []}', "unknown entry 'klasses'")],
)
def test_a_damaged_sidecar_is_named(registry, tmp_path, sidecar, reason):
    path = tmp_path / "net.pt2"
    path.write_bytes(b"x")
    (tmp_path / "net.json").write_text(sidecar, encoding="utf-8")
    with pytest.raises(UserError, match=reason):
        add_own_model(registry, path)


def test_an_onnx_file_of_one_size_or_without_logits_says_so(registry, tmp_path):
    fixed = onnx_file(tmp_path / "fixed.onnx", size=(16, 24), batch=1)
    add_own_model(registry, fixed, name="fixed", description=DESCRIPTION)
    with pytest.raises(UserError, match="24×16 pixels only"):
        open_predictor(registry, "fixed", settings=CPU).predict(stripes())
    add_own_model(registry, fixed, name="fitted", description={**DESCRIPTION, "size": [24, 16]})
    together = PredictSettings(device="cpu", batch=2)
    first, second = open_predictor(registry, "fitted", settings=together).predict_all([stripes(), stripes()])
    assert first.labels_hw.shape == (20, 30)
    np.testing.assert_array_equal(first.labels_hw, second.labels_hw)
    labels = onnx_file(tmp_path / "labels.onnx", argmax=True)
    add_own_model(registry, labels, name="labels", description=DESCRIPTION)
    with pytest.raises(UserError, match="not logits"):
        open_predictor(registry, "labels", settings=CPU).predict(stripes())


def test_a_program_for_another_size_says_so(registry, tmp_path):
    add_own_model(registry, exported_file(tmp_path / "net.pt2"), name="net", description=DESCRIPTION)
    with pytest.raises(UserError, match="another size than 44×40"):
        open_predictor(registry, "net", settings=CPU).predict(np.zeros((40, 44, 3), np.uint8))


class Evil:
    """What runs a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def test_pickled_code_in_an_exported_program_does_not_run(registry, tmp_path):
    good, marker = exported_file(tmp_path / "good.pt2"), tmp_path / "it-ran"
    code = pickle.dumps(Evil(marker))
    for number, place in enumerate(("constants/opaque_obj_0", "sample_inputs")):
        bad = tmp_path / f"bad{number}.pt2"
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_STORED) as target:
            for name in source.namelist():
                holds = place == "sample_inputs" and place in name
                target.writestr(name, code if holds else source.read(name))
            if number == 0:
                target.writestr(f"{source.namelist()[0].split('/')[0]}/data/{place}", code)
        settings = PredictSettings(device="cpu", class_set=ClassSet.of_names(COLOURS))
        with pytest.raises(UserError, match="refused|damaged"):
            open_predictor(registry, "exported", weights=str(bad), settings=settings)
        assert not marker.exists()
