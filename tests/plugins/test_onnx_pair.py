"""Encoder and decoder pairs in ONNX files: what the runtime is handed, hashes, and manifests that are wrong."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from segstudio.core.errors import Cancelled, UserError
from segstudio.core.plugin_code import load_attribute
from segstudio.core.progress import CancelToken
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.interactive.contract import violations
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.opening import open_segmenter
from segstudio.models.interactive.predictor import SegmenterSpec
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.registry import default_registry

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper, numpy_helper, FLOAT = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT

SIDE = 64


def ours(name):
    return load_attribute(bundled_plugins_dir() / "promptable", "promptable", f"onnx_pair.{name}")


def value(name, *shape):
    return helper.make_tensor_value_info(name, FLOAT, shape)


def write(path, nodes, inputs, outputs, constants):
    graph = helper.make_graph(
        nodes, "pair", inputs, outputs, [numpy_helper.from_array(array, name) for name, array in constants.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def pair(tmp_path):
    """Random networks with the signature of Segment Anything's exported decoder: every input counts."""
    rng = np.random.default_rng(4)
    encoder = write(
        tmp_path / "encoder.onnx",
        [helper.make_node("Conv", ["x", "w"], ["y"], strides=[16, 16])],
        [value("x", 1, 3, SIDE, SIDE)],
        [value("y", 1, 8, SIDE // 16, SIDE // 16)],
        {"w": rng.normal(size=(8, 3, 16, 16)).astype(np.float32) / 16},
    )
    inputs = [
        value("image_embeddings", 1, 8, SIDE // 16, SIDE // 16),
        value("point_coords", 1, "n", 2),
        value("point_labels", 1, "n"),
        value("mask_input", 1, 1, 256, 256),
        value("has_mask_input", 1),
        value("orig_im_size", 2),
    ]
    nodes = [
        helper.make_node("Conv", ["image_embeddings", "k"], ["small"]),
        helper.make_node("Resize", ["small", "", "", "size"], ["large"], mode="linear"),
        helper.make_node("Unsqueeze", ["point_labels", "last"], ["signs"]),
        helper.make_node("Mul", ["point_coords", "signs"], ["signed"]),
        helper.make_node("ReduceMean", ["signed"], ["pointed"], keepdims=0),
        helper.make_node("Mul", ["pointed", "little"], ["shift"]),
        helper.make_node("Add", ["large", "shift"], ["moved"]),
        helper.make_node("Mul", ["mask_input", "has_mask_input"], ["prior"]),
        helper.make_node("Add", ["moved", "prior"], ["low_res_masks"]),
        helper.make_node("ReduceMean", ["low_res_masks"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Sigmoid", ["mean"], ["iou_predictions"]),
        helper.make_node("Mul", ["orig_im_size", "orig_im_size"], ["area"]),
    ]
    constants = {
        "k": rng.normal(size=(4, 8, 1, 1)).astype(np.float32),
        "size": np.array([1, 4, 256, 256], np.int64),
        "last": np.array([2], np.int64),
        "little": np.array(0.01, np.float32),
    }
    outputs = [value("low_res_masks", 1, 4, 256, 256), value("iou_predictions", 1, 4), value("area", 2)]
    decoder = write(tmp_path / "decoder.onnx", nodes, inputs, outputs, constants)
    (tmp_path / "segmenter.toml").write_text(
        f'name = "random"\nside = {SIDE}\n'
        f'[encoder]\nfile = "encoder.onnx"\nsha256 = "{encoder}"\n'
        f'[decoder]\nfile = "decoder.onnx"\nsha256 = "{decoder}"\n'
    )
    return tmp_path


def picture(size_hw=(48, 80)):
    return np.random.default_rng(1).integers(0, 256, (*size_hw, 3), dtype=np.uint8)


def of_reference(pair, image, points, labels, mask=None):
    """As the notebook of Segment Anything runs its exported decoder: long side to the square's, coordinates scaled, one
    empty point where there is no box.
    """
    from PIL import Image

    scale = SIDE / max(image.shape[:2])
    height, width = (int(side * scale + 0.5) for side in image.shape[:2])
    small = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR), np.float32)
    small = (small - np.float32([123.675, 116.28, 103.53])) / np.float32([58.395, 57.12, 57.375])
    square = np.zeros((1, 3, SIDE, SIDE), np.float32)
    square[0, :, :height, :width] = small.transpose(2, 0, 1)
    encoder, decoder = (onnxruntime.InferenceSession(pair / f"{name}.onnx") for name in ("encoder", "decoder"))
    (embedding,) = encoder.run(None, {"x": square})
    coords = np.array(points, np.float32) * [width / image.shape[1], height / image.shape[0]]
    given = {
        "image_embeddings": embedding,
        "point_coords": coords[None].astype(np.float32),
        "point_labels": np.array(labels, np.float32)[None],
        "mask_input": np.zeros((1, 1, 256, 256), np.float32) if mask is None else mask,
        "has_mask_input": np.array([0 if mask is None else 1], np.float32),
        "orig_im_size": np.array([height, width], np.float32),
    }
    return decoder.run(["low_res_masks", "iou_predictions"], given)


@pytest.mark.parametrize("size_hw", [(48, 80), (30, 20), (200, 300)])
def test_the_decoder_gets_what_its_reference_gives_it(pair, size_hw):
    segmenter, image = ours("open_pair")(pair), picture(size_hw)
    embedding = segmenter.encode(Frame("a", image), cancel=CancelToken())
    point = Prompt().with_point(12.5, 9.5, positive=True)
    box = Prompt(box_xyxy=(3.5, 2.5, 15.5, 16.5)).with_point(7.5, 9.5, positive=False)
    several = segmenter.predict(embedding, point, cancel=CancelToken())
    (single,) = segmenter.predict(embedding, box, cancel=CancelToken())
    masks, scores = of_reference(pair, image, [(12, 9), (0, 0)], [1, -1])
    for number, candidate in enumerate(several):
        np.testing.assert_allclose(candidate.logits_hw, masks[0, number + 1], atol=0.03)
        assert candidate.score == pytest.approx(scores[0, number + 1], abs=0.01)
    masks, _ = of_reference(pair, image, [(7, 9), (3, 2), (15, 16)], [0, 2, 3])
    np.testing.assert_allclose(single.logits_hw, masks[0, 0], atol=0.03)


def test_the_last_answer_goes_back_in(pair):
    from dataclasses import replace

    segmenter, image = ours("open_pair")(pair), picture()
    embedding = segmenter.encode(Frame("a", image), cancel=CancelToken())
    point = Prompt().with_point(12.5, 9.5, positive=True)
    first = segmenter.predict(embedding, point, cancel=CancelToken())[0]
    (second,) = segmenter.predict(embedding, replace(point, previous_hw=first.logits_hw), cancel=CancelToken())
    masks, _ = of_reference(pair, image, [(12, 9), (0, 0)], [1, -1], first.logits_hw.astype(np.float32)[None, None])
    np.testing.assert_allclose(second.logits_hw, masks[0, 0], atol=0.06)


def test_a_pair_keeps_the_contract(pair):
    assert violations(lambda: ours("open_pair")(pair), picture()) == []


def test_a_pair_opens_by_the_names_of_the_cards(pair, tmp_path, monkeypatch):
    assert open_segmenter(default_registry(), SegmenterSpec("onnx-pair", str(pair))).model_hash
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path / "weights"))
    assert default_registry().status("mobile-sam").state == "weights needed"
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "MobileSAM").symlink_to(pair)
    assert default_registry().status("mobile-sam").state == "works"
    assert open_segmenter(default_registry(), SegmenterSpec("mobile-sam")).device_line().startswith("ONNX")


def test_another_file_under_its_name_is_never_run(pair):
    with (pair / "decoder.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match="SHA-256"):
        ours("open_pair")(pair)


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("name", "= name", "cannot be read"),
        ("[decoder]", "[other]", "'decoder'"),
        ('file = "encoder.onnx"', 'file = "gone.onnx"', "no such file"),
        ("side = 64", 'resize = "squeeze"', "'squeeze' is not known"),
        ("side = 64", "mean = [1, 2]", "missing or wrong"),
    ],
)
def test_a_wrong_manifest_is_a_sentence(pair, was, instead, said):
    path = pair / "segmenter.toml"
    path.write_text(path.read_text().replace(was, instead, 1))
    with pytest.raises(UserError, match=said) as told:
        ours("open_pair")(pair)
    assert str(pair) in told.value.message


def test_cancel_before_it_begins(pair):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        ours("open_pair")(pair).encode(Frame("a", picture()), cancel=token)
