"""transformers' networks through the plugin: what the library's own processors make of the library's own networks."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.core.plugin_code import load_attribute
from segstudio.models import create_model, load_predictor, load_weights
from segstudio.models.registry import default_registry
from segstudio.models.torch_backend.panoptic import to_segments
from segstudio.models.torch_backend.pixels import to_input

transformers = pytest.importorskip("transformers")

TOLERANCE = 1e-4
NUM_CLASSES = 5
CLASSES = ClassSet(
    "five",
    tuple(LabelClass(10 + i, f"class {i}", (40 * i, 0, 0), train_id=i, is_thing=i < 3) for i in range(NUM_CLASSES)),
)
STUFF = {3, 4}

SWIN = {
    "model_type": "swin",
    "embed_dim": 8,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 1, 2, 2],
    "window_size": 4,
    "image_size": 64,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
CONVNEXT = {
    "model_type": "convnext",
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
SEGFORMER = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "decoder_hidden_size": 16}
MASK2FORMER = {
    "backbone_config": SWIN,
    "num_queries": 12,
    "hidden_dim": 32,
    "feature_size": 32,
    "mask_feature_size": 32,
    "encoder_feedforward_dim": 32,
    "dim_feedforward": 32,
    "encoder_layers": 1,
    "decoder_layers": 3,
    "num_attention_heads": 2,
}
ONEFORMER = {
    "backbone_config": SWIN,
    "num_queries": 12,
    "conv_dim": 32,
    "mask_dim": 32,
    "hidden_dim": 32,
    "encoder_feedforward_dim": 32,
    "dim_feedforward": 32,
    "encoder_layers": 1,
    "decoder_layers": 3,
    "num_attention_heads": 2,
    "text_encoder_width": 32,
    "text_encoder_num_layers": 1,
}
MASKFORMER = {
    "backbone_config": SWIN,
    "fpn_feature_size": 32,
    "mask_feature_size": 32,
    "decoder_config": {
        "model_type": "detr",
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "num_queries": 12,
    },
}

LIBRARY = {
    "segformer": transformers.SegformerForSemanticSegmentation,
    "upernet": transformers.UperNetForSemanticSegmentation,
    "maskformer": transformers.MaskFormerForInstanceSegmentation,
    "mask2former": transformers.Mask2FormerForUniversalSegmentation,
    "oneformer": transformers.OneFormerForUniversalSegmentation,
}
PROCESSORS = {
    "segformer": transformers.SegformerImageProcessor,
    "upernet": transformers.SegformerImageProcessor,
    "maskformer": transformers.MaskFormerImageProcessor,
    "mask2former": transformers.Mask2FormerImageProcessor,
}
TASK_SENTENCES = {
    "semantic": [49406, 518, 10549, 533, 29119, 1550, 49407],
    "panoptic": [49406, 518, 10549, 533, 1072, 24755, 49407],
}


def model_and_reference(name, config, task="semantic"):
    """One of our networks with random weights, and the library's with the same, both in eval mode."""
    torch.manual_seed(7)
    model = create_model(name, NUM_CLASSES, config=config)
    with torch.no_grad():
        for tensor in model.parameters():  # the library starts many at zero or next to it, which would hide mistakes
            tensor.copy_(torch.randn_like(tensor) * (0.3 if tensor.ndim > 1 else 0.5))
    library = next(kind for kind in type(model).__mro__ if kind in LIBRARY.values())
    reference = library(model.config).eval()
    reference.load_state_dict(model.state_dict())
    return model, reference


def picture(height, width):
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def normalised(height, width):
    torch.manual_seed(height)
    return torch.randn(1, 3, height, width)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("segformer-b0", SEGFORMER),
        ("upernet-swin-t", {"backbone_config": SWIN, "hidden_size": 16}),
        ("upernet-convnext-t", {"backbone_config": CONVNEXT, "hidden_size": 16}),
    ],
)
def test_pixel_classifiers_give_the_librarys_logits(name, config):
    model, reference = model_and_reference(name, config)
    pixels = normalised(64, 96)
    with torch.inference_mode():
        ours, theirs = model(pixels), reference(pixel_values=pixels).logits
        theirs = torch.nn.functional.interpolate(theirs, size=(64, 96), mode="bilinear", align_corners=False)
        assert model(normalised(67, 83)).shape == (1, NUM_CLASSES, 67, 83)
    assert ours.std() > 0
    torch.testing.assert_close(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def reference_scores(reference, processor, pixels, size_hw):
    given = {"pixel_values": pixels}
    if isinstance(reference, transformers.OneFormerForUniversalSegmentation):
        sentence = TASK_SENTENCES["semantic"]
        given["task_inputs"] = torch.tensor([sentence + [0] * (77 - len(sentence))], dtype=torch.float32)
    (found,) = processor.post_process_semantic_segmentation(
        reference(**given), target_sizes=[size_hw], return_segmentation_scores=True
    )
    return found.segmentation_scores


@pytest.mark.parametrize(
    ("name", "config", "size"),
    [
        ("maskformer-swin-t", MASKFORMER, (64, 96)),
        ("mask2former-swin-t", MASK2FORMER, (384, 384)),
        ("oneformer-swin-l", ONEFORMER, (64, 96)),
    ],
)
def test_mask_classifiers_give_the_scores_of_the_librarys_processor(name, config, size):
    model, reference = model_and_reference(name, config)
    processor = PROCESSORS.get(name.split("-")[0], PROCESSORS["maskformer"])()
    pixels = normalised(*size)
    with torch.inference_mode():
        ours = model(pixels)[0].exp()
        theirs = reference_scores(reference, processor, pixels, size)
    assert theirs.std() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("segformer-b0", (300, 500), (512, 512)),
        ("upernet-swin-t", (600, 500), (512, 512)),
        ("maskformer-swin-t-panoptic", (480, 640), (800, 1088)),
        ("mask2former-swin-t-panoptic", (427, 640), (800, 1216)),
        ("mask2former-swin-t-instance", (1200, 500), (1344, 576)),
    ],
)
def test_images_become_the_input_that_the_librarys_processor_makes(name, size, expected):
    image, card = picture(*size), default_registry().card(name)
    processor = PROCESSORS[name.split("-")[0]]()
    theirs = processor(images=torch.from_numpy(image).permute(2, 0, 1), return_tensors="pt")["pixel_values"]
    ours = to_input(image, card.preprocess, torch.device("cpu"))
    assert ours.pixels.shape[-2:] == expected
    assert ours.content_hw == expected
    torch.testing.assert_close(ours.pixels, theirs, rtol=0, atol=TOLERANCE)


def saved_folder(tmp_path, reference, name="weights"):
    reference.save_pretrained(tmp_path / name)
    return tmp_path / name


def test_objects_are_those_of_the_librarys_processor(tmp_path):
    name, size = "mask2former-swin-t-instance", (384, 384)
    _, reference = model_and_reference(name, MASK2FORMER)
    folder = saved_folder(tmp_path, reference)
    predictor = load_predictor(
        name, folder, device="cpu", class_set=CLASSES, score=0.2, preprocess=default_preprocess(name, size)
    )
    image = picture(*size)
    prediction = predictor.predict(image)
    processor = transformers.Mask2FormerImageProcessor(size={"height": 384, "width": 384})
    with torch.inference_mode():
        outputs = reference(processor(images=image, return_tensors="pt")["pixel_values"])
        (expected,) = processor.post_process_instance_segmentation(outputs, threshold=0.2, return_binary_maps=True)
    theirs = sorted(
        (info["score"], info["label_id"] + 10, int(mask.sum()))
        for info, mask in zip(expected["segments_info"], expected["segmentation"], strict=True)
    )
    assert len(theirs) >= 3
    ours = sorted((item.score, item.class_id, pixels_of(item)) for item in prediction.objects)
    assert [found[1:] for found in ours] == [wanted[1:] for wanted in theirs]
    np.testing.assert_allclose([found[0] for found in ours], [wanted[0] for wanted in theirs], atol=TOLERANCE)


def default_preprocess(name, size):
    return default_registry().card(name).preprocess.with_options(size_hw=size)


def pixels_of(item):
    from pycocotools import mask as coco_mask

    return int(coco_mask.area({"size": [item.shape.height, item.shape.width], "counts": item.shape.counts}))


def as_the_processor_says(processor, outputs, score, size_hw):
    """Class of every pixel (255: none) and the things as pairs of class id and score, from the library's segments."""
    # Where it fuses stuff the library counts on from the fused segment and so gives some numbers twice.
    (expected,) = processor.post_process_panoptic_segmentation(
        outputs, threshold=score, label_ids_to_fuse=set(), target_sizes=[size_hw]
    )
    labels_hw = np.full(size_hw, 255)
    for info in expected["segments_info"]:
        labels_hw[expected["segmentation"].numpy() == info["id"]] = info["label_id"]
    things = [info for info in expected["segments_info"] if info["label_id"] not in STUFF]
    return labels_hw, sorted((info["label_id"] + 10, info["score"]) for info in things)


def check_things(objects, things):
    ours = sorted((item.class_id, item.score) for item in objects)
    assert [found[0] for found in ours] == [wanted[0] for wanted in things]
    np.testing.assert_allclose([found[1] for found in ours], [wanted[1] for wanted in things], atol=TOLERANCE)


def test_panoptic_predictions_are_those_of_the_librarys_processor(tmp_path):
    name, size, score = "mask2former-swin-t-panoptic", (300, 420), 0.3
    _, reference = model_and_reference(name, MASK2FORMER)
    folder = saved_folder(tmp_path, reference)
    image, preprocess = picture(*size), default_preprocess(name, (384, 384))
    predictor = load_predictor(name, folder, device="cpu", class_set=CLASSES, score=score, preprocess=preprocess)
    prediction = predictor.predict(image)
    processor = transformers.Mask2FormerImageProcessor(size={"height": 384, "width": 384})
    planes = torch.from_numpy(image).permute(2, 0, 1)
    with torch.inference_mode():
        outputs = reference(processor(images=planes, return_tensors="pt")["pixel_values"])
        labels_hw, things = as_the_processor_says(processor, outputs, score, size)
    assert len(things) >= 2
    assert np.mean(prediction.labels_hw == labels_hw) > 1 - TOLERANCE
    check_things(prediction.objects, things)
    assert len(prediction.to_annotation().objects) == len(things)


@pytest.mark.parametrize("seed", range(6))
def test_segments_of_many_queries_are_those_of_the_librarys_processor(seed):
    size, score = (50, 70), 0.4
    torch.manual_seed(seed)
    classes = 8 * torch.randn(1, 14, NUM_CLASSES + 1)
    masks = torch.randn(1, 14, 24, 32) - 5
    for query in range(14):  # boxes, of which some cover others
        top, left = int(torch.randint(0, 18, ())), int(torch.randint(0, 24, ()))
        masks[0, query, top : top + 6, left : left + 8] += 10
    outputs = SimpleNamespace(class_queries_logits=classes, masks_queries_logits=masks.clone())
    labels_hw, things = as_the_processor_says(transformers.MaskFormerImageProcessor(), outputs, score, size)
    entry = default_registry().entry("maskformer-swin-t")
    found_segments = load_attribute(entry.plugin.folder, entry.plugin.id, "mask_queries.found_segments")
    segments = to_segments(
        found_segments(classes[0], masks[0]),
        CLASSES,
        np.arange(NUM_CLASSES, dtype=np.uint8),
        size_hw=size,
        least_score=score,
    )
    np.testing.assert_array_equal(segments.labels_hw, labels_hw)
    assert len(np.unique(labels_hw)) >= 3
    check_things(segments.objects, things)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("segformer-b0", SEGFORMER),
        ("upernet-swin-t", {"backbone_config": SWIN, "hidden_size": 16}),
        ("maskformer-swin-t", MASKFORMER),
        ("oneformer-swin-l", ONEFORMER),
    ],
)
def test_a_folder_that_the_library_saved_is_opened_as_it_is(tmp_path, caplog, name, config):
    model, reference = model_and_reference(name, config)
    folder = saved_folder(tmp_path, reference)
    # The library warns, once, of the name that it itself gives MaskFormer's trunk.
    assert all("Backbone maskformer-swin is not a supported model" in told.getMessage() for told in caplog.records)
    caplog.clear()
    loaded = load_weights(create_model(name, NUM_CLASSES, config=config), folder / "model.safetensors")
    for key, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[key], value, rtol=0, atol=0)
    small = default_preprocess(name, (64, 64))
    image = picture(64, 64)
    with torch.inference_mode():
        expected = model(to_input(image, small, torch.device("cpu")).pixels)[0].argmax(dim=0)
    for given in (folder, folder / "model.safetensors"):
        predictor = load_predictor(name, given, device="cpu", class_set=CLASSES, preprocess=small)
        prediction = predictor.predict(image)
        np.testing.assert_array_equal(prediction.labels_hw, expected)
    assert not caplog.records


def test_another_number_of_classes_is_told_and_asked_for(tmp_path):
    _, reference = model_and_reference("segformer-b0", SEGFORMER)
    folder = saved_folder(tmp_path, reference)
    with pytest.raises(UserError, match="5 outputs") as caught:
        load_predictor("segformer-b0", folder, device="cpu")
    assert "--classes" in caught.value.hint


def test_a_folder_in_the_place_of_the_cards_weights_makes_the_model_work(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path))
    registry = default_registry()
    assert registry.status("segformer-b0").state == "weights needed"
    with pytest.raises(UserError, match="are not there") as caught:
        load_predictor("segformer-b0", device="cpu")
    assert "https://huggingface.co/nvidia/segformer-b0-finetuned-ade-512-512" in caught.value.hint
    torch.manual_seed(1)
    config = transformers.SegformerConfig(num_labels=19, **SEGFORMER)
    reference = transformers.SegformerForSemanticSegmentation(config)
    saved_folder(tmp_path, reference, "segformer-b0-finetuned-cityscapes-1024-1024")
    assert registry.status("segformer-b0").state == "works"
    prediction = load_predictor("segformer-b0", device="cpu").predict(picture(64, 96))
    assert prediction.class_set.name == "cityscapes"


def test_folders_of_other_networks_and_damaged_ones_are_refused_in_one_line(tmp_path):
    _, reference = model_and_reference("segformer-b0", SEGFORMER)
    folder = saved_folder(tmp_path, reference)
    with pytest.raises(UserError, match="type 'segformer', not 'mask2former'"):
        load_predictor("mask2former-swin-t", folder, device="cpu", class_set=CLASSES)
    (folder / "model.safetensors").write_bytes(b"\x10")
    with pytest.raises(UserError, match="damaged safetensors"):
        load_predictor("segformer-b0", folder, device="cpu", class_set=CLASSES)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError):
        load_predictor("segformer-b0", folder, device="cpu", class_set=CLASSES)


def test_nothing_asks_the_hub(tmp_path, monkeypatch):
    import socket

    def refuse(*_, **__):
        raise AssertionError("a network connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    _, reference = model_and_reference("segformer-b0", SEGFORMER)
    folder = saved_folder(tmp_path, reference)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "_name_or_path": "nvidia/mit-b0"}), encoding="utf-8")
    load_predictor("segformer-b0", folder, device="cpu", class_set=CLASSES)


def test_only_things_are_objects_of_oneformers_instance_task():
    card = default_registry().card("oneformer-swin-l-instance")
    for chosen in (card, card.with_weights(card.weights[1])):
        classes = chosen.classes()
        for channel, index in enumerate(chosen.channels):
            assert classes.evaluated[channel].is_thing == (index == channel)
            assert index in (channel, 255)


def test_cards_count_the_parameters_and_name_paper_and_page():
    cards = [c for c in default_registry().cards() if default_registry().entry(c.name).plugin.id == "transformers"]
    assert len(cards) == 41
    for card in cards:
        with torch.device("meta"):
            model = create_model(card.name)
        assert sum(p.numel() for p in model.parameters()) == card.parameters, card.name
        assert "arXiv" in card.paper
        assert all(entry.folder and entry.source.startswith("https://huggingface.co/") for entry in card.weights)


def test_without_the_extra_the_models_say_what_to_install(monkeypatch):
    import segstudio.models.registry as registry_module

    monkeypatch.setattr(registry_module, "find_spec", lambda name: None)
    status = default_registry().status("mask2former-swin-t")
    assert (status.state, status.note) == ("missing extra", "needs: pip install segstudio[transformers]")
    with pytest.raises(UserError, match="needs the extra 'transformers'"):
        create_model("mask2former-swin-t")
