"""Model B against model A on the same images: intervals, a p-value and the classes and images that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Skipped
from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.metrics.compare import Comparison, compare_instances, compare_panoptic, compare_semantic
from segstudio.metrics.paired import RESAMPLES
from segstudio.metrics.semantic import SemanticResult
from segstudio.workflows.evaluate import Evaluation, Task, evaluate
from segstudio.workflows.id_maps import PLAIN_IDS
from segstudio.workflows.semantic_evaluation import highest_present, shrunk
from segstudio.workflows.sequences import sequences_of

_FEW_SEQUENCES = 10


@dataclass(frozen=True)
class CompareReport:
    """The comparison, what failed on either side, and what else a person should know.

    `classes` are those in which both were measured.
    """

    comparison: Comparison
    failed: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    classes: ClassSet | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio compare --json`."""
        return self.comparison.to_json()


def compare(
    truth: str | Path,
    a: str | Path,
    b: str | Path,
    *,
    task: Task | None = None,
    classes: ClassSet | None = None,
    policy: str | None = None,
    split: str | None = None,
    truth_from: str = "auto",
    by_sequence: bool = True,
    resamples: int = RESAMPLES,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> CompareReport:
    """Evaluate two predictions on the images that both have and say how they differ.

    With `by_sequence`, images of one sequence are drawn together where the truth says which belong to one. Raises
    `UserError` where either cannot be evaluated at all or they share no image.
    """

    def measured(prediction: str | Path, only: tuple[str, ...] | None) -> Evaluation:
        return evaluate(
            truth,
            prediction,
            task=task,
            classes=classes,
            policy=policy,
            split=split,
            truth_from=truth_from,
            only=only,
            progress=progress,
            cancel=cancel,
        )

    first = measured(a, None)
    second = measured(b, names_of(first))
    missing_in_b = second.failed
    if names_of(first) != names_of(second):
        first = replace(measured(a, names_of(second)), failed=first.failed, notes=first.notes)
    failed = tuple(Skipped(f"A: {one.name}", one.reason) for one in first.failed)
    failed += tuple(Skipped(f"B: {one.name}", one.reason) for one in missing_in_b)
    notes = tuple(f"A: {note}" for note in first.notes) + tuple(f"B: {note}" for note in second.notes)
    sequences = None
    if by_sequence:
        sequences = sequences_of(Path(truth), names_of(first), classes=classes, split=split, truth_from=truth_from)
    notes += _about(sequences)
    return CompareReport(_compared(first, second, sequences, resamples), failed, notes, first.classes)


def names_of(evaluation: Evaluation) -> tuple[str, ...]:
    """The images that were measured, in order."""
    if evaluation.semantic is not None:
        return evaluation.semantic.names
    return tuple(row["name"] for row in evaluation.document["per_image"])


def _compared(first: Evaluation, second: Evaluation, sequences: Sequence[str] | None, resamples: int) -> Comparison:
    if first.classes is not None and second.classes is not None and first.classes.name != second.classes.name:
        raise UserError(
            f"A was measured in the classes {first.classes.name!r}, B in {second.classes.name!r}",
            hint="name the classes with --classes",
        )
    if first.instances is not None and second.instances is not None and first.classes is not None:
        names = {c.id: c.name for c in first.classes.classes}
        found = compare_instances(
            first.instances, second.instances, class_names=names, clusters=sequences, resamples=resamples
        )
    elif first.panoptic is not None and second.panoptic is not None:
        found = compare_panoptic(first.panoptic, second.panoptic, clusters=sequences, resamples=resamples)
    else:
        found = compare_semantic(*_alike(first, second), clusters=sequences, resamples=resamples)
    # The policy says more where the files were read than the counts can know.
    policies = ({"policy": side.document["policy"]} for side in (first, second))
    a, b = ({**document, **policy} for document, policy in zip((found.a, found.b), policies, strict=True))
    return replace(found, a=a, b=b)


def _alike(first: Evaluation, second: Evaluation) -> tuple[SemanticResult, SemanticResult]:
    a, b = first.semantic, second.semantic
    assert a is not None
    assert b is not None
    if a.classes.name == PLAIN_IDS:
        highest = max(highest_present(a), highest_present(b))
        a, b = shrunk(a, highest), shrunk(b, highest)
    return a, b


def _about(sequences: Sequence[str] | None) -> tuple[str, ...]:
    if sequences is None:
        return ()
    count = len(set(sequences))
    rough = ", too few for a good interval" if count < _FEW_SEQUENCES else ""
    return (f"images of one sequence were drawn together: {count} sequences{rough}",)
