"""What an area drawn with any tool becomes: pixels of the active class, or a new, larger or smaller object."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, SegObject, Shape
from segstudio.core.raster import UNLABELLED
from segstudio.ops import polygon
from segstudio.ops.rle import mask_shape
from segstudio.session.stroke import Stroke
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.canvas.tools.painting import active_class, begin, editable_at, land_mask
from segstudio.ui.canvas.tools.tool import Pointer, ToolContext

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an area is drawn for; decided by the keys held when it was begun, at `start`."""

    start: tuple[float, float] = (0.0, 0.0)
    subtracts: bool = False
    extends: bool = False

    @classmethod
    def of(cls, at: Pointer) -> Purpose:
        """Alt takes away, Shift goes on with the object under the pointer."""
        return cls(at.xy, at.alt, at.shift and not at.alt)

    def never_extends(self) -> Purpose:
        """For tools in which Shift means something else."""
        return replace(self, extends=False)

    def color(self, context: ToolContext) -> tuple[int, int, int]:
        """The colour to show the area in."""
        return (255, 255, 255) if self.subtracts else context.class_color(context.view.active_class)


def apply_mask(context: ToolContext, rect: Rect, mask_hw: Mask, purpose: Purpose, *, name: str, tool: str) -> None:
    """Commit pixels, `mask_hw` bool `[rect.height, rect.width]`, as one edit; huge objects come from a worker."""
    document = context.document
    if document is None or rect.is_empty or not mask_hw.any():
        return
    if context.view.mode == "semantic":
        _paint(context, rect, mask_hw, purpose, name, tool)
        return
    size_hw = document.size_hw

    def put(shape: MaskShape) -> None:
        if context.document is document:
            _change_objects(context, shape, (rect, mask_hw), purpose, name, tool)

    # A pixel of a mask that is only written as run lengths weighs less than one that is reshaped.
    weight = rect.area // 4
    work_out(context.session, lambda: mask_shape(mask_hw, size_hw=size_hw, at=rect), put, weight=weight, title=name)


def apply_shape(context: ToolContext, shape: PolygonShape, purpose: Purpose, *, name: str, tool: str) -> None:
    """Commit an outline as one edit; an object that it makes keeps its points."""
    document = context.document
    if document is None:
        return
    rect = shape.bounds().grown(1).intersect(Rect.of_size(*document.size_hw))
    mask_hw = polygon.fill_mask(shape, rect, document.size_hw)
    if context.view.mode == "semantic":
        _paint(context, rect, mask_hw, purpose, name, tool)
    else:
        _change_objects(context, shape, (rect, mask_hw), purpose, name, tool)


def _paint(context: ToolContext, rect: Rect, mask_hw: Mask, purpose: Purpose, name: str, tool: str) -> None:
    session = context.session
    chosen = None if purpose.subtracts else active_class(session)
    if chosen is None and not purpose.subtracts:
        return
    stroke = begin(session, name, tool)
    if stroke is not None:
        segment_id = UNLABELLED if chosen is None else stroke.segment_for_class(chosen)
        land_mask(session, stroke, rect, mask_hw, segment_id)


def _change_objects(
    context: ToolContext, shape: Shape, pixels: tuple[Rect, Mask], purpose: Purpose, name: str, tool: str
) -> None:
    session = context.session
    target = _target(context, purpose) if purpose.subtracts or purpose.extends else None
    if purpose.subtracts and target is None:
        context.tell("there is no object to take away from", hint="begin on it, or select it first")
        return
    chosen = target.class_id if target is not None else active_class(session)
    stroke = begin(session, name, tool) if chosen is not None else None
    if stroke is None or chosen is None:
        return
    with stroke:
        if target is not None:
            _reshape(stroke, target, shape, pixels, erase=purpose.subtracts)
            return
        table = stroke.layer.objects
        item = SegObject(table.free_id(), chosen, shape, z=table.top_z())
        stroke.put_object(item)
    session.view.set(selection=frozenset({item.id}))


def _target(context: ToolContext, purpose: Purpose) -> SegObject | None:
    """The object under the beginning, else the selected one; never a locked one."""
    document, view = context.document, context.view
    assert document is not None
    under = editable_at(document, context.objects.index.at(purpose.start), view)
    if under is not None:
        return under
    chosen = (document.labels.objects.get(key) for key in sorted(view.selection))
    return next((item for item in chosen if item is not None and not item.locked), None)


def _reshape(stroke: Stroke, target: SegObject, shape: Shape, pixels: tuple[Rect, Mask], *, erase: bool) -> None:
    """Outlines are joined with outlines exactly; where either is a mask, pixels are painted."""
    # Shapely takes its time to load and is needed only here.
    from segstudio.ops import booleans
    from segstudio.ops.paint_shape import paint_shape

    if isinstance(shape, PolygonShape) and isinstance(target.shape, PolygonShape):
        combine = booleans.subtract if erase else booleans.union
        changed: Shape = combine(target.shape, shape)
    else:
        changed = paint_shape(target.shape, *pixels, erase=erase)
    if changed.bounds().is_empty:
        stroke.remove_object(target.id)
    else:
        stroke.put_object(target.with_shape(changed))
