"""Our segmenters against the repositories of their papers: same pictures, prompts and (seeded) weights, same masks.

A file in `reference_prompts/` was made by running the named predictor once with tiny networks; it keeps prompts, masks
and scores, of exported pairs the ONNX files too. Weights of the others come from `reference_fill.fill` by the names of
our networks' tensors. Masks are kept where logits are above a threshold: 0, but where all pixels of random weights lie
on one side of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.plugin_code import load_attribute
from segstudio.core.progress import CancelToken
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.interactive.contract import violations
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.prompt import Prompt

HOME = Path(__file__).parent / "reference_prompts"
SIDE = 128
SAME = {"edgetam": 0.02}
"""The share of pixels that may differ (else 0.003): embeddings are kept in halves of floats, and each library resizes
a little differently. EdgeTAM's random networks give nearly flat logits, so that it takes little to change a pixel.
"""


def ours(dotted: str):
    return load_attribute(bundled_plugins_dir() / "promptable", "promptable", dotted)


def read(name: str):
    kept = dict(np.load(HOME / f"{name}.npz"))
    return json.loads(bytes(kept["about"])), kept


def picture(size_hw):
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 256, (size_hw[0] // 8 + 2, size_hw[1] // 8 + 2, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[: size_hw[0], : size_hw[1]])


def previous(seed, size):
    coarse = np.random.default_rng(seed).normal(0, 6, (size // 8, size // 8))
    return np.kron(coarse, np.ones((8, 8))).astype(np.float16)


def prompt_of(said, low):
    """References count from the centre of the first pixel, we from its corner."""
    prompt = Prompt()
    for x, y, sign in said.get("points", []):
        prompt = prompt.with_point(x + 0.5, y + 0.5, positive=bool(sign))
    if "box" in said:
        prompt = replace(prompt, box_xyxy=tuple(side + 0.5 for side in said["box"]))
    return replace(prompt, previous_hw=previous(said["previous"], low)) if "previous" in said else prompt


def whole(candidate, size_hw, threshold):
    mask_hw = np.zeros(size_hw, np.bool_)
    rect, part = candidate.pixels(size_hw, threshold=threshold)
    mask_hw[rect.slices] = part
    return mask_hw


def compare(segmenter, name):
    """Every kept mask; a network that offers more candidates than its reference has the reference's first."""
    about, kept = read(name)
    sides = []
    embedding, of = None, None
    for number, run in enumerate(about["runs"]):
        size_hw, count = tuple(run["size"]), run["count"]
        if size_hw != of:
            embedding, of = segmenter.encode(Frame("a", picture(size_hw)), cancel=CancelToken()), size_hw
        found = segmenter.predict(embedding, prompt_of(run["prompt"], run["low"]), cancel=CancelToken())
        masks = np.unpackbits(kept[f"masks{number}"], count=count * size_hw[0] * size_hw[1]).reshape(count, *size_hw)
        where = f"{name} {size_hw} {run['name']}"
        assert len(found) >= count, where
        np.testing.assert_allclose([c.score for c in found[:count]], run["scores"], atol=2e-3, err_msg=where)
        for candidate, mask_hw, threshold in zip(found, masks, run["thresholds"], strict=False):
            differs = np.count_nonzero(whole(candidate, size_hw, threshold) != mask_hw)
            assert differs <= max(1, SAME.get(name, 0.003) * mask_hw.size), where
            sides.append(mask_hw.mean())
    assert sum(0.05 < side < 0.95 for side in sides) > len(sides) / 4


def filled(network):
    """The network with the weights that the reference had."""
    torch = pytest.importorskip("torch")
    from tests.plugins.reference_fill import fill

    weights = fill({name: list(tensor.shape) for name, tensor in network.state_dict().items()})
    place = "positional_embedding"
    weights[f"shared_image_embedding.{place}"] = weights[f"prompt_encoder.shared_embedding.{place}"]
    network.load_state_dict(weights)
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    return network.eval()


def sam():
    tiny, library = ours("random_weights.tiny_sam_config"), pytest.importorskip("transformers")
    return ours("sam.SamSegmenter")(
        filled(library.SamModel(tiny(library.SamConfig, side=SIDE))), device="cpu", content=""
    )


def sam_hq():
    tiny, library = ours("random_weights.tiny_sam_config"), pytest.importorskip("transformers")
    network = filled(library.SamHQModel(tiny(library.SamHQConfig, side=SIDE)))
    return ours("sam.SamHqSegmenter")(network, device="cpu", content="")


def heads():
    """Prompt encoder and mask decoder as SAM 2 always builds them, 64 wide."""
    decoder = {"hidden_size": 64, "mlp_dim": 2048, "num_attention_heads": 8, "iou_head_hidden_dim": 256}
    return {
        "prompt_encoder_config": {"hidden_size": 64, "image_size": SIDE, "patch_size": 16},
        "mask_decoder_config": decoder,
    }


SIZES = [[SIDE // stride] * 2 for stride in (4, 8, 16)]


def sam2():
    library = pytest.importorskip("transformers")
    trunk = library.Sam2HieraDetConfig(
        hidden_size=16,
        num_attention_heads=1,
        image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 2, 2, 1],
        embed_dim_per_stage=[16, 32, 64, 128],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[4, 4, 4, 4],
        global_attention_blocks=[4],
        window_positional_embedding_background_size=[4, 4],
    )
    vision = library.Sam2VisionConfig(
        backbone_config=trunk,
        backbone_channel_list=[128, 64, 32, 16],
        backbone_feature_sizes=SIZES,
        fpn_hidden_size=64,
    )
    network = filled(library.Sam2Model(library.Sam2Config(vision_config=vision, **heads())))
    return ours("sam2.Sam2Segmenter")(network, device="cpu", content="")


def edgetam():
    library = pytest.importorskip("transformers")
    pytest.importorskip("timm")
    trunk = library.TimmWrapperConfig(
        architecture="repvit_m1.dist_in1k",
        model_args={"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},
    )
    vision = library.EdgeTamVisionConfig(
        backbone_config=trunk,
        backbone_channel_list=[384, 192, 96, 48],
        backbone_feature_sizes=SIZES,
        fpn_hidden_size=64,
    )
    network = filled(library.EdgeTamModel(library.EdgeTamConfig(vision_config=vision, **heads())))
    return ours("sam2.Sam2Segmenter")(network, device="cpu", content="")


@pytest.mark.parametrize("make", [sam, sam_hq, sam2, edgetam], ids=lambda make: make.__name__)
def test_masks_are_those_of_the_reference(make):
    compare(make(), make.__name__.replace("_", "-"))


def test_the_comparison_notices_a_changed_weight():
    segmenter = sam()
    segmenter.network.vision_encoder.layers[0].attn.qkv.weight.mul_(-1)
    with pytest.raises(AssertionError):
        compare(segmenter, "sam")


def test_edgetam_keeps_the_contract():
    segmenter = edgetam()
    assert violations(lambda: segmenter, picture((60, 90))) == []


KINDS = {"onnx-mobile-sam": "sam", "onnx-sam2": "sam2", "onnx-efficient-sam": "efficient-sam"}


def written(folder, name, *, kind=None, side=SIDE, more=""):
    """The pair of a fixture with its manifest."""
    _, kept = read(name)
    tables = ""
    for part in ("encoder", "decoder"):
        content = bytes(kept[part])
        (folder / f"{part}.onnx").write_bytes(content)
        tables += f'[{part}]\nfile = "{part}.onnx"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
    head = f'name = "{name}"\ndecoder_kind = "{kind or KINDS[name]}"\nside = {side}\n{more}\n'
    (folder / "segmenter.toml").write_text(head + tables)
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_exported_pairs_give_the_masks_of_the_reference(name, tmp_path):
    pytest.importorskip("onnxruntime")
    compare(ours("onnx_pair.open_pair")(written(tmp_path, name)), name)


@pytest.mark.parametrize("name", KINDS)
def test_exported_pairs_keep_the_contract(name, tmp_path):
    pytest.importorskip("onnxruntime")
    segmenter = ours("onnx_pair.open_pair")(written(tmp_path, name))
    assert violations(lambda: segmenter, picture((60, 90))) == []


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("other", ["sam", "sam2", "efficient-sam"])
def test_a_wrong_kind_is_one_line_that_names_both(name, other, tmp_path):
    pytest.importorskip("onnxruntime")
    from segstudio.core.errors import UserError

    if other == KINDS[name]:
        return
    with pytest.raises(UserError) as told:
        ours("onnx_pair.open_pair")(written(tmp_path, name, kind=other))
    assert str(tmp_path / "decoder.onnx") in told.value.message
    assert f"'{KINDS[name]}'" in told.value.message
    assert f"'{other}'" in told.value.message
    assert told.value.hint == f'decoder_kind = "{KINDS[name]}"'
    assert "\n" not in told.value.message


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("onnx-mobile-sam", {"side": 256}, "128×128 pixels, and segmenter.toml says side = 256"),
        ("onnx-sam2", {"side": 64}, "128×128 pixels, and segmenter.toml says side = 64"),
        ("onnx-mobile-sam", {"more": 'layout = "hwc"'}, "takes pictures as nchw"),
    ],
)
def test_a_wrong_side_or_layout_is_one_line(name, given, said, tmp_path):
    pytest.importorskip("onnxruntime")
    from segstudio.core.errors import UserError

    with pytest.raises(UserError, match=said):
        ours("onnx_pair.open_pair")(written(tmp_path, name, **given))


def test_more_points_than_efficient_sam_looks_at_keep_the_first_and_the_newest(tmp_path):
    pytest.importorskip("onnxruntime")
    segmenter = ours("onnx_pair.open_pair")(written(tmp_path, "onnx-efficient-sam"))
    embedding = segmenter.encode(Frame("a", picture((60, 90))), cancel=CancelToken())
    points = [(10.5, 10.5), (20.5, 30.5), (70.5, 20.5), (50.5, 50.5), (15.5, 44.5), (80.5, 12.5), (33.5, 33.5)]

    def ask(chosen):
        prompt = Prompt()
        for x, y in chosen:
            prompt = prompt.with_point(x, y, positive=True)
        return [c.logits_hw for c in segmenter.predict(embedding, prompt, cancel=CancelToken())]

    for all_of_them, six in zip(ask(points), ask(points[:1] + points[2:]), strict=True):
        np.testing.assert_array_equal(all_of_them, six)


def test_edgetam_follows_as_the_library_does():
    """Its memory, with the library's own processor and session beside it."""
    library, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    pytest.importorskip("timm")
    from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor
    from transformers.models.sam2_video.video_processing_sam2_video import Sam2VideoVideoProcessor

    still = edgetam()
    config = library.EdgeTamVideoConfig(
        vision_config={**still.network.config.vision_config.to_dict(), "fpn_hidden_size": 256},
        prompt_encoder_config={"hidden_size": 256, "image_size": SIDE, "patch_size": 16},
        mask_decoder_config={
            "hidden_size": 256,
            "mlp_dim": 64,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 32,
        },
        image_size=SIDE,
        memory_attention_num_layers=1,
        memory_attention_mlp_hidden_size=64,
        memory_attention_rope_feat_sizes=[8, 8],
        memory_attention_rope_k_sizes=[4, 4],
        memory_fuser_num_layers=1,
        perceiver_resampler_num_latents=16,
        perceiver_resampler_num_latents_2d=16,
    )
    network = filled(library.EdgeTamVideoModel(config)).requires_grad_(False)
    network.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(3.0)  # it is in sight
    size_hw = (90, 140)
    frames = [np.roll(picture(size_hw), by, axis=1) for by in (0, 6, 12)]
    mask_hw = np.zeros(size_hw, np.bool_)
    mask_hw[20:60, 30:90] = True

    tracker = ours("following.VideoTracker")(network, still)
    tracker.start(Frame("0", frames[0]), mask_hw, cancel=CancelToken())
    found = [tracker.step(Frame(str(i), image), cancel=CancelToken()) for i, image in enumerate(frames[1:])]

    side = {"height": SIDE, "width": SIDE}
    processor = library.Sam2VideoProcessor(Sam2ImageProcessor(size=side), Sam2VideoVideoProcessor(size=side), SIDE)
    session = processor.init_video_session(dtype=torch.float32)
    inputs = [processor(images=image, return_tensors="pt").pixel_values[0].float() for image in frames]
    processor.add_inputs_to_inference_session(session, frame_idx=0, obj_ids=1, input_masks=mask_hw)
    with torch.inference_mode():
        network(inference_session=session, frame=inputs[0])
        theirs = [network(inference_session=session, frame=image) for image in inputs[1:]]
    for (mine,), output in zip(found, theirs, strict=True):
        logits_hw = output.pred_masks[0, 0].numpy()
        np.testing.assert_allclose(mine.logits_hw, logits_hw, rtol=2e-3, atol=2e-3)
        assert logits_hw.std() > 0.01
