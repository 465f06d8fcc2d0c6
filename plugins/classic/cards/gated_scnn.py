"""The card of Gated-SCNN; input convention as in nv-tlabs/GSCNN, figures as in the paper."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

GATED_SCNN = ModelCard(
    name="gated-scnn",
    family="gated-scnn",
    title="Gated-SCNN, WiderResNet-38",
    task="semantic",
    paper=(
        "Takikawa, Acuna, Jampani, Fidler: Gated-SCNN: Gated Shape CNNs for Semantic Segmentation, ICCV 2019, "
        "arXiv:1907.05740"
    ),
    year=2019,
    licence="CC BY-NC-SA 4.0 (the reference and its weights)",
    class_set="cityscapes",
    preprocess=Preprocess(size_hw=(1024, 2048), resize="stretch"),
    input_size=(1024, 2048),
    parameters=137_278_125,
    gmacs=6041.72,
    published=(Published("Cityscapes val", "mIoU", 80.8, "paper"),),
    notes=(
        "The weights are on Google Drive: give the file that nv-tlabs/GSCNN links to. The boundaries are computed and "
        "not shown. Canny's edges are found on the CPU within the network, so it can be neither traced nor captured "
        "in a CUDA graph. Neither paper nor reference state parameters or multiply-accumulates."
    ),
)
