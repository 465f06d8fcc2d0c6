"""One picture labelled from a few dabs: patches, a forest on those that were painted, and its answer for all of them.

No threads, no window, nothing kept on disk: a picture and dabs in, labels and confidence out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.ops.brush import stroke_path
from segstudio.ops.cell_graph import CellGraph, cell_graph, doubtful_regions
from segstudio.ops.forest_features import POSITION_COLUMNS, cells_and_features, work_size
from segstudio.ops.guided_filter import GuidedFilter, refine_classes
from segstudio.ops.superpixels import Cells
from segstudio.workflows.forest import Floats, Forest

if TYPE_CHECKING:
    from collections.abc import Callable

Classes = NDArray[np.int32]

NOTHING = -(2**31)
"""Class id of a pixel that nothing is known of."""
PER_IMAGE = 400
"""Painted patches that are kept of an image for the forest of many; every class keeps some."""
_MOST_SAMPLES = 2000
"""Painted patches that a forest is fitted on; more of them are thinned, each class alike."""
_PRIOR_PATCHES = 40.0
"""The forests of other pictures count as much as so many painted patches of this one."""
_SPREAD, _STEPS = 0.95, 24
"""How much of a patch's answer comes from its neighbours, and over how many steps: likes belong together."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What is known of each patch: `class_ids` int32 `[K]`, ascending, and their `shares` float32 `[n, K]`.

    Rows add up to 1. `painted` bool `[n]` says which patches a person painted. K is 0 where nothing is known.
    """

    class_ids: Classes
    shares: Floats
    painted: NDArray[np.bool_]

    @property
    def winners(self) -> NDArray[np.intp]:
        """The place of each patch's likeliest class in `class_ids`, `[n]`."""
        return np.asarray(self.shares.argmax(axis=1))

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """uint8 `[n]`: the share of the likeliest class, 255 = certain."""
        return np.asarray(np.rint(255 * np.clip(self.shares.max(axis=1, initial=0.0), 0, 1)), np.uint8)

    @property
    def doubt(self) -> Floats:
        """float32 `[n]`: 1 where the two likeliest classes are equally likely, 0 where one is certain or painted."""
        if self.shares.shape[1] < 2:
            return np.zeros(len(self.shares), np.float32)
        best = np.partition(self.shares, -2, axis=1)[:, -2:]
        return np.where(self.painted, 0, 1 - (best[:, 1] - best[:, 0])).astype(np.float32)


class Patches:
    """A picture divided into patches, with what is known of each; made once per picture, in a worker.

    `image_hwc` is uint8 RGB `[H, W, 3]`. Large pictures are looked at shrunk (see `forest_features.work_size`).
    """

    def __init__(self, image_hwc: NDArray[np.uint8], *, cell: int | None = None) -> None:
        self.size_hw: tuple[int, int] = (int(image_hwc.shape[0]), int(image_hwc.shape[1]))
        self.work_hw = work_size(self.size_hw)
        height, width = self.work_hw
        looked_at = np.ascontiguousarray(image_hwc)
        if self.work_hw != self.size_hw:
            looked_at = np.asarray(cv2.resize(looked_at, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        self.image_hwc = looked_at
        self.cells_hw: Cells
        self.cells_hw, self.features = cells_and_features(looked_at, cell=cell)
        self.graph: CellGraph = cell_graph(self.cells_hw, self.features[:, :3])

    @property
    def count(self) -> int:
        return len(self.features)

    @cached_property
    def ways(self) -> Any:
        """The graph as a sparse matrix float32 `[n, n]` (SciPy CSR) whose rows add up to 1."""
        from scipy.sparse import csr_matrix, diags

        graph = self.graph
        rows, columns = np.r_[graph.first, graph.second], np.r_[graph.second, graph.first]
        weights = np.r_[graph.weight, graph.weight]
        matrix = csr_matrix((weights, (rows, columns)), shape=(self.count, self.count))
        sums = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1e-12)
        return (diags(1 / sums) @ matrix).tocsr().astype(np.float32)

    def seen(self, values_hw: NDArray[Any]) -> NDArray[Any]:
        """The picture-sized `[H, W]` values as they lie in `cells_hw`: one for each pixel that is looked at."""
        if self.work_hw == self.size_hw:
            return values_hw
        rows, columns = (
            ((np.arange(small) + 0.5) * large / small).astype(np.intp)
            for small, large in zip(self.work_hw, self.size_hw, strict=True)
        )
        return values_hw[rows[:, None], columns]

    def on_picture(self, values_hw: NDArray[Any]) -> NDArray[Any]:
        """The reverse: values `[h, w]` as large as `cells_hw`, at the picture's size."""
        if self.work_hw == self.size_hw:
            return values_hw
        height, width = self.size_hw
        return np.asarray(cv2.resize(values_hw, (width, height), interpolation=cv2.INTER_NEAREST_EXACT))

    def rect_on_picture(self, rect: Rect) -> Rect:
        """A rectangle of `cells_hw` as one of the picture."""
        (height, width), (small_h, small_w) = self.size_hw, self.work_hw
        x0, x1 = rect.x0 * width // small_w, -(-rect.x1 * width // small_w)
        y0, y1 = rect.y0 * height // small_h, -(-rect.y1 * height // small_h)
        return Rect(x0, y0, x1, y1).intersect(Rect.of_size(height, width))

    def rect_of_picture(self, rect: Rect) -> Rect:
        """The smallest rectangle of `cells_hw` that covers one of the picture."""
        (height, width), (small_h, small_w) = self.size_hw, self.work_hw
        x0, x1 = rect.x0 * small_w // width, -(-rect.x1 * small_w // width)
        y0, y1 = rect.y0 * small_h // height, -(-rect.y1 * small_h // height)
        return Rect(x0, y0, x1, y1).intersect(Rect.of_size(small_h, small_w))

    def painted(self, classes_hw: Classes) -> tuple[NDArray[np.intp], Classes]:
        """Which patches have labelled pixels and, for each, the class of most of them.

        `classes_hw` int32 `[h, w]`, as large as `cells_hw`, holds class ids, `NOTHING` where unlabelled.
        """
        at = np.flatnonzero(classes_hw != NOTHING)
        if not at.size:
            return np.zeros(0, np.intp), np.zeros(0, np.int32)
        class_ids, places = np.unique(classes_hw.ravel()[at], return_inverse=True)
        owners = self.cells_hw.ravel()[at].astype(np.int64)
        votes = np.bincount(owners * len(class_ids) + places, minlength=self.count * len(class_ids))
        votes = votes.reshape(self.count, len(class_ids))
        patches = np.flatnonzero(votes.sum(axis=1))
        return patches, class_ids[votes[patches].argmax(axis=1)].astype(np.int32)

    def answer(
        self,
        patches: NDArray[np.intp],
        class_ids: Classes,
        *,
        priors: Sequence[Forest] = (),
        with_position: bool = True,
        seed: int = 0,
    ) -> Answer:
        """What painted patches (see `painted`) say of all; `priors` are forests of other pictures.

        Without position, up and down mean nothing: right for microscopes, wrong for streets.
        """
        features = self.features if with_position else _unplaced(self.features)
        known: list[tuple[Forest, float]] = []
        if len(patches):
            chosen = thinned(class_ids, _MOST_SAMPLES, seed=seed)
            known.append((Forest.fit(features[patches[chosen]], class_ids[chosen], seed=seed), float(len(patches))))
        known += [(prior, _PRIOR_PATCHES / len(priors)) for prior in priors]
        painted = np.zeros(self.count, np.bool_)
        painted[patches] = True
        if not known:
            return Answer(np.zeros(0, np.int32), np.zeros((self.count, 0), np.float32), painted)
        every = np.unique(np.concatenate([forest.class_ids for forest, _ in known]))
        shares = np.zeros((self.count, len(every)), np.float32)
        for forest, weight in known:
            shares[:, np.searchsorted(every, forest.class_ids)] += np.float32(weight) * forest.predict(features)
        shares /= np.float32(sum(weight for _, weight in known))
        certain = np.zeros((len(patches), len(every)), np.float32)
        certain[np.arange(len(patches)), np.searchsorted(every, class_ids)] = 1
        return Answer(every.astype(np.int32), self._spread(shares, patches, certain), painted)

    def _spread(self, shares: Floats, patches: NDArray[np.intp], certain: Floats) -> Floats:
        """Answers passed on between patches that look alike; painted ones stay as they were painted.

        Source: Zhou et al., Learning with Local and Global Consistency, NIPS 2003.
        """
        own = np.float32(1 - _SPREAD) * shares
        current = shares.copy()
        current[patches] = certain
        ways = self.ways * np.float32(_SPREAD)
        for _ in range(_STEPS):
            current = ways @ current
            current += own
            current[patches] = certain
        sums = current.sum(axis=1, keepdims=True)
        return np.asarray(current / np.maximum(sums, 1e-12), np.float32)

    def doubtful(self, answer: Answer) -> list[Rect]:
        """The most doubtful regions of the picture, the worst first."""
        return [self.rect_on_picture(rect) for rect in doubtful_regions(self.cells_hw, answer.doubt)]

    def refined(
        self,
        answer: Answer,
        rect: Rect | None = None,
        *,
        radius: float = 4.0,
        check: Callable[[], None] = lambda: None,
    ) -> tuple[Rect, NDArray[np.uint8], NDArray[np.uint8]]:
        """The answer drawn to the edges in `rect` (of `cells_hw`; None = everywhere) by a guided filter.

        Returns the rectangle, places in `class_ids` uint8 `[h, w]`, and confidence uint8. `check` is called between
        classes and may raise to stop. Needs at least one and at most 255 classes.
        """
        whole = Rect.of_size(*self.work_hw)
        inside = whole if rect is None else rect.intersect(whole)
        room = inside.grown(round(4 * radius)).intersect(whole)
        tool = GuidedFilter(self.image_hwc[room.slices], radius=radius)
        rows, columns = (
            ((np.arange(small) + 0.5) * large / small).astype(np.intp)
            for small, large in zip(tool.reduced_hw, (room.height, room.width), strict=True)
        )
        cells_hw = self.cells_hw[room.slices][rows[:, None], columns]

        def maps() -> Iterator[Floats]:
            for place in range(len(answer.class_ids)):
                check()
                yield np.ascontiguousarray(answer.shares[:, place])[cells_hw]

        winners, best = refine_classes(tool, maps())
        part = inside.moved(-room.x0, -room.y0).slices
        return inside, winners[part], np.rint(255 * np.clip(best[part], 0, 1)).astype(np.uint8)


class ForestSession:
    """Dabs on one picture and the labels that follow from them: for benches, scripts and tests.

    `image_hwc` is uint8 RGB `[H, W, 3]`; `priors` are forests of other pictures; the same dabs give the same labels.
    """

    def __init__(
        self,
        image_hwc: NDArray[np.uint8],
        *,
        priors: Sequence[Forest] = (),
        with_position: bool = True,
        cell: int | None = None,
        seed: int = 0,
    ) -> None:
        self.patches = Patches(image_hwc, cell=cell)
        self.classes_hw: Classes = np.full(self.patches.size_hw, NOTHING, np.int32)
        self._priors, self._with_position, self._seed = tuple(priors), with_position, seed

    def paint(self, points_xy: NDArray[Any], class_id: int, *, radius: float = 8.0) -> None:
        """Draw a stroke of a round tip along `points_xy` `[N, 2]` (one point is a dab; pixels) for a class.

        What lies outside the picture is left out; the last stroke over a pixel counts.
        """
        path_xy = np.asarray(points_xy, np.float64).reshape(-1, 2)
        rect, mask_hw = stroke_path(path_xy, radius, Rect.of_size(*self.patches.size_hw))
        if not rect.is_empty:
            self.classes_hw[rect.slices][mask_hw] = class_id

    def answer(self) -> Answer:
        """What is known of each patch."""
        painted = self.patches.painted(self.patches.seen(self.classes_hw))
        return self.patches.answer(*painted, priors=self._priors, with_position=self._with_position, seed=self._seed)

    def predict(self, *, refine: bool = False) -> tuple[Classes, NDArray[np.uint8]]:
        """(class ids int32 `[H, W]`, confidence uint8 `[H, W]`); painted pixels are as painted, with confidence 255.

        Everything is `NOTHING` with confidence 0 where nothing was painted and there are no priors. `refine` draws the
        labels to the picture's edges, which takes longer.
        """
        answer, patches = self.answer(), self.patches
        if not len(answer.class_ids):
            return self.classes_hw.copy(), np.zeros(patches.size_hw, np.uint8)
        if refine and len(answer.class_ids) < 256:
            _, winners, sure = patches.refined(answer)
            class_ids_hw, confidence_hw = answer.class_ids[winners], sure
        else:
            class_ids_hw = answer.class_ids[answer.winners][patches.cells_hw]
            confidence_hw = answer.confidence[patches.cells_hw]
        class_ids_hw, confidence_hw = patches.on_picture(class_ids_hw), patches.on_picture(confidence_hw)
        painted_hw = self.classes_hw != NOTHING
        class_ids_hw = np.where(painted_hw, self.classes_hw, class_ids_hw)
        return class_ids_hw, np.where(painted_hw, np.uint8(255), confidence_hw)


def _unplaced(features: Floats) -> Floats:
    features = features.copy()
    features[:, -POSITION_COLUMNS:] = 0
    return features


def classes_of(ids_hw: NDArray[np.uint16], class_of: Classes) -> Classes:
    """Class ids int32 `[H, W]` of segment ids; `class_of` int32 `[65536]` says the class of each, or `NOTHING`."""
    return np.take(class_of, ids_hw)


def thinned(class_ids: Classes, most: int, *, seed: int = 0) -> NDArray[np.intp]:
    """Places of at most `most` samples; the rarer a class, the larger the part of it that stays."""
    if len(class_ids) <= most:
        return np.arange(len(class_ids))
    order = np.random.default_rng(seed).permutation(len(class_ids))
    present, places, counts = np.unique(class_ids[order], return_inverse=True, return_counts=True)
    # The n-th patch of each class, before the next one of any: what is rare is all among the first.
    rank = np.zeros(len(order), np.intp)
    for place in range(len(present)):
        rank[places == place] = np.arange(counts[place])
    return np.asarray(order[np.argsort(rank, kind="stable")[:most]])
