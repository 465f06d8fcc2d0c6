"""The objects that an object format should hold of an annotation: its own, and those that its raster shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import SegObject
from segstudio.core.segments import Segment
from segstudio.formats.cityscapes_polygons import LABEL
from segstudio.formats.rasters import has_raster
from segstudio.formats.report import Loss, provenance_of
from segstudio.ops import rle
from segstudio.ops.components import components


def objects_of(annotation: Annotation, class_set: ClassSet) -> list[SegObject]:
    """Every object: those that are not mere outlines of the raster, then one per visible segment of the raster.

    A thing class that is labelled as a whole gives one object per connected piece; ignored classes give none.
    """
    if not has_raster(annotation):
        return list(annotation.objects)
    own = [item for item in annotation.objects if LABEL not in item.extra]
    next_id = 1 + max((item.id for item in own), default=0)
    shown = (
        SegObject(
            next_id + rank,
            segment.class_id,
            rle.mask_shape(mask_hw, size_hw=annotation.size_hw, at=rect),
            is_crowd=segment.is_crowd,
            extra=provenance_of(annotation.extra, rect, mask_hw),
        )
        for rank, (segment, rect, mask_hw) in enumerate(visible_pieces(annotation, class_set))
    )
    return [*own, *shown]


def visible_pieces(annotation: Annotation, class_set: ClassSet) -> Iterator[tuple[Segment, Rect, NDArray[np.bool_]]]:
    """(segment, rectangle, its pixels there) of every segment with pixels; see `objects_of`."""
    labels_hw = annotation.labels_hw
    if labels_hw is None:
        return
    counts = np.bincount(labels_hw.reshape(-1))
    for segment in annotation.segments:
        known = class_set.by_id.get(segment.class_id)
        if known is None or known.is_ignored or segment.id >= len(counts) or not counts[segment.id]:
            continue
        mask_hw = labels_hw == segment.id
        rect = Rect.of_mask(mask_hw)
        if is_guessed(segment, class_set):
            for piece in components(mask_hw[rect.slices]):
                yield segment, piece.rect.moved(rect.x0, rect.y0), piece.mask_hw
        else:
            yield segment, rect, mask_hw[rect.slices]


def is_guessed(segment: Segment, class_set: ClassSet) -> bool:
    """Whether a segment is a thing class as a whole, so that its instances can only be guessed."""
    known = class_set.by_id.get(segment.class_id)
    return known is not None and known.is_thing and segment.instance == 0 and not segment.is_crowd


def object_losses(annotation: Annotation, class_set: ClassSet) -> Iterable[Loss]:
    """What every object format loses of a raster: ignored classes, and instances that nobody separated."""
    if annotation.labels_hw is not None and has_raster(annotation):
        counts = np.bincount(annotation.labels_hw.reshape(-1))
        present = [s for s in annotation.segments if s.id < len(counts) and counts[s.id]]
        ignored = [s for s in present if s.class_id not in class_set.by_id or class_set.by_id[s.class_id].is_ignored]
        guessed = [s for s in present if s not in ignored and is_guessed(s, class_set)]
        yield Loss("ignored classes", len(ignored), int(sum(counts[s.id] for s in ignored)))
        yield Loss("instances guessed from connected pieces", len(guessed), int(sum(counts[s.id] for s in guessed)))
        yield Loss("segment attributes", sum(bool(s.attributes) for s in present))
    yield Loss("confidence", int(annotation.confidence_hw is not None))
