"""The card of U-Net; weights as published in mateuszbuda/brain-segmentation-pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ClassSet, ModelCard, Preprocess, Published

UNET = ModelCard(
    name="unet",
    family="unet",
    title="U-Net",
    task="semantic",
    paper=(
        "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015, "
        "arXiv:1505.04597"
    ),
    year=2015,
    licence="MIT",
    class_set=ClassSet.of_names(["abnormality"], name="brain-mri"),
    preprocess=Preprocess(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), multiple=16),
    input_size=(256, 256),
    parameters=7_763_041,
    gmacs=12.071,
    published=(
        Published("TCGA-LGG brain MRI", "mean Dice", 91.0, "mateuszbuda/brain-segmentation-pytorch"),
        Published("TCGA-LGG brain MRI", "median Dice", 92.0, "mateuszbuda/brain-segmentation-pytorch"),
    ),
    notes=(
        "The variant of mateuszbuda/brain-segmentation-pytorch: padded, with batch normalisation, 32 channels at "
        "first; weights of other widths and numbers of classes load too. That reference normalises every volume by "
        "its own mean and deviation: give them explicitly."
    ),
)
