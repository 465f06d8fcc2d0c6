"""Semantic evaluation: one confusion matrix per image, counted in threads and added in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.metrics.averaging import image_counts
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.policy import Policy
from segstudio.metrics.semantic import SemanticResult
from segstudio.workflows.sides import Entry

Pair = tuple[str, Entry, Entry]
Results = Callable[[Callable[[Pair], Any]], Iterator[Any]]


def evaluate_semantic(results: Results, classes: ClassSet, policy: Policy) -> SemanticResult:
    """Count every pair under the evaluated classes."""
    total = ConfusionMatrix(classes.num_classes, None)
    names: list[str] = []
    counts: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    def count(row: Pair) -> tuple[str, ConfusionMatrix]:
        key, truth, prediction = row
        matrix = ConfusionMatrix(classes.num_classes, None)
        truth_hw, prediction_hw = truth.index_map(), prediction.index_map()
        if truth_hw.shape != prediction_hw.shape:
            raise UserError(f"{in_pixels(prediction_hw.shape)} predicted, {in_pixels(truth_hw.shape)} in the truth")
        matrix.add(truth_hw, prediction_hw)
        return key, matrix

    for key, matrix in results(count):
        total += matrix
        names.append(key)
        counts.append(image_counts(matrix))
    stacked = np.stack(counts) if counts else np.zeros((0, 3, classes.num_classes), np.int64)
    return SemanticResult(classes=classes, policy=policy, matrix=total, names=tuple(names), counts=stacked)


def in_pixels(size_hw: tuple[int, ...]) -> str:
    """A size as people say it: width × height."""
    return f"{size_hw[1]}×{size_hw[0]} pixels"


def highest_present(result: SemanticResult) -> int:
    """The highest evaluation index that occurs on either side; 0 where none does."""
    present = np.flatnonzero(result.matrix.classes_present)
    return int(present[-1]) if present.size else 0


def shrunk(result: SemanticResult, highest: int) -> SemanticResult:
    """The result without the classes after `highest`, none of which occurs."""
    count = highest + 1
    matrix = ConfusionMatrix.from_counts(
        result.matrix.counts[:count, :count], result.matrix.missed[:count], ignore_index=None
    )
    classes = ClassSet(result.classes.name, result.classes.classes[:count], title=result.classes.title)
    counts = np.ascontiguousarray(result.counts[:, :, :count])
    return SemanticResult(classes=classes, policy=result.policy, matrix=matrix, names=result.names, counts=counts)
