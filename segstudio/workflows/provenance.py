"""Labels that bear where they come from, for an export that was asked to tell it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from segstudio.core.layer import Annotation
from segstudio.formats.report import PROVENANCE

if TYPE_CHECKING:
    from segstudio.store import Project


def with_provenance(annotation: Annotation, project: Project, key: str, layer: str) -> Annotation:
    """The stored labels of an image, its objects and its raster with what the journal knows of them.

    Raises `UserError` where the journal is damaged.
    """
    known = project.origins(key, layer)
    objects = tuple(
        replace(item, extra={**item.extra, PROVENANCE: dict(known.objects[item.id])})
        if item.id in known.objects
        else item
        for item in annotation.objects
    )
    extra = {**annotation.extra, PROVENANCE: dict(known.raster)} if known.raster else annotation.extra
    return replace(annotation, objects=objects, extra=extra)
