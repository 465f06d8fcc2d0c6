"""A forest of decision trees as plain arrays: fitted by scikit-learn, walked by numpy, saved without code.

Source of the trees: Geurts, Ernst, Wehenkel, Extremely Randomized Trees, Machine Learning 63, 2006, as in
`sklearn.ensemble.ExtraTreesClassifier`.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.ops.forest_features import FAMILIES

Floats = NDArray[np.float32]

TREES = 24
MAX_DEPTH = 12
_FORMAT = "segstudio-forest-1"
_MOST_NODES = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees in one table of nodes; those of a tree follow its root, children come after their parents.

    `roots` int32 `[T]`, `column` int32 `[N]` (the feature that a node asks, −1 in a leaf), `limit` float32 `[N]` (go
    left where feature ≤ limit), `left` int32 `[N]` (the right child is `right`), `shares` float32 `[N, K]` (of each
    class in a leaf), `class_ids` int32 `[K]`, ascending.
    """

    roots: NDArray[np.int32]
    column: NDArray[np.int32]
    limit: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    shares: Floats
    class_ids: NDArray[np.int32]

    @classmethod
    def fit(cls, features: Floats, class_ids: NDArray[Any], *, trees: int = TREES, seed: int = 0) -> Forest:
        """A forest that tells the classes `class_ids` int `[n]` apart by `features` float32 `[n, F]`, n ≥ 1.

        Same input, same forest. Raises `UserError` where scikit-learn is not installed.
        """
        try:
            from sklearn.ensemble import ExtraTreesClassifier
        except ImportError:
            raise UserError("this needs scikit-learn", hint="pip install segstudio[learn]") from None
        model = ExtraTreesClassifier(trees, max_depth=MAX_DEPTH, max_features="sqrt", n_jobs=1, random_state=seed)
        if 2 * len(np.unique(class_ids)) > len(class_ids):
            # scikit-learn would warn that this may be a regression; the same samples thrice make the same trees.
            features, class_ids = np.tile(features, (3, 1)), np.tile(class_ids, 3)
        model.fit(features, class_ids)
        return cls._from_trees([tree.tree_ for tree in model.estimators_], np.asarray(model.classes_, np.int32))

    @classmethod
    def _from_trees(cls, trees: list[Any], class_ids: NDArray[np.int32]) -> Forest:
        sizes = [tree.node_count for tree in trees]
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        left, right = (
            np.concatenate([np.maximum(getattr(tree, side), 0) + root for tree, root in zip(trees, roots, strict=True)])
            for side in ("children_left", "children_right")
        )
        counts = np.concatenate([tree.value[:, 0, :] for tree in trees])
        return cls(
            roots,
            np.concatenate([np.where(tree.children_left < 0, -1, tree.feature) for tree in trees]).astype(np.int32),
            _rounded_down(np.concatenate([tree.threshold for tree in trees])),
            left.astype(np.int32),
            right.astype(np.int32),
            (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32),
            class_ids,
        )

    def predict(self, features: Floats) -> Floats:
        """The share of each class, float32 `[n, K]`, for features float32 `[n, F]`; rows add up to 1."""
        flat = np.ascontiguousarray(features, np.float32).ravel()
        starts = np.arange(len(features), dtype=np.int32) * np.int32(features.shape[1])
        leaf = self.column < 0
        # A leaf asks any feature and stays where it is, so that all rows can walk until the last has arrived.
        column = np.where(leaf, 0, self.column).astype(np.int32)
        own = np.arange(len(leaf), dtype=np.int32)
        sides = np.stack((np.where(leaf, own, self.right), np.where(leaf, own, self.left)), axis=1).ravel()
        total = np.zeros((len(features), len(self.class_ids)), np.float32)
        for root in self.roots.tolist():
            node = np.full(len(features), root, np.int32)
            while True:
                asked = np.take(flat, starts + np.take(column, node))
                goes_left = asked <= np.take(self.limit, node)
                after = np.take(sides, 2 * node + goes_left)
                if np.array_equal(after, node):
                    break
                node = after
            total += np.take(self.shares, node, axis=0)
        return total / np.float32(max(1, len(self.roots)))

    def save(self, path: Path) -> None:
        """Write the arrays (numpy's `.npz`) beside the file and swap them in. Raises `EnvironmentFault`."""
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                arrays = {name: getattr(self, name) for name in self.__slots__}
                np.savez_compressed(file, format=np.array(_FORMAT), features=np.array(FAMILIES), **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise EnvironmentFault(f"{path}: cannot be written: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: Path) -> Forest:
        """Read what `save` wrote. Raises `UserError` for anything else: nothing in the file is ever run."""
        try:
            if path.is_file() and not zipfile.is_zipfile(path):
                raise UserError(f"{path}: not a forest that SegStudio saved")
            with np.load(path, allow_pickle=False) as kept:
                if str(kept["format"]) != _FORMAT:
                    raise UserError(f"{path}: a forest of another version")
                if tuple(kept["features"].tolist()) != FAMILIES:
                    raise UserError(f"{path}: this forest looks at other features than this version computes")
                forest = cls(*(kept[name] for name in cls.__slots__))
        except UserError:
            raise
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, MemoryError) as error:
            raise UserError(f"{path}: not a forest that SegStudio saved ({error})") from error
        if (problem := forest._problem()) is not None:
            raise UserError(f"{path}: a damaged forest: {problem}")
        return forest

    def _problem(self) -> str | None:
        """Why walking these arrays might not end, or end outside of them; None where they are sound."""
        nodes, classes = len(self.column), len(self.class_ids)
        kinds = {
            "roots": (np.int32, (len(self.roots),)),
            "column": (np.int32, (nodes,)),
            "limit": (np.float32, (nodes,)),
            "left": (np.int32, (nodes,)),
            "right": (np.int32, (nodes,)),
            "shares": (np.float32, (nodes, classes)),
            "class_ids": (np.int32, (classes,)),
        }
        for name, (kind, shape) in kinds.items():
            array = getattr(self, name)
            if array.dtype != kind or array.shape != shape:
                return f"{name} is {array.dtype} {list(array.shape)}"
        if not (0 < nodes <= _MOST_NODES and classes and len(self.roots)):
            return "it is empty or too large"
        inner = np.flatnonzero(self.column >= 0)
        if self.column.max() >= len(FAMILIES) or self.column.min() < -1:
            return "a node asks a feature that there is not"
        if not ((self.roots >= 0) & (self.roots < nodes)).all():
            return "a root lies outside"
        for child in (self.left[inner], self.right[inner]):
            if not ((child > inner) & (child < nodes)).all():
                return "a child lies outside or before its parent"
        if not (np.isfinite(self.shares).all() and np.isfinite(self.limit).all() and self.shares.min() >= 0):
            return "its numbers are not finite"
        if len(np.unique(self.class_ids)) != classes:
            return "a class stands in it twice"
        return None


def _rounded_down(limits: NDArray[Any]) -> Floats:
    """The largest float32 that is not above each limit: float32 features fall on the same side of it."""
    rounded = limits.astype(np.float32)
    above = rounded > limits
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return np.asarray(rounded, np.float32)
