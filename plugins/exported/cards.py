"""The card of a network that comes from torch.export."""

from __future__ import annotations

from segstudio.plugins.api import ClassSet, ModelCard

EXPORTED = ModelCard(
    name="exported",
    family="generic",
    title="torch.export program",
    task="semantic",
    paper="",
    year=2024,
    licence="that of the file",
    class_set=ClassSet.of_names(["class 0"], name="unnamed"),
    notes=(
        "Any semantic network saved with torch.export.save (.pt2): float32 [N, 3, H, W] to logits [N, C, H, W]. "
        "Tensors are read as tensors only; files that hold pickled objects or compiled libraries are refused. The "
        "graph is a program all the same, so open only files whose origin you trust. Classes must be named; a program "
        "exported for one size takes that size only."
    ),
)
