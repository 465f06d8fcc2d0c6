"""The card of a network that comes as a program."""

from __future__ import annotations

from segstudio.plugins.api import ClassSet, ModelCard

TORCHSCRIPT = ModelCard(
    name="torchscript",
    family="generic",
    title="TorchScript program",
    task="semantic",
    paper="",
    year=2018,
    licence="that of the file",
    class_set=ClassSet.of_names(["class 0"], name="unnamed"),
    notes=(
        "Any semantic network saved with torch.jit.save: float32 [N, 3, H, W] to logits [N, C, H, W]. A TorchScript "
        "file is a program that torch interprets, so open only files whose origin you trust. Classes must be named; "
        "the input is RGB with ImageNet's mean and deviation unless other values are given."
    ),
)
