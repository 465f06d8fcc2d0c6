"""Labels that bear where they come from, for an export that was asked to tell it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from segstudio.core.layer import Annotation
from segstudio.formats.report import PROVENANCE, PROVENANCE_BY_PIXEL

if TYPE_CHECKING:
    from segstudio.store import Project


def with_provenance(annotation: Annotation, project: Project, key: str, layer: str) -> Annotation:
    """The stored labels of an image, its objects and each pixel of its raster with what the journal knows of them.

    Raises `UserError` where the journal is damaged.
    """
    known = project.origins(key, layer)
    objects = tuple(
        replace(item, extra={**item.extra, PROVENANCE: dict(told)})
        if (told := known.objects.get(item.id, known.rest))
        else item
        for item in annotation.objects
    )
    extra = annotation.extra
    made = project.authors.raster(key, layer) if known.raster else None
    if made is not None and made.index_hw.shape == annotation.size_hw:
        by_pixel = made.index_hw, [dict(origin) for origin in made.origins]
        extra = {**extra, PROVENANCE: dict(known.raster), PROVENANCE_BY_PIXEL: by_pixel}
    return replace(annotation, objects=objects, extra=extra)
