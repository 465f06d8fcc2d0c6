"""What a person points at: points that belong or do not, a box, an outline, words, and the mask that is refined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect

Box = tuple[float, float, float, float]


def _no_points() -> Points:
    return np.zeros((0, 2), np.float64)


def _no_signs() -> NDArray[np.bool_]:
    return np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """One question about one image, in its original pixels, whose centres lie at +0.5.

    `points_xy` is float64 `[N, 2]`, `positive` bool `[N]` says which of them belong to the thing. `box_xyxy` holds the
    thing, each of `exemplars_xyxy` one that is like it. `lasso_xy` float64 `[K, 2]` is a rough outline; a predictor is
    given its box and its inside (see `spelled_out`). `prior_hw` bool `[H, W]` is a mask to start from, `previous_hw`
    the logits of the candidate that is being corrected, as the predictor gave them.
    """

    points_xy: Points = field(default_factory=_no_points)
    positive: NDArray[np.bool_] = field(default_factory=_no_signs)
    box_xyxy: Box | None = None
    lasso_xy: Points | None = None
    text: str = ""
    exemplars_xyxy: tuple[Box, ...] = ()
    prior_hw: NDArray[np.bool_] | None = None
    previous_hw: NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        if self.points_xy.shape != (len(self.positive), 2):
            raise ValueError(f"{len(self.positive)} signs for points {list(self.points_xy.shape)}")

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing; a mask to start from alone is no question."""
        pointed = len(self.positive) or self.box_xyxy is not None or self.lasso_xy is not None
        return not (pointed or self.text.strip() or self.exemplars_xyxy)

    def with_point(self, x: float, y: float, *, positive: bool) -> Prompt:
        """The same and one more point."""
        points_xy = np.concatenate([self.points_xy, np.array([[x, y]], np.float64)])
        return replace(self, points_xy=points_xy, positive=np.append(self.positive, positive))

    def spelled_out(self, size_hw: tuple[int, int]) -> Prompt:
        """The same without lasso: its box where none is drawn, and its inside as the mask to start from."""
        if self.lasso_xy is None or len(self.lasso_xy) == 0:
            return replace(self, lasso_xy=None)
        low, high = self.lasso_xy.min(axis=0), self.lasso_xy.max(axis=0)
        inside_hw = np.zeros(size_hw, np.uint8)
        # cv2 puts the centre of a pixel at its number.
        cv2.fillPoly(inside_hw, [np.round((self.lasso_xy - 0.5) * 16).astype(np.int32)], (1,), shift=4)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return replace(self, lasso_xy=None, box_xyxy=self.box_xyxy or box, prior_hw=inside_hw.astype(np.bool_))

    def bounds(self) -> Rect:
        """The smallest rectangle that holds everything it points at and the mask that it starts from."""
        corners = [self.points_xy]
        if self.lasso_xy is not None:
            corners.append(self.lasso_xy)
        for box in (self.box_xyxy, *self.exemplars_xyxy):
            if box is not None:
                corners.append(np.array(box, np.float64).reshape(2, 2))
        found = Rect.around(np.concatenate(corners), 0.5)
        return found if self.prior_hw is None else found.union(Rect.of_mask(self.prior_hw))

    def within(self, rect: Rect) -> Prompt:
        """The same question about the image that `rect` of this one is."""
        by = np.array([rect.x0, rect.y0], np.float64)

        def moved(box: Box) -> Box:
            return box[0] - rect.x0, box[1] - rect.y0, box[2] - rect.x0, box[3] - rect.y0

        return replace(
            self,
            points_xy=self.points_xy - by,
            box_xyxy=None if self.box_xyxy is None else moved(self.box_xyxy),
            lasso_xy=None if self.lasso_xy is None else self.lasso_xy - by,
            exemplars_xyxy=tuple(moved(box) for box in self.exemplars_xyxy),
            prior_hw=None if self.prior_hw is None else self.prior_hw[rect.slices],
        )

    def to_json(self) -> dict[str, Any]:
        """What can be kept beside an object: everything but masks."""
        found: dict[str, Any] = {}
        if len(self.positive):
            found["points"] = [
                [round(x, 2), round(y, 2), int(sign)]
                for (x, y), sign in zip(self.points_xy.tolist(), self.positive.tolist(), strict=True)
            ]
        if self.box_xyxy is not None:
            found["box"] = [round(side, 2) for side in self.box_xyxy]
        if self.lasso_xy is not None:
            found["lasso"] = np.round(self.lasso_xy, 1).tolist()
        if self.text.strip():
            found["text"] = self.text
        return found

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Prompt:
        """What `to_json` kept. Raises `ValueError` where it is something else."""
        try:
            rows = np.array(found.get("points", []), np.float64).reshape(-1, 3)
            box = found.get("box")
            lasso = found.get("lasso")
            return cls(
                rows[:, :2],
                rows[:, 2] > 0,
                None if box is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                None if lasso is None else np.array(lasso, np.float64).reshape(-1, 2),
                str(found.get("text", "")),
            )
        except (TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"not a prompt: {error}") from None
