"""Everything that answers to clicks, in one form: a picture in, then a mask for the clicks so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.ops.cell_graph import CellGraph, cell_graph
from segstudio.ops.fill import wand, wand_space
from segstudio.ops.forest_features import cells_and_features
from segstudio.ops.grabcut import cut_out
from segstudio.workflows.benching.clicker import Click
from segstudio.workflows.benching.subjects import Subject
from segstudio.workflows.forest_session import ForestSession

Mask = NDArray[np.bool_]
Answers = Callable[[Sequence[Click]], Mask]

TOLERANCE = 20.0
REACH = 0.15
"""Side of the square that a first click without a box stands for, as a share of the picture's longer side."""
TIP = 4.0
_INSIDE, _OUTSIDE = 1, 2


@dataclass(frozen=True, slots=True)
class Assist:
    """An assist and how it takes a picture in hand; `first_clicks` are spent before its first answer, as by a box.

    `slow` ones are run over fewer objects.
    """

    name: str
    begin: Callable[[Subject], Answers]
    first_clicks: int = 0
    slow: bool = False


def weight_free() -> list[Assist]:
    """The assists that need nothing but the picture."""
    return [
        Assist("wand", _wand),
        Assist("watershed", _watershed),
        Assist("superpixel graph cut", _graph_cut),
        Assist("GrabCut clicks", _grabcut, slow=True),
        Assist("GrabCut box", _box, first_clicks=2, slow=True),
        Assist("forest", _forest),
    ]


def _wand(subject: Subject) -> Answers:
    space = wand_space(subject.image_hwc)

    def answer(clicks: Sequence[Click]) -> Mask:
        mask_hw = np.zeros(subject.object_hw.shape, np.bool_)
        for click in clicks:
            rect, found = wand(space, (click.column + 0.5, click.row + 0.5), TOLERANCE)
            mask_hw[rect.slices][found] = click.positive
        return mask_hw

    return answer


def _watershed(subject: Subject) -> Answers:
    smooth = cv2.medianBlur(np.ascontiguousarray(subject.image_hwc), 5)

    def answer(clicks: Sequence[Click]) -> Mask:
        markers = _marked(subject.object_hw.shape, clicks)
        cv2.watershed(smooth, markers)
        return np.asarray(markers == _INSIDE)

    return answer


def _marked(size_hw: tuple[int, ...], clicks: Sequence[Click]) -> NDArray[np.int32]:
    """Discs of the clicks, and the picture's border as background."""
    markers = np.zeros(size_hw, np.int32)
    markers[[0, -1]] = _OUTSIDE
    markers[:, [0, -1]] = _OUTSIDE
    for click in clicks:
        cv2.circle(markers, (click.column, click.row), round(TIP), (_INSIDE if click.positive else _OUTSIDE,), -1)
    return markers


def _graph_cut(subject: Subject) -> Answers:
    cells_hw, features = cells_and_features(subject.image_hwc, cell=8)
    lab = features[:, :3]
    graph = cell_graph(cells_hw, lab)

    def answer(clicks: Sequence[Click]) -> Mask:
        markers = _marked(subject.object_hw.shape, clicks)
        inside, outside = (np.unique(cells_hw[markers == kind]) for kind in (_INSIDE, _OUTSIDE))
        inside = np.setdiff1d(inside, [cells_hw[c.row, c.column] for c in clicks if not c.positive])
        outside = np.setdiff1d(outside, inside)
        return np.asarray(_cut(graph, lab, inside, outside)[cells_hw])

    return answer


def _cut(graph: CellGraph, lab: NDArray[np.float32], inside: NDArray[np.int32], outside: NDArray[np.int32]) -> Mask:
    """The cells on the object's side of the smallest cut (Boykov and Jolly, ICCV 2001), by scipy's maximum flow."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    count, source, sink = graph.count, graph.count, graph.count + 1
    likeness = [_likeness(lab, lab[cells]) for cells in (inside, outside)]
    share = likeness[0] / np.maximum(likeness[0] + likeness[1], 1e-6)
    to_source, to_sink = 30 * share, 30 * (1 - share)
    to_source[inside], to_sink[inside] = 1e5, 0
    to_source[outside], to_sink[outside] = 0, 1e5
    cells = np.arange(count)
    rows = np.concatenate([graph.first, graph.second, np.full(count, source), cells])
    columns = np.concatenate([graph.second, graph.first, cells, np.full(count, sink)])
    weights = np.concatenate([4 * graph.weight, 4 * graph.weight, to_source, to_sink])
    capacities = csr_matrix((np.rint(weights * 10).astype(np.int32), (rows, columns)), shape=(count + 2, count + 2))
    left = capacities - maximum_flow(capacities, source, sink).flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    mask = np.zeros(count + 2, np.bool_)
    mask[reached] = True
    return np.asarray(mask[:count])


def _likeness(lab: NDArray[np.float32], seeds: NDArray[np.float32]) -> NDArray[np.float64]:
    """How near each colour is to the nearest of a few seeds, 0…1; one half where there are none."""
    if len(seeds) == 0:
        return np.full(len(lab), 0.5)
    chosen = seeds[:: max(1, len(seeds) // 64)]
    squared = ((lab[:, None, :] - chosen[None]) ** 2).sum(axis=2).min(axis=1)
    return np.asarray(np.exp(-squared / (2 * 12.0**2)), np.float64)


def _grabcut(subject: Subject) -> Answers:
    height, width = subject.object_hw.shape
    reach = max(8, round(REACH * max(height, width)))

    def answer(clicks: Sequence[Click]) -> Mask:
        points = [(click.column, click.row) for click in clicks if click.positive]
        if not points:
            return np.zeros((height, width), np.bool_)
        columns, rows = zip(*points, strict=True)
        box = Rect(min(columns), min(rows), max(columns) + 1, max(rows) + 1).grown(reach)
        return _grabbed(subject, box, clicks)

    return answer


def _box(subject: Subject) -> Answers:
    """A box drawn exactly round the object, then dabs that correct."""
    box = Rect.of_mask(subject.object_hw)
    return lambda clicks: _grabbed(subject, box, clicks)


def _grabbed(subject: Subject, box: Rect, clicks: Sequence[Click]) -> Mask:
    height, width = subject.object_hw.shape
    inside = box.intersect(Rect.of_size(height, width))
    marks = np.zeros((height, width), np.int32)
    for click in clicks:
        cv2.circle(marks, (click.column, click.row), round(TIP), (_INSIDE if click.positive else _OUTSIDE,), -1)
    part = marks[inside.slices]
    rect, found = cut_out(subject.image_hwc, inside, foreground_hw=part == _INSIDE, background_hw=part == _OUTSIDE)
    # What was dabbed is so, also where nothing stood out.
    mask_hw = marks == _INSIDE
    mask_hw[rect.slices] |= found
    return np.asarray(mask_hw & (marks != _OUTSIDE))


def _forest(subject: Subject) -> Answers:
    """Two classes, the picture's border as background; of the answer, the pieces that were clicked."""
    session = ForestSession(subject.image_hwc)
    height, width = subject.object_hw.shape
    border_xy = np.array([(0.5, 0.5), (width - 0.5, 0.5), (width - 0.5, height - 0.5), (0.5, height - 0.5), (0.5, 0.5)])
    session.paint(border_xy, 0, radius=0.5)

    def answer(clicks: Sequence[Click]) -> Mask:
        for click in clicks[-1:]:
            session.paint(np.array([[click.column + 0.5, click.row + 0.5]]), int(click.positive), radius=TIP)
        inside_hw = session.predict()[0] == 1
        _, parts_hw = cv2.connectedComponents(inside_hw.astype(np.uint8), connectivity=8)
        wanted = {int(parts_hw[click.row, click.column]) for click in clicks if click.positive} - {0}
        return np.isin(parts_hw, list(wanted))

    return answer
