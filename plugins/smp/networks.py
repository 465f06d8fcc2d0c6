"""Networks of segmentation-models-pytorch, built without asking any hub for the weights of their encoders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
import torch

from segstudio.plugins.api import UserError


def _build(
    network: type[torch.nn.Module],
    encoder: str,
    num_classes: int | None = None,
    config: str | Mapping[str, Any] | None = None,
    **settings: Any,
) -> torch.nn.Module:
    """The library's own network, `[N, 3, H, W]` to logits `[N, C, H, W]`; `config` is what it saves beside weights."""
    settings["encoder_name"] = encoder
    if isinstance(config, str):
        settings.update(_read(Path(config), network.__name__))
    elif config is not None:
        settings.update(config)
    if num_classes is not None:
        settings["classes"] = num_classes
    settings.update(encoder_weights=None, activation=None, aux_params=None)
    return network(**settings)


def _read(path: Path, class_name: str) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as the configuration of a network: {error}") from None
    found = settings.get("_model_class") if isinstance(settings, dict) else None
    if found != class_name:
        raise UserError(f"{path}: describes a network of type {found!r}, not {class_name!r}")
    if settings.get("in_channels", 3) != 3:
        raise UserError(f"{path}: describes a network for {settings['in_channels']} channels, images have three")
    return {key: value for key, value in settings.items() if key != "_model_class"}


unet_resnet34 = partial(_build, smp.Unet, "resnet34")
unet_mobilenet_v2 = partial(_build, smp.Unet, "mobilenet_v2")
unet_plus_plus_resnet34 = partial(_build, smp.UnetPlusPlus, "resnet34")
fpn_resnet50 = partial(_build, smp.FPN, "resnet50")
pspnet_resnet50 = partial(_build, smp.PSPNet, "resnet50")
pspnet_resnet101 = partial(_build, smp.PSPNet, "resnet101")
pan_resnet50 = partial(_build, smp.PAN, "resnet50")
deeplab_v3_resnet50 = partial(_build, smp.DeepLabV3, "resnet50")
deeplab_v3plus_mobilenet_v2 = partial(_build, smp.DeepLabV3Plus, "mobilenet_v2")
deeplab_v3plus_resnet50 = partial(_build, smp.DeepLabV3Plus, "resnet50")
deeplab_v3plus_resnet101 = partial(_build, smp.DeepLabV3Plus, "resnet101")
linknet_resnet34 = partial(_build, smp.Linknet, "resnet34")
segformer_resnet50 = partial(_build, smp.Segformer, "resnet50")
