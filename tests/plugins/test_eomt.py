"""EoMT through the plugin: what the library's own processor makes of the library's own network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.models import create_model, load_predictor
from segstudio.models.card import Preprocess

transformers = pytest.importorskip("transformers")

SIDE = 64
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "num_blocks": 2,
    "num_queries": 12,
    "image_size": SIDE,
}
CLASSES = ClassSet(
    "five", tuple(LabelClass(10 + i, f"class {i}", (40 * i, 0, 0), train_id=i, is_thing=i < 3) for i in range(5))
)
UNIT = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "resize": "short", "antialias": True}


def model_and_reference(name):
    torch.manual_seed(11)
    model = create_model(name, 5, config=SMALL)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.copy_(torch.randn_like(tensor) * (0.2 if tensor.ndim > 1 else 0.5))
    reference = transformers.EomtForUniversalSegmentation(model.config).eval()
    reference.load_state_dict(model.state_dict())
    return model, reference


def picture(height, width):
    blocks = np.random.default_rng(height).integers(0, 256, (height // 10 + 1, width // 10 + 1, 3))
    return np.kron(blocks, np.ones((10, 10, 1)))[:height, :width].astype(np.uint8)


@pytest.mark.parametrize("size", [(SIDE, 150), (130, SIDE), (SIDE, SIDE)])
def test_classes_of_pixels_have_the_scores_of_the_librarys_processor(size):
    model, reference = model_and_reference("eomt-l")
    image = torch.from_numpy(picture(*size)).permute(2, 0, 1)
    sizes = {"shortest_edge": SIDE, "longest_edge": None}
    processor = transformers.EomtImageProcessor(size=sizes, do_split_image=True)
    given = processor(images=image, return_tensors="pt")
    with torch.inference_mode():
        outputs = reference(given["pixel_values"], patch_offsets=given["patch_offsets"])
        (expected,) = processor.post_process_semantic_segmentation(
            outputs, target_sizes=[size], size=sizes, return_segmentation_scores=True
        )
        ours = model(image[None] / 255)[0].exp()
    assert expected.segmentation_scores.std() > 1e-3
    torch.testing.assert_close(ours, expected.segmentation_scores, rtol=1e-4, atol=1e-4)


def test_segments_are_those_of_the_librarys_processor(tmp_path):
    _, reference = model_and_reference("eomt-l-panoptic")
    reference.save_pretrained(tmp_path / "saved")
    image, score = picture(90, 120), 0.3
    predictor = load_predictor(
        "eomt-l-panoptic",
        tmp_path / "saved",
        device="cpu",
        class_set=CLASSES,
        score=score,
        preprocess=Preprocess(size_hw=(SIDE, SIDE), multiple=SIDE, **UNIT),
    )
    prediction = predictor.predict(image)
    sizes = {"shortest_edge": SIDE, "longest_edge": SIDE}
    processor = transformers.EomtImageProcessor(size=sizes, do_pad=True)
    planes = torch.from_numpy(image).permute(2, 0, 1)
    with torch.inference_mode():
        outputs = reference(processor(images=planes, return_tensors="pt")["pixel_values"])
        (expected,) = processor.post_process_panoptic_segmentation(
            outputs, target_sizes=[(90, 120)], threshold=score, stuff_classes=[3, 4], size=sizes
        )
    labels_hw = np.full((90, 120), 255)
    for info in expected["segments_info"]:
        labels_hw[expected["segmentation"].numpy() == info["id"]] = info["label_id"]
    assert len(np.unique(labels_hw)) >= 2
    # The library enlarges the masks' logits where we enlarge their probabilities: borders may differ by a pixel.
    assert np.mean(prediction.labels_hw == labels_hw) > 0.97


def test_other_shapes_are_refused_where_objects_are_wanted():
    model, _ = model_and_reference("eomt-l-instance")
    with pytest.raises(UserError, match="squares of 64 pixels"):
        model(torch.zeros(1, 3, 64, 96))
    (found,) = model(torch.zeros(1, 3, SIDE, SIDE))
    assert found["masks"].shape[1:] == (SIDE, SIDE)
