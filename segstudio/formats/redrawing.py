"""What drawing changes: the pixels of each class before an export and in the target, by the one raster rule."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import SegObject, Shape
from segstudio.formats.rasters import has_raster
from segstudio.formats.report import REDRAWN, Loss
from segstudio.ops.shapes import mask_of

_ClassMasks = dict[int, NDArray[np.bool_]]


def overlap_losses(annotation: Annotation) -> Iterable[Loss]:
    """What painting the objects over each other loses: the objects, every pixel that two of them share, and how much
    of each class is covered by others.
    """
    if has_raster(annotation) or not annotation.objects:
        return
    size_hw = annotation.size_hw
    covered_hw = np.zeros(size_hw, np.uint16)
    top_hw = np.full(size_hw, -1, np.int32)
    before: _ClassMasks = {}
    for item in sorted(annotation.objects, key=lambda o: (o.z, o.id)):
        drawn = _drawn(item.shape, size_hw)
        if drawn is not None:
            rect, mask_hw = drawn
            covered_hw[rect.slices] += mask_hw
            top_hw[rect.slices][mask_hw] = item.class_id
            _class_mask(before, item.class_id, size_hw)[rect.slices] |= mask_hw
    shared = covered_hw > 1
    yield Loss("objects become pixels", len(annotation.objects))
    yield Loss("overlaps", int(shared.any()), int(np.count_nonzero(shared)))
    yield Loss("objects without a pixel", sum(not item.shape.bounds().area for item in annotation.objects))
    yield _loss(before, {class_id: top_hw == class_id for class_id in before}, size_hw)


def redrawn_loss(pairs: Iterable[tuple[SegObject, Shape]], size_hw: tuple[int, int]) -> Loss:
    """What becomes of the classes' pixels where each object gets another shape."""
    before: _ClassMasks = {}
    after: _ClassMasks = {}
    for item, shape in pairs:
        for masks, one in ((before, item.shape), (after, shape)):
            target_hw = _class_mask(masks, item.class_id, size_hw)
            drawn = _drawn(one, size_hw)
            if drawn is not None:
                target_hw[drawn[0].slices] |= drawn[1]
    return _loss(before, after, size_hw)


def _drawn(shape: Shape, size_hw: tuple[int, int]) -> tuple[Rect, NDArray[np.bool_]] | None:
    rect = shape.bounds().grown(1).intersect(Rect.of_size(*size_hw))
    return None if rect.is_empty else (rect, mask_of(shape, rect, size_hw))


def _class_mask(masks: _ClassMasks, class_id: int, size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    if class_id not in masks:
        masks[class_id] = np.zeros(size_hw, np.bool_)
    return masks[class_id]


def _loss(before: _ClassMasks, after: _ClassMasks, size_hw: tuple[int, int]) -> Loss:
    changed_hw = np.zeros(size_hw, np.bool_)
    class_pixels: dict[int, tuple[int, int]] = {}
    for class_id, old_hw in before.items():
        new_hw = after[class_id]
        either = int(np.count_nonzero(old_hw | new_hw))
        if either:
            class_pixels[class_id] = int(np.count_nonzero(old_hw & new_hw)), either
        changed_hw |= old_hw ^ new_hw
    pixels = int(np.count_nonzero(changed_hw))
    return Loss(REDRAWN, int(pixels > 0), pixels, class_pixels=class_pixels)
