"""The library's networks behind the interface that the studio expects, built from a configuration, never from a hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import transformers
from transformers import AutoConfig, PreTrainedConfig

from segstudio.plugins.api import IMAGENET_MEAN, IMAGENET_STD, UserError

from . import backbones
from .mask_queries import found_instances, found_segments, logarithms, semantic_logits, semantic_scores

Tensors = dict[str, torch.Tensor]
Objects = list[dict[str, torch.Tensor]]

TRAINING_ONLY = ("auxiliary_head.", "model.text_mapper.")
"""Parts of published weights that nothing but training uses; the networks are built without them."""


class Wrapped:
    """What all wrappers share: weights under the library's names, those of older versions of it included."""

    library: type[Any]
    config: PreTrainedConfig
    state_dict: Callable[[], Tensors]

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> Tensors:
        """The tensors under the names of this version of the library, which keeps a table of its older names."""
        given = {key: value for key, value in state.items() if not key.startswith(TRAINING_ONLY)}
        with _silence():
            # The table is kept under the names of the library's own classes, so one of those is filled.
            loaded, told = self.library.from_pretrained(
                None, config=self.config, state_dict=given, ignore_mismatched_sizes=True, output_loading_info=True
            )
        tensors: Tensors = {k: v for k, v in loaded.state_dict().items() if k not in told["missing_keys"]}
        tensors.update({name: torch.empty(found) for name, found, _ in told["mismatched_keys"]})
        tensors.update({name: torch.empty(0) for name in told["unexpected_keys"]})
        return tensors


@contextmanager
def _silence() -> Iterator[None]:
    """Without the library's progress bars and tables: what does not fit is said by the studio, in one line."""
    level = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)
        if bars:
            transformers.logging.enable_progress_bar()


class SegFormer(Wrapped, transformers.SegformerForSemanticSegmentation):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, enlarged from a quarter of the input's size."""

    library = transformers.SegformerForSemanticSegmentation

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = super().forward(pixel_values=pixels).logits
        return F.interpolate(logits, size=pixels.shape[-2:], mode="bilinear", align_corners=False)


class UPerNet(Wrapped, transformers.UperNetForSemanticSegmentation):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`."""

    library = transformers.UperNetForSemanticSegmentation

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = super().forward(pixel_values=pixels).logits
        return logits


class _MaskClassifier(Wrapped):
    """A network that answers with classes and masks of queries; what they mean depends on `task`."""

    task = "semantic"
    masks_at_input_size = False

    def forward(self, pixels: torch.Tensor) -> torch.Tensor | Objects:
        classes, masks = self._queries(pixels)
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        if self.masks_at_input_size:
            masks = F.interpolate(masks, size=size, mode="bilinear", align_corners=False)
        if self.task == "semantic":
            return semantic_logits(classes, masks, size_hw=size)
        found = found_instances if self.task == "instance" else found_segments
        return [found(of_one, masks_of_one) for of_one, masks_of_one in zip(classes, masks, strict=True)]

    def _queries(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Class logits `[N, Q, C + 1]`, "no object" last, and mask logits `[N, Q, h, w]`."""
        output = super().forward(pixel_values=pixels)  # type: ignore[misc]
        return output.class_queries_logits, output.masks_queries_logits


class MaskFormer(_MaskClassifier, transformers.MaskFormerForInstanceSegmentation):
    """Semantic logits, or lists of objects or segments, of MaskFormer."""

    library = transformers.MaskFormerForInstanceSegmentation


class Mask2Former(_MaskClassifier, transformers.Mask2FormerForUniversalSegmentation):
    """Semantic logits, or lists of objects or segments, of Mask2Former."""

    library = transformers.Mask2FormerForUniversalSegmentation

    masks_at_input_size = True


class EoMT(_MaskClassifier, transformers.EomtForUniversalSegmentation):
    """Semantic logits, or lists of objects or segments, of EoMT, of pixels 0…1 that it normalises itself.

    The plain vision transformer knows squares of `config.image_size` only. For classes of pixels the image's short side
    becomes that, and as few windows as cover the long side are averaged; else the image is to be fitted into the
    square, black below or on the right.
    """

    library = transformers.EomtForUniversalSegmentation

    masks_at_input_size = True

    def forward(self, pixels: torch.Tensor) -> torch.Tensor | Objects:
        side = int(self.config.image_size)
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
        normalised = (pixels - mean) / std
        if self.task == "semantic":
            return self._by_windows(normalised, side)
        if tuple(pixels.shape[-2:]) != (side, side):
            raise UserError(f"EoMT looks at squares of {side} pixels, not at {pixels.shape[-1]}×{pixels.shape[-2]}")
        return super().forward(normalised)

    def _by_windows(self, pixels: torch.Tensor, side: int) -> torch.Tensor:
        height, width = (int(value) for value in pixels.shape[-2:])
        short = min(height, width)
        scaled_hw = (max(side, round(height * side / short)), max(side, round(width * side / short)))
        if scaled_hw != (height, width):
            pixels = F.interpolate(pixels, scaled_hw, mode="bilinear", align_corners=False, antialias=True)
        axis = -2 if height > width else -1
        total: torch.Tensor | None = None
        count = pixels.new_zeros(scaled_hw)
        for start in window_starts(max(scaled_hw), side):
            classes, masks = self._queries(pixels.narrow(axis, start, side))
            masks = F.interpolate(masks, size=(side, side), mode="bilinear", align_corners=False)
            scores = semantic_scores(classes, masks)
            if total is None:
                total = scores.new_zeros((*scores.shape[:2], *scaled_hw))
            total.narrow(axis, start, side).add_(scores)
            count.narrow(axis, start, side).add_(1)
        assert total is not None
        return logarithms(total / count, size_hw=(height, width))


def window_starts(length: int, side: int) -> list[int]:
    """Where the fewest windows of `side` pixels that cover `length` begin, evenly spread."""
    count = -(-length // side)
    step = (length - side) / max(1, count - 1)
    return [int(number * step) for number in range(count)]


TASK_TOKENS = {"semantic": (29119, 1550), "instance": (34572,), "panoptic": (1072, 24755)}
"""The last words of "the task is semantic" and so on in CLIP's byte-pair vocabulary."""


class OneFormer(_MaskClassifier, transformers.OneFormerForUniversalSegmentation):
    """Semantic logits, or lists of objects or segments, of OneFormer, which is told the task as a text."""

    library = transformers.OneFormerForUniversalSegmentation

    def _queries(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = task_tokens(self.task, self.config.task_seq_len).to(pixels.device)
        output = transformers.OneFormerForUniversalSegmentation.forward(
            self, pixel_values=pixels, task_inputs=tokens.expand(len(pixels), -1)
        )
        return output.class_queries_logits, output.masks_queries_logits


def task_tokens(task: str, length: int) -> torch.Tensor:
    """float32 `[1, length]`: the sentence "the task is …" as CLIP numbers it, start and end marked, then zeros."""
    sentence = [49406, 518, 10549, 533, *TASK_TOKENS[task], 49407]
    return torch.tensor([sentence + [0] * (length - len(sentence))], dtype=torch.float32)


def _build(
    network: type[Any],
    defaults: Mapping[str, Any],
    num_classes: int | None = None,
    config: str | Mapping[str, Any] | None = None,
    task: str = "semantic",
) -> torch.nn.Module:
    """The network of a configuration: `defaults`, replaced by the file that lies beside the weights or by `config`."""
    kind: type[PreTrainedConfig] = network.config_class
    settings = dict(defaults)
    if isinstance(config, str):
        settings = _read(Path(config), kind.model_type)
    elif config is not None:
        settings.update(config)
    if kind.model_type == "upernet":
        settings["use_auxiliary_head"] = False
    if kind.model_type == "oneformer":
        settings["is_training"] = False
    if num_classes is not None:
        settings = {key: value for key, value in settings.items() if key not in ("id2label", "label2id")}
        settings["num_labels"] = num_classes
    inner = settings.get("backbone_config")
    with _silence():
        if isinstance(inner, Mapping):
            given = {key: value for key, value in inner.items() if key != "model_type"}
            settings["backbone_config"] = AutoConfig.for_model(inner["model_type"], **given)
        built: torch.nn.Module = network(kind(**settings))
    if task != "semantic":
        built.task = task  # type: ignore[assignment]
    if kind.model_type == "eomt":
        # Training anneals the masked attention away; a network without weights would still draw lots for it.
        built.attn_mask_probs.zero_()  # type: ignore[operator, union-attr]
    return built


def _read(path: Path, model_type: str) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as the configuration of a network: {error}") from None
    found = settings.get("model_type") if isinstance(settings, dict) else None
    if found != model_type:
        raise UserError(f"{path}: describes a network of type {found!r}, not {model_type!r}")
    return {key: value for key, value in settings.items() if key != "model_type"}


def _queries(swin: Mapping[str, Any], count: int = 100) -> dict[str, Any]:
    return {"backbone_config": swin, "num_queries": count}


segformer_b0 = partial(_build, SegFormer, backbones.MIT_B0)
segformer_b1 = partial(_build, SegFormer, backbones.MIT_B1)
segformer_b2 = partial(_build, SegFormer, backbones.MIT_B2)
segformer_b3 = partial(_build, SegFormer, backbones.MIT_B3)
segformer_b4 = partial(_build, SegFormer, backbones.MIT_B4)
segformer_b5 = partial(_build, SegFormer, backbones.MIT_B5)

upernet_swin_t = partial(_build, UPerNet, {"backbone_config": backbones.SWIN_T})
upernet_swin_s = partial(_build, UPerNet, {"backbone_config": backbones.SWIN_S})
upernet_swin_b = partial(_build, UPerNet, {"backbone_config": backbones.SWIN_B})
upernet_convnext_t = partial(_build, UPerNet, {"backbone_config": backbones.CONVNEXT_T})
upernet_convnext_s = partial(_build, UPerNet, {"backbone_config": backbones.CONVNEXT_S})
upernet_convnext_b = partial(_build, UPerNet, {"backbone_config": backbones.CONVNEXT_B})
upernet_convnext_l = partial(_build, UPerNet, {"backbone_config": backbones.CONVNEXT_L})

maskformer_swin_t = partial(_build, MaskFormer, {"backbone_config": backbones.SWIN_T})
maskformer_swin_s = partial(_build, MaskFormer, {"backbone_config": backbones.SWIN_S})
maskformer_swin_b = partial(_build, MaskFormer, {"backbone_config": backbones.SWIN_B})
maskformer_swin_l = partial(_build, MaskFormer, {"backbone_config": backbones.SWIN_L})
maskformer_swin_t_panoptic = partial(maskformer_swin_t, task="panoptic")
maskformer_swin_s_panoptic = partial(maskformer_swin_s, task="panoptic")
maskformer_swin_b_panoptic = partial(maskformer_swin_b, task="panoptic")
maskformer_swin_l_panoptic = partial(maskformer_swin_l, task="panoptic")

mask2former_swin_t = partial(_build, Mask2Former, _queries(backbones.SWIN_T))
mask2former_swin_s = partial(_build, Mask2Former, _queries(backbones.SWIN_S))
mask2former_swin_b = partial(_build, Mask2Former, _queries(backbones.SWIN_B))
mask2former_swin_l = partial(_build, Mask2Former, _queries(backbones.SWIN_L))
mask2former_swin_t_instance = partial(mask2former_swin_t, task="instance")
mask2former_swin_s_instance = partial(mask2former_swin_s, task="instance")
mask2former_swin_b_instance = partial(mask2former_swin_b, task="instance")
mask2former_swin_l_instance = partial(_build, Mask2Former, _queries(backbones.SWIN_L, 200), task="instance")
mask2former_swin_t_panoptic = partial(mask2former_swin_t, task="panoptic")
mask2former_swin_s_panoptic = partial(mask2former_swin_s, task="panoptic")
mask2former_swin_b_panoptic = partial(mask2former_swin_b, task="panoptic")
mask2former_swin_l_panoptic = partial(_build, Mask2Former, _queries(backbones.SWIN_L, 200), task="panoptic")

oneformer_swin_l = partial(_build, OneFormer, _queries(backbones.SWIN_L, 250))
oneformer_swin_l_instance = partial(_build, OneFormer, _queries(backbones.SWIN_L, 150), task="instance")
oneformer_swin_l_panoptic = partial(_build, OneFormer, _queries(backbones.SWIN_L, 150), task="panoptic")

eomt_l = partial(_build, EoMT, backbones.EOMT_L | {"image_size": 512, "num_queries": 100})
eomt_l_instance = partial(_build, EoMT, backbones.EOMT_L, task="instance")
eomt_s_panoptic = partial(_build, EoMT, backbones.EOMT_S, task="panoptic")
eomt_b_panoptic = partial(_build, EoMT, backbones.EOMT_B, task="panoptic")
eomt_l_panoptic = partial(_build, EoMT, backbones.EOMT_L, task="panoptic")
