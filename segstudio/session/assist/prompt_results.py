"""What becomes of masks that were prompted: objects that remember their prompts, and layers of what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation, Layer
from segstudio.core.objects import MaskShape, SegObject
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import Found
from segstudio.ops.rle import mask_shape
from segstudio.session.document import Document

PROMPTS = "prompts"
"""The attribute of an object that keeps how it was asked for, as JSON."""

Mask = NDArray[np.bool_]


def prompt_of(item: SegObject) -> Prompt | None:
    """How an object was asked for; None where it was drawn, or its attribute is damaged."""
    kept = item.attributes.get(PROMPTS)
    if not isinstance(kept, str):
        return None
    try:
        found = json.loads(kept)
        return Prompt.from_json(found)
    except ValueError:
        return None


def put_prompted(
    document: Document,
    rect: Rect,
    mask_hw: Mask,
    prompt: Prompt,
    *,
    model: str,
    class_id: int,
    target: int | None = None,
) -> int:
    """Make an object of a mask, or give the object `target` another shape, as one edit; returns its id."""
    shape = mask_shape(mask_hw, size_hw=document.size_hw, at=rect)
    return put_prompted_shape(document, shape, prompt, model=model, class_id=class_id, target=target)


def put_prompted_shape(
    document: Document,
    shape: MaskShape,
    prompt: Prompt,
    *,
    model: str,
    class_id: int,
    target: int | None = None,
) -> int:
    """The same with run lengths that were made before, in a worker."""
    kept = json.dumps({**prompt.to_json(), "model": model}, separators=(",", ":"))
    table = document.labels.objects
    before = table.get(target) if target is not None else None
    with document.begin("AI points", tool="ai", provenance={"model": model}) as stroke:
        if before is not None:
            item = before.with_shape(shape)
        else:
            item = SegObject(table.free_id(), class_id, shape, z=table.top_z())
        stroke.put_object(replace(item, attributes={**item.attributes, PROMPTS: kept}))
    return item.id


def mask_of_object(item: SegObject, size_hw: tuple[int, int]) -> Mask:
    """An object as a mask of the whole image."""
    from segstudio.ops.shapes import mask_of

    return mask_of(item.shape, Rect.of_size(*size_hw), size_hw)


def annotation_of(found: Sequence[Found], size_hw: tuple[int, int], *, classes: Sequence[int], run: str) -> Annotation:
    """Objects of what was found, each with the class beside it; later ones lie behind."""
    count = len(found)
    objects = tuple(
        SegObject(
            number + 1, class_id, mask_shape(one.mask_hw, size_hw=size_hw, at=one.rect), one.score, z=count - number
        )
        for number, (one, class_id) in enumerate(zip(found, classes, strict=True))
    )
    return Annotation(size_hw, objects=objects, extra={"model": run, "run": run})


def things_of(layer: Layer) -> NDArray[np.uint16]:
    """A number for each thing of a layer `[H, W]`: objects, instances, and the connected pieces of classes."""
    ids_hw = layer.raster.ids_hw
    things_hw = np.zeros(ids_hw.shape, np.uint16)
    last = 0
    for segment in layer.segments:
        mask_hw = ids_hw == segment.id
        if not mask_hw.any():
            continue
        if segment.instance:
            pieces, pieces_hw = 2, mask_hw.astype(np.int32)
        else:
            pieces, pieces_hw = cv2.connectedComponents(mask_hw.astype(np.uint8), connectivity=4)
        if last + pieces > 65000:
            break
        # Not by indexing with a mask, which stops every other thread while it lasts.
        np.add(pieces_hw, last, out=things_hw, where=mask_hw, casting="unsafe")
        last += pieces - 1
    for item in layer.objects.in_order():
        last += 1
        np.copyto(things_hw, np.uint16(min(last, 65535)), where=mask_of_object(item, layer.size_hw))
    return things_hw
