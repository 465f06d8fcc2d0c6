"""Instance evaluation: the objects of both sides as run lengths, matched and ranked by COCO's or Cityscapes' rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.objects import MaskShape, SegObject
from segstudio.formats.coco_files import RAW
from segstudio.formats.object_list import objects_of
from segstudio.metrics.coco_ap import AveragePrecision, accumulate, coco_rules
from segstudio.metrics.instances import DetectedInstance, InstanceImage, Rle, TruthInstance
from segstudio.metrics.matching import Matches, match_instances
from segstudio.metrics.policy import Policy
from segstudio.ops.shapes import as_mask
from segstudio.workflows.sides import Entry

Pair = tuple[str, Entry, Entry]
Results = Callable[[Callable[[Pair], Any]], Iterator[Any]]


class InstanceResult(NamedTuple):
    """Precision and recall, and the matches that they follow from."""

    precision: AveragePrecision
    matches: Matches


def evaluate_instances(results: Results, classes: ClassSet, policy: Policy) -> InstanceResult:
    """Average precision and recall over the thing classes that count."""
    wanted = {c.id for c in classes.classes if not c.is_ignored and c.is_thing}

    def read(row: Pair) -> InstanceImage:
        key, truth, prediction = row
        own, found = truth.annotation(), prediction.annotation()
        truth_objects = [item for item in objects_of(own, classes) if item.class_id in wanted]
        detections = [item for item in objects_of(found, classes) if item.class_id in wanted]
        size_hw = own.size_hw
        _require_fitting(found, size_hw)
        return InstanceImage(
            key,
            [TruthInstance(o.class_id, _rle(o, size_hw), o.is_crowd, _stated_area(o)) for o in truth_objects],
            [DetectedInstance(o.class_id, _score(o), _rle(o, size_hw)) for o in detections if not o.is_crowd],
        )

    matches = match_instances(results(read), coco_rules(policy))
    return InstanceResult(accumulate(matches, class_ids=sorted(wanted), policy=policy), matches)


def _score(item: SegObject) -> float:
    return 1.0 if item.score is None else item.score


def _rle(item: SegObject, size_hw: tuple[int, int]) -> Rle:
    mask = as_mask(item.shape, size_hw)
    return {"size": [mask.height, mask.width], "counts": mask.counts}


def _stated_area(item: SegObject) -> float | None:
    """The area that COCO's truth states, which decides the size range there; None counts the pixels."""
    raw = item.extra.get(RAW, item.extra)
    area = raw.get("area") if hasattr(raw, "get") else None
    return float(area) if isinstance(area, (int, float)) else None


def _require_fitting(found: Annotation, size_hw: tuple[int, int]) -> None:
    masks = [o.shape for o in found.objects if isinstance(o.shape, MaskShape)]
    wrong = next((m for m in masks if (m.height, m.width) != size_hw), None)
    if wrong is not None:
        raise UserError(
            f"a mask of {wrong.width}×{wrong.height} pixels predicted, the image has {size_hw[1]}×{size_hw[0]}"
        )
