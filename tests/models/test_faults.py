"""What must not take the program with it: broken plugins, a machine without a driver, a model that gives NaN."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.core.errors import UserError
from segstudio.models.events import Done, Failed
from segstudio.models.host import ModelHost
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.torch_backend.device import choose_device, why_no_cuda

WAIT = 120
CPU = PredictSettings(device="cpu")
IMAGE = np.full((8, 9, 3), 200, np.uint8)


def test_a_network_file_that_raises_at_import_ends_its_own_requests_only(tiny_plugin):
    network = tiny_plugin / "network.py"
    whole = network.read_text(encoding="utf-8")
    network.write_text("raise RuntimeError('a library is too old')\n" + whole, encoding="utf-8")
    with ModelHost([tiny_plugin]) as host:
        failed = host.submit(PredictRequest("tiny", IMAGE, settings=CPU)).wait(WAIT)
        assert isinstance(failed, Failed)
        assert "a library is too old" in failed.message
        assert "\n" not in failed.message
        assert isinstance(host.submit(PredictRequest("tiny", IMAGE, settings=CPU)).wait(WAIT), Failed)
        assert host.starts == 1


def test_a_card_that_raises_at_import_is_a_problem_and_not_the_end(tiny_plugin):
    (tiny_plugin / "cards.py").write_text("1 / 0\n", encoding="utf-8")
    registry = ModelRegistry([tiny_plugin])
    assert registry.cards() == []
    assert "division by zero" in registry.problems["tiny"]
    with pytest.raises(UserError, match="division by zero"):
        registry.card("tiny")


def test_a_network_that_gives_nan_costs_its_image_only(tiny_plugin):
    network = tiny_plugin / "network.py"
    text = network.read_text(encoding="utf-8")
    # Black pictures make it give NaN.
    text = text.replace("return self.classify(x)", "return self.classify(x) + (float('nan') if x.max() < -1 else 0)", 1)
    network.write_text(text, encoding="utf-8")
    with ModelHost([tiny_plugin]) as host:
        failed = host.submit(PredictRequest("tiny", IMAGE * 0, settings=CPU)).wait(WAIT)
        assert "NaN" in failed.message
        assert isinstance(host.submit(PredictRequest("tiny", IMAGE, settings=CPU)).wait(WAIT), Done)
        assert host.starts == 1


def test_without_a_driver_the_cpu_is_taken_with_the_reason(monkeypatch):
    def no_driver(*_, **__):
        raise RuntimeError("Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU.")

    monkeypatch.setattr(torch.version, "cuda", "13.2")
    monkeypatch.setattr(torch, "zeros", no_driver)
    assert why_no_cuda() == "no NVIDIA driver was found"
    choice = choose_device("auto")
    assert choice.device.type in ("cpu", "mps")
    if choice.device.type == "cpu":
        assert "no NVIDIA driver was found" in choice.line()
    with pytest.raises(UserError, match="cannot run on CUDA: no NVIDIA driver"):
        choose_device("cuda")
