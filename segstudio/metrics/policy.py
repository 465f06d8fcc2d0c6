"""The policy that a number was measured under, stored beside the number so that two numbers can be compared."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from segstudio.core.errors import UserError

METRICS_VERSION = "1"
"""Changes whenever a formula of this package changes a published number."""

Averaging = Literal["accumulate", "per_image", "per_class_then_image", "image_class_pairs"]
VoidRule = Literal["truth_only", "truth_and_prediction"]
AbsentRule = Literal["skip_absent_from_both", "skip_absent_from_truth", "absent_from_both_is_one"]
Comparator = Literal[">=", ">"]
RasterRule = Literal["coco"]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The choices on which two correct implementations of the same metric disagree.

    averaging: how a mean IoU is taken over images and classes. `accumulate`: one matrix for all images;
        `per_image`: mean over the classes of each image, then over images; `per_class_then_image`: mean over the
        images of each class, then over classes; `image_class_pairs`: mean over all (image, class) pairs.
    void: whether pixels leave the count where the truth is void, or also where the prediction is void.
    absent: what a class counts that is missing from the truth. `skip_absent_from_both`: 0 where it is predicted,
        nothing where it is not; `skip_absent_from_truth`: nothing in either case; `absent_from_both_is_one`: 0 where
        it is predicted, 1 where it is not.
    comparator: whether an IoU equal to the matching threshold matches.
    max_dets: detections kept per image and class, for the recall columns and (last) for AP.
    raster: the rule that turns polygons into pixels.
    boundary_ratio: width of a boundary band as a share of the image diagonal.
    version: METRICS_VERSION of the code that measured.
    """

    name: str
    averaging: Averaging = "accumulate"
    void: VoidRule = "truth_only"
    absent: AbsentRule = "skip_absent_from_both"
    comparator: Comparator = ">="
    max_dets: tuple[int, ...] = (1, 10, 100)
    raster: RasterRule = "coco"
    boundary_ratio: float = 0.02
    version: str = METRICS_VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON-ready values under its own field names."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        record["max_dets"] = list(self.max_dets)
        return record


# Cityscapes' own AP matches above the threshold and its Boundary IoU uses the narrower band.
CITYSCAPES = Policy(name="cityscapes", comparator=">", boundary_ratio=0.005)
# mmsegmentation's semantic rules (equal to Cityscapes') and pycocotools' instance rules.
COCO = Policy(name="coco")
# torchmetrics.segmentation.MeanIoU; its instance metrics are pycocotools'.
TORCHMETRICS = Policy(name="torchmetrics", averaging="image_class_pairs")
# monai.metrics.MeanIoU with reduction "mean" and its default ignore_empty.
MONAI = Policy(name="monai", averaging="per_image", absent="skip_absent_from_truth")

PRESETS = {policy.name: policy for policy in (CITYSCAPES, COCO, TORCHMETRICS, MONAI)}


def policy_named(name: str) -> Policy:
    """Return the preset `cityscapes`, `coco`, `torchmetrics` or `monai`; UserError for any other name."""
    try:
        return PRESETS[name]
    except KeyError:
        raise UserError(f"no metric policy is called {name!r}", hint="one of: " + ", ".join(PRESETS)) from None
