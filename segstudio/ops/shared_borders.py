"""Borders that two polygons have in common, moved together, and those of regions in the raster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.raster import UNLABELLED, SegmentIds
from segstudio.ops.polygon import VertexRef, insert_vertex, with_ring

TOUCHING = 0.01
"""Vertices closer than this many pixels are one point; files round to hundredths."""
_BESIDE = 4
"""Pixels round freed ones among which the nearest neighbour is: outlines leave their region by less."""
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


class SharedVertex(NamedTuple):
    """A vertex of an object."""

    object_id: int
    where: VertexRef


def vertices_at(
    objects: Iterable[SegObject], point_xy: tuple[float, float], *, tolerance: float = TOUCHING
) -> list[SharedVertex]:
    """Every vertex of every (unlocked, polygonal) object at the point; give it the objects near the point."""
    found = []
    for item, part, ring, ring_xy in _rings(objects):
        for index in np.flatnonzero(((ring_xy - point_xy) ** 2).sum(axis=1) <= tolerance * tolerance):
            found.append(SharedVertex(item.id, VertexRef(part, ring, int(index))))
    return found


def edges_at(
    objects: Iterable[SegObject],
    a_xy: tuple[float, float],
    b_xy: tuple[float, float],
    *,
    tolerance: float = TOUCHING,
) -> list[SharedVertex]:
    """Every edge between the two points, in either direction, named by its first vertex in its own ring."""
    found = []
    limit = tolerance * tolerance
    for item, part, ring, ring_xy in _rings(objects):
        following = np.roll(ring_xy, -1, axis=0)
        near_a, near_b = ((ring_xy - a_xy) ** 2).sum(axis=1), ((ring_xy - b_xy) ** 2).sum(axis=1)
        next_a, next_b = ((following - a_xy) ** 2).sum(axis=1), ((following - b_xy) ** 2).sum(axis=1)
        same = ((near_a <= limit) & (next_b <= limit)) | ((near_b <= limit) & (next_a <= limit))
        found += [SharedVertex(item.id, VertexRef(part, ring, int(index))) for index in np.flatnonzero(same)]
    return found


def move_together(
    shapes: Mapping[int, PolygonShape], vertices: Sequence[SharedVertex], to_xy: tuple[float, float]
) -> dict[int, PolygonShape]:
    """The changed shapes, by object id, after all `vertices` moved to one point."""
    return shift_together(shapes, {vertex: to_xy for vertex in vertices})


def shift_together(
    shapes: Mapping[int, PolygonShape], targets: Mapping[SharedVertex, tuple[float, float]]
) -> dict[int, PolygonShape]:
    """The changed shapes, by object id, after each vertex moved to its target: both ends of an edge, for example."""
    changed: dict[int, PolygonShape] = {}
    rings: dict[tuple[int, int, int], Points] = {}
    for vertex, to_xy in targets.items():
        key = vertex.object_id, vertex.where.part, vertex.where.ring
        if key not in rings:
            rings[key] = shapes[vertex.object_id].parts[vertex.where.part].rings_xy[vertex.where.ring].copy()
        rings[key][vertex.where.vertex] = to_xy
    for (object_id, part, ring), ring_xy in rings.items():
        changed[object_id] = with_ring(changed.get(object_id, shapes[object_id]), part, ring, ring_xy)
    return changed


def insert_together(
    shapes: Mapping[int, PolygonShape], edges: Sequence[SharedVertex], at_xy: tuple[float, float]
) -> dict[int, PolygonShape]:
    """The changed shapes after a vertex was added on a shared edge, so that it stays shared."""
    changed: dict[int, PolygonShape] = {}
    # From the last edge of a ring to the first: an insertion renumbers what follows it.
    for edge in sorted(edges, key=lambda edge: edge.where, reverse=True):
        changed[edge.object_id] = insert_vertex(changed.get(edge.object_id, shapes[edge.object_id]), edge.where, at_xy)
    return changed


def _rings(objects: Iterable[SegObject]) -> Iterable[tuple[SegObject, int, int, Points]]:
    for item in objects:
        if isinstance(item.shape, PolygonShape) and not item.locked:
            for part_number, part in enumerate(item.shape.parts):
                for ring_number, ring_xy in enumerate(part.rings_xy):
                    if len(ring_xy):
                        yield item, part_number, ring_number, ring_xy


def heirs_of(ids_hw: SegmentIds, freed_hw: NDArray[np.bool_]) -> SegmentIds:
    """Who gets the pixels that a region gives up: ids of the nearest pixels that are not its own, uint16 `[H, W]`.

    `ids_hw` `[H, W]` holds the labels before, one id under all of `freed_hw`; 0 elsewhere than in `freed_hw`. Pieces
    that border on labels more than on nothing go to the labels whole, others also to what is unlabelled (0), as do all
    without neighbours. The cost follows the rectangle round the pixels.
    """
    heirs_hw = np.zeros(ids_hw.shape, np.uint16)
    box = Rect.of_mask(freed_hw)
    if box.is_empty:
        return heirs_hw
    near = box.grown(_BESIDE).intersect(Rect.of_size(*ids_hw.shape))
    around_hw, freed = ids_hw[near.slices], freed_hw[near.slices]
    others = around_hw != around_hw[freed][0]
    labelled = others & (around_hw != UNLABELLED)
    for seeds, part in ((others, freed), (labelled, _mostly_beside(labelled, others, freed))):
        if seeds.any():
            np.copyto(heirs_hw[near.slices], _nearest(around_hw, seeds), where=part)
    return heirs_hw


def _nearest(ids_hw: SegmentIds, seeds_hw: NDArray[np.bool_]) -> SegmentIds:
    """The id under the nearest seed of every pixel."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~seeds_hw).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE, labelType=cv2.DIST_LABEL_PIXEL
    )
    id_of = np.zeros(int(nearest.max()) + 1, np.uint16)
    id_of[nearest[seeds_hw]] = ids_hw[seeds_hw]
    return np.asarray(id_of[nearest])


def _mostly_beside(
    some_hw: NDArray[np.bool_], all_hw: NDArray[np.bool_], pieces_hw: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The connected pieces of a mask of whose neighbours in `all_hw` at least half are in `some_hw`."""
    count, numbers = cv2.connectedComponents(pieces_hw.view(np.uint8), connectivity=4)
    contacts = []
    for mask_hw in (some_hw, all_hw):
        beside = numbers * cv2.dilate(mask_hw.view(np.uint8), _CROSS)
        contacts.append(np.bincount(beside.reshape(-1), minlength=count))
    wins = 2 * contacts[0] >= contacts[1]
    wins[0] = False
    return np.asarray(wins[numbers])
