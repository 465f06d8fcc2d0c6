"""The cards of the demo's networks; what was measured comes from the report beside each file of weights."""

from __future__ import annotations

import json
from pathlib import Path

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_WEIGHTS = Path(__file__).parent / "weights"
_SIZE_HW = (512, 1024)


def _card(name: str, *, title: str, paper: str, year: int, notes: str) -> ModelCard:
    report = json.loads((_WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))
    miou = round(100 * report["validation"]["miou"], 2)
    return ModelCard(
        name=name,
        family="toytown",
        title=title,
        task="semantic",
        paper=paper,
        year=year,
        licence="Apache-2.0",
        class_set="toytown",
        preprocess=Preprocess(),
        input_size=_SIZE_HW,
        parameters=report["parameters"],
        gmacs=report["gmacs"],
        published=(Published("toytown val", "mIoU", miou, "measured by script/train_demo.py"),),
        weights=(
            WeightsEntry(
                name="toytown",
                dataset="toytown",
                source=f"weights/{name}.safetensors",
                licence="Apache-2.0",
                miou=miou,
                sha256=report["sha256"],
                size=report["bytes"],
            ),
        ),
        notes=notes,
    )


TOYTOWN_UNET = _card(
    "toytown-unet",
    title="Toytown U-Net",
    paper="U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger, Fischer, Brox), made small",
    year=2015,
    notes="Decides at half the size: sharper poles and people; takes lorries for buses, riders for cars and bicycles.",
)
TOYTOWN_FASTSCNN = _card(
    "toytown-fastscnn",
    title="Toytown Fast-SCNN",
    paper="Fast-SCNN: Fast Semantic Segmentation Network (Poudel, Liwicki, Cipolla), made small",
    year=2019,
    notes="Decides at an eighth of the size: soft outlines, patchy people, far things lost; takes lorries for cars.",
)
