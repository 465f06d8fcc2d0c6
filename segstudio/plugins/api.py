"""The only names a plugin may import from SegStudio (API 1). Names are added, never changed or taken away.

A plugin is a folder with a `plugin.toml`:

    id = "my-models"
    version = "1.0"
    api = 1
    title = "My models"
    requires = ["transformers"]          # extras or modules without which the code cannot load

    [[models]]
    name = "my-net"
    card = "cards.MY_NET"                # module.attribute: a ModelCard; this module must not import torch
    build = "network.build"              # build(num_classes: int | None = None, **options) -> torch.nn.Module

A semantic network maps float32 `[N, 3, H, W]` to logits `[N, C, H, W]` at the input's size. An instance network maps it
to a list of N dictionaries of tensors: `masks` `[K, H, W]` (probabilities 0…1 or booleans), `scores` `[K]` and `labels`
`[K]` (class ids of the card's class set), or instead of `labels` the numbers of outputs as `channels` `[K]`. A panoptic
network returns the same with `channels`; its masks may overlap, the studio makes segments of them. A row with
`folders = true` may be given weights as a folder: then the builder receives the path of its `config.json` as the option
`config`. A network may have a method `adapt_to(state)` that receives the tensors of a
weights file by name, renames them from the names of its public reference, may rebuild itself in place for a variant
that the shapes tell, and returns them under its own names.

A row with `predictor` instead of `build` is a promptable segmenter: a function (weights: Path | None, *, device,
**options) that gives an `InteractivePredictor` (see `segstudio.models.interactive.predictor`). Run
`segstudio.models.interactive.contract.violations` on it in your tests.

Modules of a folder import each other relatively (`from . import blocks`).
"""

from __future__ import annotations

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject
from segstudio.core.progress import CancelToken, Progress
from segstudio.core.segments import Segment
from segstudio.models.card import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ModelCard,
    Preprocess,
    Published,
    WeightsEntry,
    with_background,
)
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.embedding import Embedding, Frame
from segstudio.models.interactive.oracle import open_oracle
from segstudio.models.interactive.predictor import Capabilities, InteractivePredictor, Tracker, no_tracker
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.prediction import Prediction

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Annotation",
    "CancelToken",
    "Candidate",
    "Capabilities",
    "ClassSet",
    "Dataset",
    "Embedding",
    "Frame",
    "ImageItem",
    "InteractivePredictor",
    "LabelClass",
    "MaskShape",
    "ModelCard",
    "PolygonPart",
    "PolygonShape",
    "Prediction",
    "Preprocess",
    "Progress",
    "Prompt",
    "Published",
    "SegObject",
    "Segment",
    "Tracker",
    "UserError",
    "WeightsEntry",
    "no_tracker",
    "open_oracle",
    "with_background",
]
