"""Model B against model A on the same images: intervals, a p-value and the classes and images that changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Skipped
from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.metrics.compare import RESAMPLES, Comparison, compare_semantic
from segstudio.metrics.semantic import SemanticResult
from segstudio.workflows.evaluate import Evaluation, evaluate
from segstudio.workflows.id_maps import PLAIN_IDS
from segstudio.workflows.semantic_evaluation import highest_present, shrunk


@dataclass(frozen=True)
class CompareReport:
    """The comparison, what failed on either side, and what else a person should know."""

    comparison: Comparison
    failed: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio compare --json`."""
        return self.comparison.to_json()


def compare(
    truth: str | Path,
    a: str | Path,
    b: str | Path,
    *,
    classes: ClassSet | None = None,
    policy: str | None = None,
    split: str | None = None,
    resamples: int = RESAMPLES,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> CompareReport:
    """Evaluate two predictions on the images that both have and say how they differ (semantic).

    Raises `UserError` where either cannot be evaluated at all or they share no image.
    """

    def measured(prediction: str | Path, only: tuple[str, ...] | None) -> Evaluation:
        return evaluate(
            truth,
            prediction,
            task="semantic",
            classes=classes,
            policy=policy,
            split=split,
            only=only,
            progress=progress,
            cancel=cancel,
        )

    first = measured(a, None)
    second = measured(b, _names(first))
    missing_in_b = second.failed
    if _names(first) != _names(second):
        first_again = measured(a, _names(second))
        first = Evaluation("semantic", first_again.document, first.failed, first.notes, first_again.semantic)
    failed = tuple(Skipped(f"A: {one.name}", one.reason) for one in first.failed)
    failed += tuple(Skipped(f"B: {one.name}", one.reason) for one in missing_in_b)
    notes = tuple(f"A: {note}" for note in first.notes) + tuple(f"B: {note}" for note in second.notes)
    return CompareReport(compare_semantic(*_alike(first, second), resamples=resamples), failed, notes)


def _names(evaluation: Evaluation) -> tuple[str, ...]:
    assert evaluation.semantic is not None
    return evaluation.semantic.names


def _alike(first: Evaluation, second: Evaluation) -> tuple[SemanticResult, SemanticResult]:
    a, b = first.semantic, second.semantic
    assert a is not None
    assert b is not None
    if a.classes.name != b.classes.name:
        raise UserError(
            f"A was measured in the classes {a.classes.name!r}, B in {b.classes.name!r}",
            hint="name the classes with --classes",
        )
    if a.classes.name == PLAIN_IDS:
        highest = max(highest_present(a), highest_present(b))
        a, b = shrunk(a, highest), shrunk(b, highest)
    return a, b
