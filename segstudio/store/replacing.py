"""Labels that are replaced as a whole, stored as an edit of them, so that what they were can be gone back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation, Layer
from segstudio.core.transaction import Edit, Transaction
from segstudio.store.lease import person
from segstudio.store.origins import IMPORT

if TYPE_CHECKING:
    from segstudio.store.project import Project

NAME = "replace all"


def by_an_edit(project: Project, key: str, layer_name: str, annotation: Annotation) -> bool:
    """Store `annotation` as an edit of the layer that is there; whether that was possible, and it is durable.

    It is not where there is no such layer yet or it cannot be read, where its size or anything but pixels, segments and
    objects changes, and in a team, where an edit takes a lease that whoever calls this may not have.
    """
    if project.people.is_team:
        return False
    try:
        before = project.load(key, layer_name)
    except UserError:
        return False
    if before is None or not _differ_in_content_only(before, annotation):
        return False
    layer = Layer.from_annotation(layer_name, before)
    edit = _edit_to(layer, annotation)
    if edit is not None:
        project.record(key, layer, edit).wait()
    return True


def _differ_in_content_only(before: Annotation, after: Annotation) -> bool:
    loses_raster = before.labels_hw is not None and after.labels_hw is None
    has_confidence = before.confidence_hw is not None or after.confidence_hw is not None
    return before.size_hw == after.size_hw and before.extra == after.extra and not (loses_raster or has_confidence)


def _edit_to(layer: Layer, wanted: Annotation) -> Edit | None:
    """The edit that makes the layer what is wanted, made; None where it is that already."""
    transaction = Transaction(layer, NAME, provenance={"tool": IMPORT, "person": person()})
    segments = {segment.id: segment for segment in wanted.segments}
    for segment in list(layer.segments):
        if segment.id not in segments:
            transaction.remove_segment(segment.id)
    known = {segment.id: segment for segment in layer.segments}
    for segment in segments.values():
        if known.get(segment.id) != segment:
            transaction.put_segment(segment)
    objects = {item.id: item for item in wanted.objects}
    for item in list(layer.objects):
        if item.id not in objects:
            transaction.remove_object(item.id)
    for item in objects.values():
        if layer.objects.get(item.id) != item:
            transaction.put_object(item)
    if wanted.labels_hw is not None:
        transaction.write(Rect.of_size(*wanted.size_hw), wanted.labels_hw)
    return transaction.commit()
