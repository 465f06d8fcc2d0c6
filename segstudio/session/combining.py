"""Objects made of several, or several of one: union, difference, intersection, exclusive or, connected pieces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.objects import MaskShape, PolygonShape, SegObject, Shape
from segstudio.core.raster import UNLABELLED
from segstudio.session.document import Document
from segstudio.session.reshape import editable


def combine(document: Document, ids: Iterable[int], operation: str, *, operand: int) -> list[int]:
    """Combine objects with the one called `operand`, as one edit; returns the ids of what is left of the others.

    `operation` is "union" (all become one, the largest of the others keeps its id and class), "subtract" (the operand
    stays as it is), "intersect" or "xor" (the operand is used up). An object of which nothing is left goes. Raises
    `UserError` for fewer than two objects, and where nothing would change.
    """
    from segstudio.ops import instances

    other = document.labels.objects.get(operand)
    items = [item for item in editable(document, ids) if item.id != operand]
    if other is None or not items or (other.locked and operation != "subtract"):
        raise UserError("select at least two objects", hint="Shift+click adds to the selection")
    if operation == "union":
        shapes = {
            _largest(document, items).id: instances.merge_shapes([i.shape for i in (*items, other)], document.size_hw)
        }
    else:
        combined = {
            "subtract": instances.subtract_shape,
            "intersect": instances.intersect_shape,
            "xor": instances.xor_shape,
        }[operation]
        shapes = {item.id: combined(item.shape, other.shape, document.size_hw) for item in items}
        if operation == "intersect" and all(shape.bounds().is_empty for shape in shapes.values()):
            raise UserError("the objects have nothing in common")
    gone = {item.id for item in items if item.id not in shapes} | ({operand} if operation != "subtract" else set())
    return _put(document, operation, items, shapes, gone)


def split(document: Document, ids: Iterable[int]) -> list[int]:
    """Make an object of every connected piece, as one edit; the largest keeps the id. Returns the ids of all.

    Raises `UserError` where each object is in one piece.
    """
    pieces = [(item, _pieces(item.shape)) for item in editable(document, ids)]
    if all(len(found) < 2 for _, found in pieces):
        raise UserError("each of the selected objects is in one piece")
    next_id, made = document.labels.objects.free_id(), []
    with document.begin("split", tool="split") as stroke:
        for item, found in pieces:
            made.append(item.id)
            if len(found) < 2:
                continue
            stroke.put_object(item.with_shape(found[0]))
            for shape in found[1:]:
                stroke.put_object(replace(item.with_shape(shape), id=next_id))
                made.append(next_id)
                next_id += 1
    return made


def split_segment(document: Document, point_xy: tuple[float, float]) -> int:
    """Make an instance of every connected piece of the instance under a point, as one edit; returns how many.

    The largest piece keeps its number. Raises `UserError` where there is no instance, or one in a single piece.
    """
    from segstudio.ops.components import components

    x, y = int(np.floor(point_xy[0])), int(np.floor(point_xy[1]))
    labels = document.labels
    number = int(labels.raster.ids_hw[y, x]) if labels.raster.bounds.holds(x, y) else UNLABELLED
    segment = labels.segments.get(number)
    if number == UNLABELLED or segment is None:
        raise UserError("there is no labelled region under the cursor")
    pieces = components(labels.raster.ids_hw == number)
    if segment.instance == 0 and labels.segments.of_class(segment.class_id) is segment:
        raise UserError("this is a class as a whole, not an instance", hint="switch to object mode (M) for instances")
    if len(pieces) < 2:
        raise UserError("the instance under the cursor is in one piece")
    with document.begin("split", tool="split") as stroke:
        for piece in pieces[1:]:
            table = stroke.layer.segments
            added = replace(segment, id=table.free_id(), instance=table.free_instance(segment.class_id))
            stroke.put_segment(added)
            stroke.paint(piece.rect, added.id, mask_hw=piece.mask_hw)
    return len(pieces)


def _largest(document: Document, items: Iterable[SegObject]) -> SegObject:
    from segstudio.ops.shapes import area_of

    return max(items, key=lambda item: area_of(item.shape, document.size_hw))


def _put(
    document: Document, name: str, items: Iterable[SegObject], shapes: dict[int, Shape], gone: set[int]
) -> list[int]:
    left = []
    with document.begin(name, tool=name) as stroke:
        for item in items:
            shape = shapes.get(item.id)
            if shape is None or shape.bounds().is_empty:
                gone.add(item.id)
            else:
                left.append(item.id)
                if shape != item.shape:
                    stroke.put_object(item.with_shape(shape))
        for number in gone:
            stroke.remove_object(number)
    return left


def _pieces(shape: Shape) -> list[Shape]:
    """The connected pieces of a shape, the largest first."""
    from segstudio.ops import rle
    from segstudio.ops.components import components
    from segstudio.ops.polygon import area

    if isinstance(shape, MaskShape):
        size_hw, box = (shape.height, shape.width), shape.box
        found = components(rle.decode(shape, box))
        return [rle.mask_shape(p.mask_hw, size_hw=size_hw, at=p.rect.moved(box.x0, box.y0)) for p in found]
    from segstudio.ops.booleans import repaired

    # Parts that touch or overlap are one piece.
    parts = repaired(shape).parts if len(shape.parts) > 1 else shape.parts
    return [PolygonShape((part,)) for part in sorted(parts, key=lambda part: -area(PolygonShape((part,))))]
