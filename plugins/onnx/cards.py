"""The card of a network that comes as an ONNX file."""

from __future__ import annotations

from segstudio.plugins.api import ClassSet, ModelCard

ONNX = ModelCard(
    name="onnx",
    family="generic",
    title="ONNX model",
    task="semantic",
    paper="",
    year=2017,
    licence="that of the file",
    class_set=ClassSet.of_names(["class 0"], name="unnamed"),
    notes=(
        "Any semantic network in an ONNX file: one input float32 [N, 3, H, W], of whose outputs the first with four "
        "dimensions is taken as logits [N, C, h, w]. ONNX Runtime computes it, on CUDA where that is its CUDA edition. "
        "Classes must be named; the input is RGB with ImageNet's mean and deviation unless other values are given."
    ),
)
