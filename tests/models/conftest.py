"""A plugin with tiny networks of random weights, and a fresh folder for downloads."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from segstudio.models.registry import ModelRegistry

MANIFEST = """
    id = "tiny"
    version = "1.0"
    api = 1

    [[models]]
    name = "tiny"
    card = "cards.TINY"
    build = "network.build"

    [[models]]
    name = "tiny-boxes"
    card = "cards.BOXES"
    build = "network.build_boxes"

    [[models]]
    name = "tiny-slow"
    card = "cards.SLOW"
    build = "network.build_slow"

    [[models]]
    name = "tiny-later"
    card = "cards.LATER"
"""

CARDS = """
    from dataclasses import replace
    from segstudio.plugins.api import ClassSet, ModelCard, Preprocess

    TINY = ModelCard(
        name="tiny", family="tiny", title="Tiny", task="semantic", paper="none", year=2026, licence="MIT",
        class_set=ClassSet.of_names(["a", "b", "c"]), preprocess=Preprocess(), runs_without_weights=True,
    )
    BOXES = replace(
        TINY, name="tiny-boxes", task="instance", preprocess=Preprocess(mean=(0, 0, 0), std=(1, 1, 1)),
    )
    SLOW = replace(TINY, name="tiny-slow")
    LATER = replace(TINY, name="tiny-later")
"""

NETWORK = """
    import time

    import torch
    from torch import nn


    class Tiny(nn.Module):
        \"\"\"A 1x1 convolution whose channel k answers to colour k.\"\"\"

        def __init__(self, num_classes):
            super().__init__()
            self.classify = nn.Conv2d(3, num_classes, 1)
            with torch.no_grad():
                self.classify.weight.zero_()
                self.classify.bias.zero_()
                for k in range(min(3, num_classes)):
                    self.classify.weight[k, k] = 1.0

        def forward(self, x):
            return self.classify(x)


    class Boxes(nn.Module):
        \"\"\"The bright pixels of the red and of the green plane, as two objects.\"\"\"

        def forward(self, x):
            return [
                {
                    "masks": image[:2, None],
                    "scores": torch.tensor([0.6, 0.9], device=x.device),
                    "labels": torch.tensor([0, 1], device=x.device),
                }
                for image in x
            ]


    class Slow(Tiny):
        def forward(self, x):
            time.sleep(0.4)
            return self.classify(x)


    def build(num_classes=None):
        return Tiny(num_classes or 3)


    def build_boxes(num_classes=None):
        return Boxes()


    def build_slow(num_classes=None):
        return Slow(num_classes or 3)
"""


@pytest.fixture
def tiny_plugin(tmp_path: Path) -> Path:
    """A plugin folder with the models tiny, tiny-boxes, tiny-slow and (card only) tiny-later."""
    folder = tmp_path / "plugin-tiny"
    folder.mkdir()
    for name, text in (("plugin.toml", MANIFEST), ("cards.py", CARDS), ("network.py", NETWORK)):
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


@pytest.fixture
def registry(tiny_plugin: Path) -> ModelRegistry:
    return ModelRegistry([tiny_plugin])


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path / "downloads"))


@pytest.fixture(autouse=True)
def _forget_plugins() -> object:
    """Each test's plugin folder is another one under the same id: drop its modules afterwards."""
    import sys

    yield
    for name in [name for name in sys.modules if name.startswith("segstudio_plugin_tiny")]:
        del sys.modules[name]
