"""Programs of one's own: opened as they are, with classes named by the person."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models import create_model, load_predictor
from segstudio.models.card import Preprocess
from segstudio.models.registry import default_registry

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")

CLASSES = ClassSet.of_names(["red", "green", "blue"])
PLAIN = Preprocess(mean=(0, 0, 0), std=(1, 1, 1))


class Colours(nn.Module):
    """The planes themselves as scores, at half the resolution."""

    def forward(self, x):
        return nn.functional.avg_pool2d(x, 2)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.pt"
    torch.jit.save(torch.jit.script(Colours()), path)
    return path


def test_a_program_predicts_with_named_classes(program):
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, :10, 0] = image[:, 10:20, 1] = image[:, 20:, 2] = 255
    predictor = load_predictor("torchscript", program, device="cpu", class_set=CLASSES, preprocess=PLAIN)
    labels = predictor.predict(image).labels_hw
    np.testing.assert_array_equal(labels[0, [0, 5, 15, 25, 29]], [0, 0, 1, 2, 2])


def test_a_program_needs_a_file_and_names_for_its_classes(program):
    with pytest.raises(UserError, match="needs a file"):
        load_predictor("torchscript", device="cpu")
    with pytest.raises(UserError, match="classes"):
        load_predictor("torchscript", program, device="cpu")
    with pytest.raises(UserError, match="no network of its own"):
        create_model("torchscript")
    assert default_registry().status("torchscript").state == "weights needed"


def test_the_wrong_number_of_classes_is_said(program):
    predictor = load_predictor("torchscript", program, device="cpu", class_set=ClassSet.of_names("abcdef"))
    with pytest.raises(UserError, match="3 outputs.*6 classes"):
        predictor.predict(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 but no archive", b"plain text"])
def test_other_files_are_no_programs(tmp_path, content):
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a TorchScript archive"):
        load_predictor("torchscript", path, device="cpu", class_set=CLASSES)
    with pytest.raises(UserError, match="no such file"):
        load_predictor("torchscript", tmp_path / "nowhere.pt", device="cpu", class_set=CLASSES)


def test_plain_weights_are_no_program(tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="not a TorchScript archive"):
        load_predictor("torchscript", tmp_path / "weights.pth", device="cpu", class_set=CLASSES)
