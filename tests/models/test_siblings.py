"""Weights of another model of the family are recognised, and the person is told whose they are."""

from __future__ import annotations

import pytest
import torch

from segstudio.core.errors import UserError
from segstudio.models import create_model
from segstudio.models.registry import default_registry
from segstudio.models.torch_backend.opening import open_predictor
from segstudio.models.torch_backend.siblings import owner


@pytest.mark.parametrize(
    ("named", "whose"),
    [("espnet", "espnet-v2"), ("c3net", "c3net-v2"), ("linknet", "linknet-zh320"), ("erfnet-zh320", "erfnet")],
)
def test_the_message_names_the_model_whose_weights_they_are(tmp_path, named, whose):
    torch.save(create_model(whose).state_dict(), tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"weights\.pth: not the weights of") as caught:
        open_predictor(default_registry(), named, weights=str(tmp_path / "weights.pth"))
    assert caught.value.hint == f"they are weights of {whose}"


def test_another_number_of_classes_does_not_hide_whose_they_are():
    assert owner(default_registry(), "linknet", create_model("linknet-zh320", 7).state_dict()) == "linknet-zh320"


def test_tensors_that_fit_nobody_are_nobodys():
    assert owner(default_registry(), "espnet", {"level1.weight": torch.zeros(3)}) is None
