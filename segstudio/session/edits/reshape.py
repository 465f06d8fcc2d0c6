"""What can be done to whole objects at once: reshape, merge, convert, order, copy; each call is one edit.

Objects are given by id; unknown and locked ones are left alone. Shapely loads with the first call, not with the module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, SegObject, Shape
from segstudio.session.document import Document

Mask = NDArray[np.bool_]

SPECK = 64
"""Parts of fewer square pixels are specks."""


def fill_holes(document: Document, ids: Iterable[int]) -> int:
    """Close all holes; returns how many objects changed, as every function here that returns a number."""
    from segstudio.ops.cleanup import without_holes

    return _reshape(document, ids, "fill holes", without_holes)


def remove_specks(document: Document, ids: Iterable[int], *, smaller_than: float = SPECK) -> int:
    """Drop the parts of fewer than `smaller_than` square pixels; an object of nothing else stays."""
    from segstudio.ops.cleanup import without_specks

    return _reshape(document, ids, "remove specks", lambda shape: without_specks(shape, smaller_than=smaller_than))


def grow(document: Document, ids: Iterable[int], pixels: float) -> int:
    """Grow by `pixels` on every side, shrink where negative; an object that would vanish stays as it is."""
    from segstudio.ops import smoothing

    return _reshape(document, ids, "grow" if pixels > 0 else "shrink", lambda shape: smoothing.grow(shape, pixels))


def smooth(document: Document, ids: Iterable[int], radius: float) -> int:
    """Even out details of about `radius` pixels."""
    from segstudio.ops import smoothing

    return _reshape(document, ids, "smooth", lambda shape: smoothing.smooth(shape, radius))


def simplify(document: Document, ids: Iterable[int], tolerance: float) -> int:
    """Drop vertices of polygons that lie within `tolerance` pixels of the outline without them; masks have none."""
    from segstudio.ops import simplify as simplifying

    def change(shape: Shape) -> Shape:
        return simplifying.simplify(shape, tolerance) if isinstance(shape, PolygonShape) else shape

    return _reshape(document, ids, "simplify", change)


def convert(document: Document, ids: Iterable[int]) -> int:
    """Make polygons of masks; where there is none among the objects, masks of polygons. The pixels stay the same."""
    return _reshape(document, ids, *conversion(document, ids))


def conversion(document: Document, ids: Iterable[int]) -> tuple[str, Callable[[Shape], Shape]]:
    """The name of what `convert` would do, and what it does to each shape."""
    from segstudio.ops.shapes import as_mask, as_polygon

    size_hw = document.size_hw
    if all(isinstance(item.shape, PolygonShape) for item in editable(document, ids)):
        return "make a mask", lambda shape: as_mask(shape, size_hw)
    return "make a polygon", as_polygon


def merge(document: Document, ids: Iterable[int]) -> int:
    """Make one object of several: the largest keeps its id, class and attributes. Returns its id.

    Raises `UserError` for fewer than two.
    """
    items = mergeable(document, ids)
    return put_merged(document, items, merged(items, document.size_hw))


def mergeable(document: Document, ids: Iterable[int]) -> list[SegObject]:
    """The objects that would be merged; raises `UserError` for fewer than two."""
    items = editable(document, ids)
    if len(items) < 2:
        raise UserError("select at least two objects to merge", hint="Shift+click adds to the selection")
    return items


def merged(items: Sequence[SegObject], size_hw: tuple[int, int]) -> SegObject:
    """What objects become when they are merged; computes only, for a worker."""
    from segstudio.ops.instances import merge_shapes
    from segstudio.ops.shapes import area_of

    kept = max(items, key=lambda item: area_of(item.shape, size_hw))
    shape = merge_shapes([item.shape for item in items], size_hw)
    return replace(kept.with_shape(shape), z=max(item.z for item in items))


def put_merged(document: Document, items: Sequence[SegObject], made: SegObject) -> int:
    """Put what `merged` made in the place of all, as one edit; returns its id.

    Raises `UserError` where one of them changed since.
    """
    if any(document.labels.objects.get(item.id) is not item for item in items):
        raise UserError("the objects were changed meanwhile", hint="try again")
    with document.begin("merge", tool="merge") as stroke:
        stroke.change_objects(put=[made], remove=[item.id for item in items if item.id != made.id])
    return made.id


def bring_forward(document: Document, ids: Iterable[int]) -> int:
    """Bring each object in front of the next one before it that it overlaps; returns how many objects changed."""
    return _step(document, ids, 1)


def send_back(document: Document, ids: Iterable[int]) -> int:
    """Send each object behind the next one below it that it overlaps; returns how many objects changed."""
    return _step(document, ids, -1)


def duplicate(document: Document, ids: Iterable[int], offset_xy: tuple[float, float]) -> list[int]:
    """Copies in front of everything, moved by `offset_xy` pixels; returns their ids."""
    return _add(document, known(document, ids), "duplicate", offset_xy)


def paste(
    document: Document,
    items: Sequence[SegObject],
    offset_xy: tuple[float, float] = (0.0, 0.0),
    *,
    name: str = "paste",
) -> list[int]:
    """Objects copied from this or another image, in front of everything; those that lie beyond the image are left
    out. Returns their ids.
    """
    return _add(document, items, name, offset_xy)


def changed_region(
    bounds: Rect, rect: Rect, mask_hw: Mask, change: Callable[[Mask], Mask], margin: int
) -> tuple[Rect, Mask, Mask]:
    """Change a connected piece of the raster, `mask_hw` bool of the size of `rect`; computes only, for a worker.

    Returns the rectangle that `change` may reach, and the piece in it before and after. `change` sees the piece with
    `margin` unset pixels round it as far as the image, `bounds`, goes.
    """
    wide = rect.grown(margin).intersect(bounds)
    before = np.zeros((wide.height, wide.width), np.bool_)
    before[rect.moved(-wide.x0, -wide.y0).slices] = mask_hw
    return wide, before, change(before)


def known(document: Document, ids: Iterable[int]) -> list[SegObject]:
    """The objects of these ids, hindmost first."""
    return sorted(_known(document, ids), key=lambda item: (item.z, item.id))


def _known(document: Document, ids: Iterable[int]) -> list[SegObject]:
    found = (document.labels.objects.get(key) for key in sorted(set(ids)))
    return [item for item in found if item is not None]


def editable(document: Document, ids: Iterable[int]) -> list[SegObject]:
    """The objects of these ids that are not locked, by id."""
    return [item for item in _known(document, ids) if not item.locked]


def reshaped(items: Iterable[SegObject], change: Callable[[Shape], Shape]) -> list[tuple[SegObject, Shape]]:
    """The objects that `change` gives another shape, with it; computes only, for a worker.

    Shapes of which nothing would be left stay as they are: deleting is said, not slipped in.
    """
    from segstudio.ops import rle

    shapes = [(item, change(item.shape)) for item in items]
    found = [(item, shape) for item, shape in shapes if shape != item.shape and not shape.bounds().is_empty]
    for _, shape in found:
        if isinstance(shape, MaskShape):
            rle.area(shape)  # asked for at home as soon as they are put, and known from here on
    return found


def put_shapes(document: Document, shapes: Iterable[tuple[SegObject, Shape]], name: str) -> int:
    """Give objects the shapes from `reshaped`, as one edit; objects that changed meanwhile are left alone."""
    current = [(item, shape) for item, shape in shapes if document.labels.objects.get(item.id) is item]
    with document.begin(name, tool=name) as stroke:
        stroke.change_objects(put=[item.with_shape(shape) for item, shape in current])
    return len(current)


def weight_of(items: Iterable[SegObject]) -> int:
    """How much work reshaping is: pixels of masks, and 500 for each point of a polygon."""
    shapes = [item.shape for item in items]
    return sum(500 * shape.num_points if isinstance(shape, PolygonShape) else shape.box.area for shape in shapes)


def _reshape(document: Document, ids: Iterable[int], name: str, change: Callable[[Shape], Shape]) -> int:
    return put_shapes(document, reshaped(editable(document, ids), change), name)


def _add(document: Document, items: Sequence[SegObject], name: str, offset_xy: tuple[float, float]) -> list[int]:
    return put_copies(document, copies_of(items, document.size_hw, offset_xy), name)


def copies_of(
    items: Iterable[SegObject], size_hw: tuple[int, int], offset_xy: tuple[float, float] = (0.0, 0.0)
) -> list[SegObject]:
    """The objects as others on an image of `size_hw`, moved by `offset_xy`, without those that lie beyond it; computes
    only, for a worker.
    """
    from segstudio.ops import rle
    from segstudio.ops.transform import move, onto

    image, copies = Rect.of_size(*size_hw), []
    for item in items:
        shape = move(onto(item.shape, size_hw), *offset_xy)
        if not shape.bounds().intersect(image).is_empty:
            copies.append(replace(item, shape=shape, locked=False, extra={}))
            if isinstance(shape, MaskShape):
                rle.area(shape)
    return copies


def put_copies(document: Document, copies: Sequence[SegObject], name: str) -> list[int]:
    """Put what `copies_of` made in front of everything, as one edit; returns their ids."""
    table = document.labels.objects
    first_id, z = table.free_id(), table.top_z()
    added = [replace(item, id=first_id + place, z=z + place) for place, item in enumerate(copies)]
    with document.begin(name, tool=name) as stroke:
        stroke.change_objects(put=added)
    return [item.id for item in added]


def _step(document: Document, ids: Iterable[int], step: int) -> int:
    chosen = {item.id for item in editable(document, ids)}
    item_of = {item.id: item for item in document.labels.objects.in_order()}
    order = list(item_of)
    # The one that leads goes first, so that several keep their order among themselves.
    for key in [key for key in order[::-step] if key in chosen] if chosen < item_of.keys() else ():
        place, box = order.index(key), item_of[key].bounds()
        for other in range(place + 1, len(order)) if step > 0 else range(place - 1, -1, -1):
            if order[other] not in chosen and not item_of[order[other]].bounds().intersect(box).is_empty:
                order.insert(other, order.pop(place))
                break
    in_order = [item_of[key] for key in order]
    return put_in_order(document, in_order, "bring forward" if step > 0 else "send back")


def put_in_order(document: Document, order: Sequence[SegObject], name: str) -> int:
    """Raise `z` where needed, and only there, so that the objects lie in this order."""
    changed = []
    z, last_id = -(2**62), 0
    for item in order:
        own = max(item.z, z) if item.id > last_id or item.z > z else z + 1
        if own != item.z:
            changed.append(replace(item, z=own))
        z, last_id = own, item.id
    with document.begin(name, tool=name) as stroke:
        stroke.change_objects(put=changed)
    return len(changed)
