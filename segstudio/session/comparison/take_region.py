"""Taking what A or B says in one region of their difference into the labels, as one edit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segstudio.core.class_set import IGNORED
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS
from segstudio.core.transaction import Edit
from segstudio.session.comparison.comparing import Side
from segstudio.session.comparison.duel import WonRegion
from segstudio.session.document import Document
from segstudio.session.inspect.mend import region_mask
from segstudio.session.scores.live import IndexRaster


def take_region(document: Document, won: WonRegion, *, a: str, b: str, side: Side) -> Edit | None:
    """Give the pixels of a region the classes that layer A or B has there, as one edit.

    Raises `UserError` where the image lacks a layer, the layer is the labels themselves, or the two do not differ
    there any more.
    """
    names = {"a": a, "b": b}
    for name in names.values():
        if name not in document.layer_names:
            raise UserError(f"this image has no layer {name.partition(':')[2] or name}")
    if names[side] == LABELS:
        raise UserError(f"{side.upper()} is the labels themselves: there is nothing to take")
    box = won.region.box
    if document.truth_index_hw is None:
        raise UserError("this image has no truth")
    truth_hw = document.truth_index_hw[box.slices]
    said: dict[str, IndexRaster] = {}
    for letter, name in names.items():
        layer = document.layer(name)
        said[letter] = layer.segments.index_lut(document.class_set)[layer.raster.ids_hw[box.slices]]
    loser = "b" if won.winner == "a" else "a"
    wrong_hw = np.where(said[won.winner] == truth_hw, said[loser], truth_hw)
    x, y = won.region.anchor_xy
    here = replace(won.region, box=box.moved(-box.x0, -box.y0), anchor_xy=(x - box.x0, y - box.y0))
    mask_hw = region_mask(truth_hw, wrong_hw, here, document.class_set)
    index = won.region.truth_class if side == won.winner else won.region.label_class
    if not mask_hw.any():
        raise UserError("A and B do not differ there any more")
    if index is None or index >= min(document.class_set.num_classes, IGNORED):
        raise UserError(f"{side.upper()} says nothing there")
    class_id = document.class_set.evaluated[index].id
    with document.begin("take region", tool="take", provenance={"source": names[side]}) as stroke:
        stroke.paint(box, stroke.segment_for_class(class_id), mask_hw=mask_hw)
        return stroke.commit()
