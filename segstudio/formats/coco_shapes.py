"""COCO's `segmentation` field: polygons, compressed and uncompressed run lengths, to shapes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.geometry import Points
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject, Shape
from segstudio.formats.files import shown
from segstudio.ops import rle
from segstudio.ops.shapes import area_of, as_mask, as_polygon

FAR = 1e7
"""Coordinates beyond this are damage."""

_KNOWN = ("id", "image_id", "category_id", "segmentation", "iscrowd", "score", "attributes")


def shape_of(segmentation: Any, size_hw: tuple[int, int]) -> tuple[Shape, bool]:
    """(shape, whether `segmentation_of` gives the same value back) of a `segmentation` value.

    Raises `UserError` for what is no segmentation, for a mask of another size than the image and damaged run lengths.
    """
    if isinstance(segmentation, dict):
        return _mask(segmentation, size_hw)
    if segmentation is None:
        return PolygonShape(()), False
    if not isinstance(segmentation, list):
        raise UserError(f"the segmentation is neither polygons nor run lengths: {str(segmentation)[:40]}")
    parts = []
    is_same = True
    for ring in segmentation:
        points_xy = _points(ring)
        if len(points_xy) < 3 or points_xy[0].tolist() == points_xy[-1].tolist():
            is_same = False
            points_xy = points_xy[:-1] if len(points_xy) > 3 else points_xy
        if len(points_xy) >= 3:
            parts.append(PolygonPart(points_xy))
    return PolygonShape(tuple(parts)), is_same


def _mask(segmentation: Mapping[str, Any], size_hw: tuple[int, int]) -> tuple[MaskShape, bool]:
    counts, size = segmentation.get("counts"), segmentation.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(isinstance(v, int) for v in size):
        raise UserError(f"the mask's size is not [height, width]: {str(size)[:40]}")
    if (size[0], size[1]) != tuple(size_hw):
        raise UserError(f"the mask has {size[1]}×{size[0]} pixels, its image {size_hw[1]}×{size_hw[0]}")
    if isinstance(counts, str):
        return rle.from_string(counts, size_hw), set(segmentation) == {"counts", "size"}
    if isinstance(counts, list):
        return rle.from_counts(counts, size_hw), False
    raise UserError("the mask has no run lengths")


def _points(ring: Any) -> Points:
    try:
        flat = np.array(ring, np.float64)
    except (TypeError, ValueError):
        raise UserError(f"a polygon is no list of numbers: {str(ring)[:40]}") from None
    if flat.ndim != 1 or flat.size % 2 or flat.size > 4_000_000:
        raise UserError("a polygon is no list of x, y, x, y …")
    if flat.size and not np.abs(flat).max() <= FAR:  # also refuses what is not a number
        raise UserError("a polygon has coordinates beyond any image")
    return flat.reshape(-1, 2)


def object_of(raw: Mapping[str, Any], object_id: int, class_id: int, size_hw: tuple[int, int]) -> SegObject:
    """The object of one annotation; fields that we do not use, and what `row_of` would not give again, go to `extra`.

    Raises `UserError` naming the annotation.
    """
    try:
        shape, is_same = shape_of(raw.get("segmentation"), size_hw)
    except UserError as error:
        raise UserError(f"annotation {shown(raw.get('id'))}: {error}") from None
    extra = {key: value for key, value in raw.items() if key not in _KNOWN}
    if not is_same and "segmentation" in raw:
        extra["segmentation"] = raw["segmentation"]
    if raw.get("id") != object_id and "id" in raw:
        extra["id"] = raw["id"]
    if "iscrowd" not in raw:
        extra["iscrowd"] = None
    attributes = raw.get("attributes")
    if "attributes" in raw and not (attributes and isinstance(attributes, dict)):
        extra["attributes"] = attributes
    score = raw.get("score")
    is_score = isinstance(score, int | float) and not isinstance(score, bool)
    if "score" in raw and not is_score:
        extra["score"] = score
    is_crowd = raw.get("iscrowd") in (1, True)
    return SegObject(
        object_id,
        class_id,
        shape,
        score=float(score) if is_score and score is not None else None,
        is_crowd=is_crowd,
        z=-1 if is_crowd else 0,
        attributes=attributes if isinstance(attributes, dict) else {},
        extra=extra,
    )


def row_of(item: SegObject, image_id: int, annotation_id: Any, size_hw: tuple[int, int], form: str) -> dict[str, Any]:
    """The annotation of an object; `form` is "auto" (as the shape is), "polygons", "rle" or "counts"."""
    extra = dict(item.extra)
    had_no_crowd = "iscrowd" in extra and extra.pop("iscrowd") is None
    kept = extra.pop("segmentation", None)
    # Other formats keep their own kind of outline under the same name.
    has_kept = form == "auto" and (isinstance(kept, list) or (isinstance(kept, dict) and "counts" in kept))
    extra.pop("id", None)
    row: dict[str, Any] = {"id": annotation_id, "image_id": image_id, "category_id": item.class_id}
    row["segmentation"] = kept if has_kept else segmentation_of(item.shape, size_hw, form, is_crowd=item.is_crowd)
    if item.is_crowd or not had_no_crowd:
        row["iscrowd"] = int(item.is_crowd)
    row.update(extra)
    if "area" not in row:
        row["area"] = area_of(item.shape, size_hw)
    if "bbox" not in row:
        row["bbox"] = box_of(item.shape)
    if item.score is not None:
        row["score"] = item.score
    if item.attributes:
        row["attributes"] = dict(item.attributes)
    return row


def segmentation_of(shape: Shape, size_hw: tuple[int, int], form: str, *, is_crowd: bool = False) -> Any:
    """The `segmentation` value of a shape; crowds are always run lengths, as COCO's tools expect them."""
    if form == "counts":
        mask = as_mask(shape, size_hw)
        return {"counts": rle.to_counts(mask), "size": list(size_hw)}
    as_polygons = isinstance(shape, PolygonShape) and not any(part.holes_xy for part in shape.parts)
    if form != "rle" and not is_crowd and (as_polygons or form == "polygons"):
        return [part.exterior_xy.reshape(-1).tolist() for part in without_holes(shape).parts]
    return {"counts": rle.to_string(as_mask(shape, size_hw)), "size": list(size_hw)}


def box_of(shape: Shape) -> list[float]:
    """[x, y, width, height] in pixels, as COCO counts them: of the outline's points, or of the mask's pixels."""
    if isinstance(shape, PolygonShape):
        rings = [part.exterior_xy for part in shape.parts]
        if not rings:
            return [0.0, 0.0, 0.0, 0.0]
        points_xy = np.concatenate(rings)
        low, high = points_xy.min(axis=0), points_xy.max(axis=0)
        return [float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])]
    box = shape.box
    return [float(box.x0), float(box.y0), float(box.width), float(box.height)]


def without_holes(shape: Shape) -> PolygonShape:
    """The outer rings of a shape, as COCO's polygons hold them."""
    return PolygonShape.of(*(part.exterior_xy for part in as_polygon(shape).parts))


def has_holes(shape: Shape) -> bool:
    """Whether polygons without holes would cover more than the shape does."""
    return any(part.holes_xy for part in as_polygon(shape).parts)
