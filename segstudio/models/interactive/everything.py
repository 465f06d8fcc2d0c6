"""All things of an image: a grid of points is asked, weak and odd masks are dropped, of doubles the better stays."""

from __future__ import annotations

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken, Progress
from segstudio.models.interactive.candidate import checked
from segstudio.models.interactive.embedding import Embedding
from segstudio.models.interactive.predictor import InteractivePredictor
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import EverythingSettings, Found


def everything(
    predictor: InteractivePredictor,
    embedding: Embedding,
    settings: EverythingSettings,
    *,
    progress: Progress,
    cancel: CancelToken,
) -> list[Found]:
    """Ask at every point of a grid, as the automatic mask generator of Segment Anything does, without its crops.

    Points that a good mask holds already are asked all the same: they may lie on a part of it. Returns what is kept,
    the best first.
    """
    height, width = embedding.size_hw
    side = max(1, settings.points_per_side)
    found: list[Found] = []
    for number in range(side * side):
        cancel.raise_if_cancelled()
        progress(number, side * side, "points")
        row, column = divmod(number, side)
        prompt = Prompt().with_point((column + 0.5) * width / side, (row + 0.5) * height / side, positive=True)
        answers = checked(predictor.predict(embedding, prompt, cancel=cancel), where="the segmenter")
        for candidate in answers:
            if candidate.score < settings.min_score:
                continue
            rect, mask_hw = candidate.pixels((height, width))
            share = np.count_nonzero(mask_hw) / (height * width)
            if settings.min_area <= share <= settings.max_area:
                _add(found, Found(rect, mask_hw, candidate.score), settings.overlap)
    return sorted(found, key=lambda one: -one.score)


def _add(found: list[Found], new: Found, overlap: float) -> None:
    """Add a thing unless a better one is there already; what it is better than goes."""
    doubles = [old for old in found if iou(old, new) > overlap]
    if any(old.score >= new.score for old in doubles):
        return
    found[:] = [old for old in found if old not in doubles]
    found.append(new)


def iou(a: Found, b: Found) -> float:
    """Intersection over union of two masks."""
    both = a.rect.intersect(b.rect)
    if both.is_empty:
        return 0.0
    shared = np.count_nonzero(_part(a, both) & _part(b, both))
    return float(shared / (np.count_nonzero(a.mask_hw) + np.count_nonzero(b.mask_hw) - shared))


def _part(found: Found, rect: Rect) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    return found.mask_hw[rect.moved(-found.rect.x0, -found.rect.y0).slices]
