"""Our wrappers of promptable networks against the library's own processors: same pictures, prompts and weights."""

from __future__ import annotations

from dataclasses import replace

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

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

FOLDER = bundled_plugins_dir() / "promptable"
SIZE_HW = (90, 140)
SAME = 0.003
"""The share of pixels that may differ, because embeddings are kept in halves of floats."""


def ours(dotted: str):
    return load_attribute(FOLDER, "promptable", dotted)


def picture(size_hw=SIZE_HW, seed=2):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (size_hw[0] // 8 + 1, size_hw[1] // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[: size_hw[0], : size_hw[1]])


def pixels(candidates, threshold, size_hw=SIZE_HW):
    """Each candidate as a mask of the whole image."""
    masks = []
    for candidate in candidates:
        mask_hw = np.zeros(size_hw, np.bool_)
        rect, part = candidate.pixels(size_hw, threshold=threshold)
        mask_hw[rect.slices] = part
        masks.append(mask_hw)
    return masks


PROMPTS = {
    "one point": Prompt().with_point(40.5, 30.5, positive=True),
    "three points": Prompt()
    .with_point(40.5, 30.5, positive=True)
    .with_point(100.5, 60.5, positive=False)
    .with_point(10.5, 80.5, positive=True),
    "box": Prompt(box_xyxy=(20.5, 10.5, 90.5, 70.5)),
    "box and point": Prompt(box_xyxy=(20.5, 10.5, 90.5, 70.5)).with_point(50.5, 40.5, positive=False),
}


def of_library(prompt):
    """The prompt as the library's processors take it: counted from the centre of the first pixel."""
    given = {}
    if len(prompt.positive):
        given["input_points"] = [[(prompt.points_xy - 0.5).tolist()]]
        given["input_labels"] = [[prompt.positive.astype(int).tolist()]]
    if prompt.box_xyxy is not None:
        given["input_boxes"] = [[(np.array(prompt.box_xyxy) - 0.5).tolist()]]
    return given


def sam_of_library(network, prompt, image, side):
    from transformers.models.sam.image_processing_sam import SamImageProcessor

    processor = transformers.SamProcessor(
        SamImageProcessor(size={"longest_edge": side}, pad_size={"height": side, "width": side})
    )
    inputs = processor(images=image, return_tensors="pt", **of_library(prompt))
    several = len(prompt.positive) == 1 and prompt.box_xyxy is None
    shapes = {key: inputs.pop(key) for key in ("original_sizes", "reshaped_input_sizes")}
    inputs = {k: v.float() if v.is_floating_point() else v for k, v in inputs.items()}
    with torch.inference_mode():
        output = network(multimask_output=several, **inputs)
    middle = float(output.pred_masks.median())
    sizes = shapes["original_sizes"].tolist(), shapes["reshaped_input_sizes"].tolist()
    masks = processor.image_processor.post_process_masks(output.pred_masks, *sizes, mask_threshold=middle)
    return masks[0][0].numpy(), output.iou_scores[0, 0].numpy(), middle


def tiny_sam2(side=128, width=64):
    """SAM 2's own architecture with two blocks a stage, and the same with memory, weights drawn from a seed."""
    backbone = {
        "hidden_size": 16,
        "num_attention_heads": 1,
        "image_size": [side, side],
        "blocks_per_stage": [1, 2, 2, 1],
        "embed_dim_per_stage": [16, 32, 64, 128],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [4],
        "window_positional_embedding_background_size": [4, 4],
    }
    vision = transformers.Sam2VisionConfig(
        backbone_config=transformers.Sam2HieraDetConfig(**backbone),
        backbone_channel_list=[128, 64, 32, 16],
        backbone_feature_sizes=[[side // 4] * 2, [side // 8] * 2, [side // 16] * 2],
        fpn_hidden_size=width,
    )
    prompt = {"hidden_size": width, "image_size": side, "patch_size": 16}
    decoder = {"hidden_size": width, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": width}
    return vision, prompt, decoder


@pytest.fixture(params=["SamModel", "SamHQModel"])
def sam(request):
    """A wrapper and the network in it."""
    tiny = ours("random_weights.tiny_sam_config")
    config = tiny(transformers.SamConfig if request.param == "SamModel" else transformers.SamHQConfig, side=128)
    network = ours("random_weights.stirred")(getattr(transformers, request.param)(config), 7)
    wrapper = ours("sam.SamSegmenter" if request.param == "SamModel" else "sam.SamHqSegmenter")
    return wrapper(network, device="cpu", content="seed 7"), network


@pytest.mark.parametrize("name", PROMPTS)
def test_sam_gives_the_masks_of_the_library(sam, name):
    segmenter, network = sam
    frame = Frame("a", picture())
    found = segmenter.predict(segmenter.encode(frame, cancel=CancelToken()), PROMPTS[name], cancel=CancelToken())
    masks, scores, middle = sam_of_library(network, PROMPTS[name], frame.image_hwc, 128)
    assert len(found) == len(masks) == (3 if name == "one point" else 1)
    np.testing.assert_allclose([c.score for c in found], scores, atol=5e-3)
    for mine, theirs in zip(pixels(found, middle), masks, strict=True):
        assert (mine != theirs).mean() <= SAME
    assert any(0.02 < mask.mean() < 0.98 for mask in masks)


@pytest.fixture(scope="module")
def sam2():
    vision, prompt, decoder = tiny_sam2()
    config = transformers.Sam2Config(vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder)
    network = ours("random_weights.stirred")(transformers.Sam2Model(config), 3)
    return ours("sam2.Sam2Segmenter")(network, device="cpu", content="seed 3"), network


@pytest.mark.parametrize("name", PROMPTS)
def test_sam2_gives_the_masks_of_the_library(sam2, name):
    from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor

    segmenter, network = sam2
    prompt, frame = PROMPTS[name], Frame("a", picture())
    found = segmenter.predict(segmenter.encode(frame, cancel=CancelToken()), prompt, cancel=CancelToken())
    side = {"height": 128, "width": 128}
    processor = transformers.Sam2Processor(Sam2ImageProcessor(size=side, mask_size={"height": 32, "width": 32}), 128)
    inputs = processor(images=frame.image_hwc, return_tensors="pt", **of_library(prompt))
    sizes = inputs.pop("original_sizes")
    inputs = {k: v.float() if v.is_floating_point() else v for k, v in inputs.items()}
    several = len(prompt.positive) == 1 and prompt.box_xyxy is None
    with torch.inference_mode():
        output = network(multimask_output=several, **inputs)
    middle = float(output.pred_masks.median())  # random weights may put every pixel on one side of 0
    masks = processor.post_process_masks(output.pred_masks, sizes, mask_threshold=middle)[0][0].numpy()
    assert len(found) == len(masks)
    np.testing.assert_allclose([c.score for c in found], output.iou_scores[0, 0].numpy(), atol=5e-3)
    for mine, theirs in zip(pixels(found, middle), masks, strict=True):
        assert (mine != theirs).mean() <= SAME
    assert any(0.02 < mask.mean() < 0.98 for mask in masks)


def test_random_weights_keep_the_contract():
    assert violations(ours("random_weights.open_random"), picture()) == []


def test_sam2_keeps_the_contract(sam2):
    assert violations(lambda: sam2[0], picture()) == []


def test_a_mask_to_start_from_changes_the_answer(sam):
    segmenter, _ = sam
    embedding = segmenter.encode(Frame("a", picture()), cancel=CancelToken())
    inside_hw = np.zeros(SIZE_HW, np.bool_)
    inside_hw[20:50, 30:90] = True
    plain, started = (
        segmenter.predict(embedding, prompt, cancel=CancelToken())[0].logits_hw
        for prompt in (PROMPTS["box"], replace(PROMPTS["box"], prior_hw=inside_hw))
    )
    assert not np.array_equal(plain, started)


def test_a_forward_pass_ends_between_two_layers(sam):
    segmenter, network = sam
    token, seen = CancelToken(), []

    def look(module, given):
        seen.append(module)
        token.cancel()

    handle = network.vision_encoder.layers[0].register_forward_pre_hook(look)
    with pytest.raises(Cancelled):
        segmenter.encode(Frame("a", picture()), cancel=token)
    handle.remove()
    assert len(seen) == 1


def test_a_saved_folder_opens_by_the_name_of_its_card(tmp_path, sam):
    segmenter, network = sam
    if type(network).__name__ != "SamModel":
        pytest.skip("one of the two is enough")
    network.save_pretrained(tmp_path / "sam-vit-base")
    again = open_segmenter(default_registry(), SegmenterSpec("sam-vit-b", str(tmp_path / "sam-vit-base"), "cpu"))
    frame = Frame("a", picture())
    one, two = (
        each.predict(each.encode(frame, cancel=CancelToken()), PROMPTS["box"], cancel=CancelToken())[0]
        for each in (segmenter, again)
    )
    np.testing.assert_array_equal(one.logits_hw, two.logits_hw)


def test_other_weights_have_another_hash():
    opened = ours("random_weights.open_random")
    assert opened(seed=1).model_hash != opened(seed=2).model_hash


def test_without_weights_a_sentence_says_where_they_go(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path))
    for name in ("sam-vit-b", "sam2.1-hiera-t", "mobile-sam"):
        with pytest.raises(UserError, match="no weights on this machine") as told:
            open_segmenter(default_registry(), SegmenterSpec(name))
        assert str(tmp_path) in told.value.hint
    with pytest.raises(UserError, match="there are no such weights"):
        open_segmenter(default_registry(), SegmenterSpec("sam-vit-b", str(tmp_path / "elsewhere")))
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text("{}")
    with pytest.raises(UserError, match="safetensors"):
        open_segmenter(default_registry(), SegmenterSpec("sam-vit-b", str(tmp_path / "odd")))


def test_following_gives_what_the_library_gives(sam2):
    vision, prompt, decoder = tiny_sam2(width=256)  # the memory takes four tokens of 64 of it
    config = transformers.Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config=prompt,
        mask_decoder_config=decoder,
        image_size=128,
        memory_encoder_hidden_size=256,
        memory_encoder_output_channels=64,
        memory_attention_hidden_size=256,
        memory_attention_num_layers=1,
        memory_attention_num_attention_heads=1,
        memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=[8, 8],
        mask_downsampler_embed_dim=256,
        memory_fuser_embed_dim=256,
        memory_fuser_intermediate_dim=64,
        memory_fuser_num_layers=1,
    )
    network = ours("random_weights.stirred")(transformers.Sam2VideoModel(config), 5).requires_grad_(False)
    frames = [picture(seed=seed) for seed in (1, 2, 3)]
    mask_hw = np.zeros(SIZE_HW, np.bool_)
    mask_hw[20:60, 30:90] = True

    tracker = ours("following.VideoTracker")(network, sam2[0])
    tracker.start(Frame("0", frames[0]), mask_hw, cancel=CancelToken())
    found = [tracker.step(Frame(str(i), frame), cancel=CancelToken()) for i, frame in enumerate(frames[1:])]

    from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor
    from transformers.models.sam2_video.video_processing_sam2_video import Sam2VideoVideoProcessor

    side = {"height": 128, "width": 128}
    processor = transformers.Sam2VideoProcessor(Sam2ImageProcessor(size=side), Sam2VideoVideoProcessor(size=side), 128)
    session = processor.init_video_session(dtype=torch.float32)
    inputs = [processor(images=image, return_tensors="pt").pixel_values[0].float() for image in frames]
    processor.add_inputs_to_inference_session(session, frame_idx=0, obj_ids=1, input_masks=mask_hw)
    with torch.inference_mode():
        network(inference_session=session, frame=inputs[0])
        theirs = [network(inference_session=session, frame=image) for image in inputs[1:]]
    for mine, output in zip(found, theirs, strict=True):
        if float(output.object_score_logits.reshape(-1)[0]) <= 0:
            assert mine == []
        else:
            theirs_hw = output.pred_masks[0, 0].numpy()
            np.testing.assert_allclose(mine[0].logits_hw, theirs_hw, rtol=2e-3, atol=1e-3)


def test_cards_name_what_a_person_needs():
    registry = default_registry()
    cards = registry.cards("promptable")
    assert {"sam-vit-b", "sam-hq-vit-b", "sam2.1-hiera-t", "sam3", "edgetam", "mobile-sam", "oracle"} <= {
        card.name for card in cards
    }
    for card in cards:
        assert card.licence or card.runs_without_weights
        assert registry.status(card.name).state in ("works", "weights needed", "missing extra")


def tiny_sam3():
    """SAM 3 and its tracker with one layer each, 32 wide."""
    small = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
    vit = {**small, "num_hidden_layers": 2, "image_size": 112, "patch_size": 14, "window_size": 4}
    vit |= {"model_type": "sam3_vit_model", "global_attn_indexes": [1], "pretrain_image_size": 112}
    sizes = [[32, 32], [16, 16], [8, 8]]
    vision = {"backbone_config": vit, "fpn_hidden_size": 32, "backbone_feature_sizes": sizes}
    text = {**small, "num_hidden_layers": 1, "projection_dim": 32, "vocab_size": 100, "max_position_embeddings": 32}
    config = transformers.Sam3Config(
        vision_config=vision,
        text_config=text | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
        geometry_encoder_config={**small, "num_layers": 1, "roi_size": 7},
        detr_encoder_config={**small, "num_layers": 1},
        detr_decoder_config={**small, "num_layers": 1, "num_queries": 10},
        mask_decoder_config={"hidden_size": 32, "num_upsampling_stages": 2, "num_attention_heads": 2},
    )
    tracker = transformers.Sam3TrackerConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": 112, "patch_size": 14},
        mask_decoder_config={
            "hidden_size": 32,
            "mlp_dim": 64,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 32,
        },
    )
    stirred = ours("random_weights.stirred")
    return stirred(transformers.Sam3Model(config), 1), stirred(transformers.Sam3TrackerModel(tracker), 2)


def test_sam3_answers_words_as_the_library_does_and_points_by_its_tracker():
    network, tracker = tiny_sam3()
    half = (0.5, 0.5, 0.5)
    points = ours("sam2.Sam2Segmenter")(tracker, device="cpu", content="a", mean=half, std=half)
    ids, mask = torch.tensor([[1, 2, 3, 0]]), torch.tensor([[1, 1, 1, 0]])
    segmenter = ours("sam3.Sam3Segmenter")(network, points, lambda text: (ids, mask), device="cpu", content="b")
    frame = Frame("a", picture())
    embedding = segmenter.encode(frame, cancel=CancelToken())
    found = segmenter.predict(embedding, Prompt(text="anything"), cancel=CancelToken())
    pixel_values = segmenter.pixels(frame.image_hwc, (112, 112), half, half)
    with torch.inference_mode():
        output = network(pixel_values=pixel_values, input_ids=ids, attention_mask=mask)
    scores = (output.pred_logits.sigmoid() * output.presence_logits.sigmoid())[0].numpy()
    kept = np.flatnonzero(scores > 0.3)
    np.testing.assert_allclose([c.score for c in found], scores[kept], atol=5e-3)
    for candidate, number in zip(found, kept, strict=True):
        theirs_hw = output.pred_masks[0, number].numpy()
        spread = np.abs(theirs_hw).max()
        np.testing.assert_allclose(candidate.logits_hw, theirs_hw, atol=0.02 * spread)
    like = Prompt(text="anything", exemplars_xyxy=((10.0, 10.0, 60.0, 50.0),))
    assert segmenter.predict(embedding, like, cancel=CancelToken())
    assert len(segmenter.predict(embedding, PROMPTS["one point"], cancel=CancelToken())) == 3
