"""torchvision's own networks behind the interface that the studio expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torchvision.models import detection, segmentation
from torchvision.ops import FrozenBatchNorm2d


class Semantic(nn.Module):
    """A network of `torchvision.models.segmentation`, without the auxiliary head that only training needs.

    `[N, 3, H, W]` to logits `[N, C, H, W]`. The parameters are those of the wrapped network, by the same names.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.classifier = network.classifier

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features = self.backbone(pixels)
        logits = self.classifier(features["out"] if "low" not in features else features)
        return nn.functional.interpolate(logits, size=pixels.shape[-2:], mode="bilinear", align_corners=False)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {key: value for key, value in state.items() if not key.startswith("aux_classifier.")}


def _semantic(make: Callable[..., nn.Module], num_classes: int | None) -> Semantic:
    return Semantic(make(weights=None, weights_backbone=None, num_classes=num_classes or 21))


def fcn_resnet50(num_classes: int | None = None) -> nn.Module:
    return _semantic(segmentation.fcn_resnet50, num_classes)


def fcn_resnet101(num_classes: int | None = None) -> nn.Module:
    return _semantic(segmentation.fcn_resnet101, num_classes)


def deeplab_v3_resnet50(num_classes: int | None = None) -> nn.Module:
    return _semantic(segmentation.deeplabv3_resnet50, num_classes)


def deeplab_v3_resnet101(num_classes: int | None = None) -> nn.Module:
    return _semantic(segmentation.deeplabv3_resnet101, num_classes)


def deeplab_v3_mobilenet_v3(num_classes: int | None = None) -> nn.Module:
    return _semantic(segmentation.deeplabv3_mobilenet_v3_large, num_classes)


def lraspp_mobilenet_v3_large(num_classes: int | None = None) -> nn.Module:
    return _semantic(segmentation.lraspp_mobilenet_v3_large, num_classes)


COCO_OUTPUTS = 91
"""Background and the category ids up to 90, of which eleven are not used: the label of a detection is its class id."""


class Instances(nn.Module):
    """Mask R-CNN on a batch tensor of pixels 0…1; the wrapped network normalises and resizes by itself."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.transform, self.backbone = network.transform, network.backbone
        self.rpn, self.roi_heads = network.rpn, network.roi_heads

    def forward(self, pixels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        sizes = [(int(pixels.shape[-2]), int(pixels.shape[-1]))] * len(pixels)
        images, _ = self.transform(list(pixels))
        features = self.backbone(images.tensors)
        proposals, _ = self.rpn(images, features)
        found, _ = self.roi_heads(features, proposals, images.image_sizes)
        results: list[dict[str, torch.Tensor]] = self.transform.postprocess(found, images.image_sizes, sizes)
        return results


def mask_rcnn_resnet50_fpn(num_classes: int | None = None) -> nn.Module:
    network = _instances(detection.maskrcnn_resnet50_fpn, num_classes)
    _freeze_norms(network.backbone)
    return network


def mask_rcnn_resnet50_fpn_v2(num_classes: int | None = None) -> nn.Module:
    return _instances(detection.maskrcnn_resnet50_fpn_v2, num_classes)


def _instances(make: Callable[..., nn.Module], num_classes: int | None) -> Instances:
    # The card counts COCO's 80 things; the published network has an output for every category id.
    outputs = COCO_OUTPUTS if num_classes in (None, 80) else num_classes + 1
    return Instances(make(weights=None, weights_backbone=None, num_classes=outputs))


def _freeze_norms(module: nn.Module) -> None:
    """Normalise as torchvision does with its trained weights of the first version: frozen statistics, epsilon 0."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, FrozenBatchNorm2d(child.num_features, eps=0.0))
        else:
            _freeze_norms(child)
