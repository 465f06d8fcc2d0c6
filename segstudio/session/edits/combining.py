"""Objects made of several, or several of one: union, difference, intersection, exclusive or, connected pieces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.objects import MaskShape, PolygonShape, SegObject, Shape
from segstudio.core.raster import UNLABELLED
from segstudio.session.document import Document
from segstudio.session.edits.reshape import editable


@dataclass(frozen=True, eq=False)
class Combination:
    """Objects to be combined with one more, `other`, by "union", "subtract", "intersect" or "xor"."""

    items: tuple[SegObject, ...]
    other: SegObject
    operation: str
    size_hw: tuple[int, int]

    def shapes(self) -> dict[int, Shape]:
        """The shapes of what is left of `items`, by id; computes only, for a worker.

        Raises `UserError` where there is nothing in common to intersect.
        """
        from segstudio.ops import instances
        from segstudio.ops.shapes import area_of

        if self.operation == "union":
            largest = max(self.items, key=lambda item: area_of(item.shape, self.size_hw))
            return {largest.id: instances.merge_shapes([i.shape for i in (*self.items, self.other)], self.size_hw)}
        combined = {
            "subtract": instances.subtract_shape,
            "intersect": instances.intersect_shape,
            "xor": instances.xor_shape,
        }[self.operation]
        shapes = {item.id: combined(item.shape, self.other.shape, self.size_hw) for item in self.items}
        # A shape works its bounds out once: for a thousand of them better here than when they are put.
        boxes = [shape.bounds() for shape in shapes.values()]
        if self.operation == "intersect" and all(box.is_empty for box in boxes):
            raise UserError("the objects have nothing in common")
        return shapes

    def put(self, document: Document, shapes: dict[int, Shape]) -> list[int]:
        """Make it one edit; returns the ids of what is left of `items`.

        Raises `UserError` where one of the objects changed since.
        """
        if any(document.labels.objects.get(item.id) is not item for item in (*self.items, self.other)):
            raise UserError("the objects were changed meanwhile", hint="try again")
        left = [item for item in self.items if item.id in shapes and not shapes[item.id].bounds().is_empty]
        with document.begin(self.operation, tool=self.operation) as stroke:
            kept = {item.id for item in left}
            gone = [item.id for item in self.items if item.id not in kept]
            if self.operation != "subtract":
                gone.append(self.other.id)
            changed = [item.with_shape(shapes[item.id]) for item in left if shapes[item.id] != item.shape]
            stroke.change_objects(put=changed, remove=gone)
        return [item.id for item in left]


def combination(document: Document, ids: Iterable[int], operation: str, *, operand: int) -> Combination:
    """What is combined with the object called `operand`. Raises `UserError` for fewer than two objects."""
    other = document.labels.objects.get(operand)
    items = tuple(item for item in editable(document, ids) if item.id != operand)
    if other is None or not items or (other.locked and operation != "subtract"):
        raise UserError("select at least two objects", hint="Shift+click adds to the selection")
    return Combination(items, other, operation, document.size_hw)


def combine(document: Document, ids: Iterable[int], operation: str, *, operand: int) -> list[int]:
    """Combine objects with the one called `operand`, as one edit; returns the ids of what is left of the others.

    `operation` is "union" (all become one, the largest of the others keeps its id and class), "subtract" (the operand
    stays as it is), "intersect" or "xor" (the operand is used up). An object of which nothing is left goes. Raises
    `UserError` for fewer than two objects, and where there is nothing in common to intersect.
    """
    wanted = combination(document, ids, operation, operand=operand)
    return wanted.put(document, wanted.shapes())


def pieces_of(items: Iterable[SegObject]) -> list[tuple[SegObject, list[Shape]]]:
    """Every object with its connected pieces, the largest first; computes only, for a worker."""
    return [(item, _pieces(item.shape)) for item in items]


def put_pieces(document: Document, pieces: Iterable[tuple[SegObject, list[Shape]]]) -> list[int]:
    """Make an object of every piece, as one edit; the largest keeps the id. Returns the ids of all.

    Objects that changed since are left alone. Raises `UserError` where each object is in one piece.
    """
    current = [(item, found) for item, found in pieces if document.labels.objects.get(item.id) is item]
    if all(len(found) < 2 for _, found in current):
        raise UserError("each of the selected objects is in one piece")
    next_id, made = document.labels.objects.free_id(), []
    changed: list[SegObject] = []
    for item, found in current:
        made.append(item.id)
        if len(found) < 2:
            continue
        changed.append(item.with_shape(found[0]))
        for shape in found[1:]:
            changed.append(replace(item.with_shape(shape), id=next_id))
            made.append(next_id)
            next_id += 1
    with document.begin("split", tool="split") as stroke:
        stroke.change_objects(put=changed)
    return made


def split(document: Document, ids: Iterable[int]) -> list[int]:
    """Split objects into their connected pieces, as one edit; see `put_pieces`."""
    return put_pieces(document, pieces_of(editable(document, ids)))


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
