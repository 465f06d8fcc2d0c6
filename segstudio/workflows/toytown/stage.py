"""What every thing of the town is given to draw itself with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.camera import Camera, Points, clip_near
from segstudio.workflows.toytown.canvas import Canvas
from segstudio.workflows.toytown.light import Light
from segstudio.workflows.toytown.sketch import Sketch


@dataclass
class Stage:
    """The camera, the light, the canvas, and where on the ground the sun does not come (255 = full shadow)."""

    camera: Camera
    light: Light
    canvas: Canvas
    shadow_hw: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.shadow_hw = np.zeros((self.canvas.height, self.canvas.width), np.uint8)

    def sketch(self, x: float, z: float) -> Sketch:
        """Return an empty sketch for a thing that stands at (x, z), in shadow if that place is."""
        return Sketch(self.camera, self.light, self._lit_at(x, z))

    def _lit_at(self, x: float, z: float) -> float:
        column, row = (int(value) for value in self.camera.project([x, 0.0, z]))
        if not (0 <= column < self.canvas.width and 0 <= row < self.canvas.height):
            return 1.0
        return 1.0 - float(self.shadow_hw[row, column]) / 255.0

    def cast(self, caster_xyz: Points, strength: float = 1.0) -> None:
        """Cast the shadow of the convex hull of some world points on the ground."""
        sun = np.array(self.light.toward_sun)
        along = caster_xyz[:, 1:2] / max(float(sun[1]), 0.12)
        ground = caster_xyz - along * sun
        ground[:, 1] = 0.0
        hull = cv2.convexHull(np.ascontiguousarray(ground[:, [0, 2]], np.float32))[:, 0, :].astype(np.float64)
        corners = np.stack([hull[:, 0], np.zeros(len(hull)), hull[:, 1]], axis=1)
        seen = clip_near(_denser(corners))
        if len(seen) < 3:
            return
        points_xy = np.clip(self.camera.project(seen), -30_000, 30_000)
        cv2.fillPoly(self.shadow_hw, [np.rint(points_xy * 16).astype(np.int32)], 255 * strength, cv2.LINE_AA, 4)


def _denser(corners: Points, pieces: int = 4) -> Points:
    """Return a polygon with its sides cut in pieces, so that it follows a bending road."""
    following = np.roll(corners, -1, axis=0)
    steps = np.arange(pieces)[None, :, None] / pieces
    return (corners[:, None] + (following - corners)[:, None] * steps).reshape(-1, 3)


@dataclass(frozen=True)
class Thing:
    """Something that stands in the town; farther things are drawn first, `casters` throw shadows."""

    depth: float
    draw: Callable[[Stage], None]
    casters: tuple[Points, ...] = ()
