"""Measuring a prediction against the truth: semantic, instance or panoptic, whatever both sides are stored as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.metrics.panoptic import PanopticQuality
from segstudio.metrics.policy import COCO, Policy, policy_named
from segstudio.metrics.semantic import SemanticResult
from segstudio.workflows.id_maps import PLAIN_IDS
from segstudio.workflows.instance_evaluation import InstanceResult, evaluate_instances
from segstudio.workflows.pairing import Pairs, pair
from segstudio.workflows.panoptic_evaluation import evaluate_panoptic
from segstudio.workflows.parallel import in_order
from segstudio.workflows.semantic_evaluation import evaluate_semantic, highest_present, shrunk
from segstudio.workflows.sides import Entry, Side, both_sides

Task = Literal["semantic", "instance", "panoptic"]
TASKS: tuple[Task, ...] = ("semantic", "instance", "panoptic")
_LISTS_OF_DETECTIONS = frozenset(("coco-results",))
_TASK_OF_FORMAT: dict[str, Task] = {"coco-instances": "instance", "coco-panoptic": "panoptic"}


@dataclass(frozen=True)
class Evaluation:
    """What was measured: the document of `segstudio evaluate --json`, what failed, and what else a person should know.

    `semantic` holds the exact counts of a semantic evaluation (of plain ids, for all 255 that there could be),
    `instances` and `panoptic` what was matched in one of those.
    """

    task: Task
    document: dict[str, Any]
    failed: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    semantic: SemanticResult | None = field(default=None, repr=False)
    instances: InstanceResult | None = field(default=None, repr=False)
    panoptic: PanopticQuality | None = field(default=None, repr=False)
    classes: ClassSet | None = field(default=None, repr=False)


def evaluate(
    truth: str | Path,
    prediction: str | Path,
    *,
    task: Task | None = None,
    classes: ClassSet | None = None,
    policy: str | None = None,
    split: str | None = None,
    truth_from: str = "auto",
    only: Sequence[str] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Evaluation:
    """Pair the images of both sides, count them in background threads and return every metric.

    `task` None takes what the truth's format is made for, semantic where it holds several. Classes are those given,
    else the truth's; a prediction in other classes is mapped by name. Class-id PNGs that nothing explains are plain ids
    0 … 254 with 255 void. Ids that the classes do not know are void in the truth and missed in the prediction. An image
    without a prediction, of another size or damaged is told in `failed` and does not stop the others. `split` limits to
    one split of the truth, `truth_from` says what of a project is the truth (`project_truth.TruthFrom`), `only` to some
    images by key. Raises `UserError` where nothing can be measured.
    """
    truth, prediction = Path(truth), Path(prediction)
    with both_sides(truth, prediction, classes=classes, split=split, truth_from=truth_from) as (own, other, common):
        chosen = task or _TASK_OF_FORMAT.get(own.format, "semantic")
        rules = policy_named(policy) if policy else policy_named("cityscapes") if chosen == "semantic" else COCO
        wanted = own.entries if only is None else {key: own.entries[key] for key in only if key in own.entries}
        pairs = pair(wanted, other.entries, number_of=Entry.image_number)
        if not pairs.pairs:
            raise UserError(f"{prediction}: holds no prediction for any of the {len(wanted)} images of {truth}")
        if other.format in _LISTS_OF_DETECTIONS:
            pairs = _without_detections_where_missing(pairs, own)
        failed = list(pairs.missing)
        measure = _MEASURES[chosen]
        document, details = measure(_Work(pairs.pairs, common, rules, failed, progress, cancel))
        if not document["images"]:
            raise UserError(f"nothing could be measured: {failed[-1].reason}")
        document["policy"] |= _circumstances(own, other, common)
        notes = own.notes + _notes(other, pairs.unused, own.skipped + other.skipped)
    return Evaluation(chosen, document, tuple(failed), notes, classes=common, **details)


def _without_detections_where_missing(pairs: Pairs[Entry], own: Side) -> Pairs[Entry]:
    """In a list of detections an image that does not occur is one where the model found nothing."""
    nothing = ImageItem("", None, read_annotation=lambda: Annotation((1, 1)))
    partner = {key: prediction for key, _, prediction in pairs.pairs}
    missing = {one.name for one in pairs.missing}
    keys = [key for key in own.entries if key in partner or key in missing]
    empty = Entry(nothing, None)
    return Pairs([(key, own.entries[key], partner.get(key, empty)) for key in keys], (), pairs.unused)


@dataclass(frozen=True)
class _Work:
    pairs: Sequence[tuple[str, Entry, Entry]]
    classes: ClassSet
    policy: Policy
    failed: list[Skipped]
    progress: Progress
    cancel: CancelToken | None

    def results(self, count: Callable[[tuple[str, Entry, Entry]], Any]) -> Iterator[Any]:
        """Count the pairs in threads; those that cannot be read are noted as failed."""

        def attempt(row: tuple[str, Entry, Entry]) -> Any:
            try:
                return count(row)
            except UserError as error:
                return Skipped(row[0], str(error))

        outcomes: Iterable[Any] = in_order(attempt, self.pairs, cancel=self.cancel)
        for done, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Skipped):
                self.failed.append(outcome)
            else:
                yield outcome
            self.progress(done, len(self.pairs), self.pairs[done - 1][0])


Measured = tuple[dict[str, Any], dict[str, Any]]
"""The document, and what the evaluation keeps beside it."""


def _measure_semantic(work: _Work) -> Measured:
    result = evaluate_semantic(work.results, work.classes, work.policy)
    shown = shrunk(result, highest_present(result)) if work.classes.name == PLAIN_IDS else result
    return shown.to_json(), {"semantic": result}


def _measure_instances(work: _Work) -> Measured:
    result = evaluate_instances(work.results, work.classes, work.policy)
    return result.precision.to_json({c.id: c.name for c in work.classes.classes}), {"instances": result}


def _measure_panoptic(work: _Work) -> Measured:
    result = evaluate_panoptic(work.results, work.classes, work.policy)
    return result.to_json(), {"panoptic": result}


_MEASURES = {"semantic": _measure_semantic, "instance": _measure_instances, "panoptic": _measure_panoptic}


def _circumstances(own: Side, other: Side, common: ClassSet) -> dict[str, Any]:
    """What beside the formulas decided the numbers."""
    return {
        "class_set": common.name,
        "classes_as": common.title or common.name,
        "truth_values": own.values,
        "prediction_values": other.values,
        "unknown_ids": "void in the truth, missed in the prediction",
        "truth_format": own.format,
        "prediction_format": other.format,
    }


def _notes(other: Side, unused: int, skipped: Sequence[Skipped]) -> tuple[str, ...]:
    notes = []
    if unused:
        notes.append(f"{unused} predictions have no truth and were not used")
    if other.unmatched:
        notes.append(f"classes of {other.path.name} that the truth does not have: {', '.join(other.unmatched)}")
    notes += [f"{one.name}: {one.reason}" for one in skipped]
    return tuple(notes)
