"""The pencil: one object's strokes, seen by the camera in the scene's light, before they land on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segstudio.workflows.toytown.camera import (
    NEAR,
    Camera,
    Points,
    clip_near,
    faces_viewer,
    normal_of,
    patches,
)
from segstudio.workflows.toytown.light import Color, Light, scaled

SCALE = 2
SHIFT = 4
"""The canvas is `SCALE` times the picture's size, and polygons on it have `SHIFT` fractional bits."""

_REACH = 30_000.0

Fixed = NDArray[np.int32]


class Stroke(NamedTuple):
    """A polygon to fill: in world (three columns) or image (two columns) coordinates; no colour leaves the photo be."""

    points: Points
    color: Color | None
    solid: bool


@dataclass
class Sketch:
    """The strokes of one object, drawn back to front; solid strokes together make its silhouette."""

    camera: Camera
    light: Light
    lit: float = 1.0
    strokes: list[Stroke] = field(default_factory=list)

    def face(self, face_xyz: Points, color: Color, *, solid: bool = True) -> bool:
        """Draw an outward face if it turns to the camera; return whether it does."""
        seen = clip_near(face_xyz)
        if len(seen) < 3:
            return False
        points_xy = self.camera.project(seen)
        if not faces_viewer(points_xy):
            return False
        shade = self.light.seen(color, normal_of(face_xyz), float(seen[:, 2].mean()), self.lit)
        self.strokes.append(Stroke(points_xy, shade, solid))
        return True

    def flat(self, points_xyz: Points, color: Color, *, tone: float = 1.0, solid: bool = True) -> None:
        """Draw any polygon, lit as if it looked up and toward the camera; `tone` scales its light."""
        seen = clip_near(points_xyz)
        if len(seen) >= 3:
            shade = self.light.seen(scaled(color, tone), _LEANING, float(seen[0, 2]), self.lit)
            self.strokes.append(Stroke(seen, shade, solid))

    def swarm(self, polygons_xyz: Points, color: Color, tones: Sequence[float]) -> None:
        """Draw many solid polygons `[n, k, 3]` at one depth, each with its own tone."""
        depth = float(polygons_xyz[0, 0, 2])
        if depth > NEAR:
            level = self.light.level(_LEANING, self.lit)
            for points, tone in zip(polygons_xyz, tones, strict=True):
                shade = self.light.through_air(scaled(scaled(color, tone), level), depth)
                self.strokes.append(Stroke(points, shade, True))

    def glow(self, points_xyz: Points, color: Color) -> None:
        """Draw a polygon that shines by itself."""
        seen = clip_near(points_xyz)
        if len(seen) >= 3:
            self.strokes.append(Stroke(seen, self.light.through_air(color, float(seen[0, 2])), False))

    def outline(self, points_xyz: Points) -> None:
        """Count a polygon to the silhouette without painting it (the inside of a wheel)."""
        seen = clip_near(points_xyz)
        if len(seen) >= 3:
            self.strokes.append(Stroke(seen, None, True))

    def insets(self, face_xyz: Points, spans: ArrayLike, colors: Sequence[Color], *, glowing: bool = False) -> None:
        """Draw quads inset in a face that the camera sees (see `patches`); colours repeat in turn."""
        quads = patches(face_xyz, spans)
        level = (1.0, 1.0, 1.0) if glowing else self.light.level(normal_of(face_xyz), self.lit)
        shades = [scaled(color, level) for color in colors]
        for index, near in enumerate(quads[:, :, 2].min(axis=1).tolist()):
            if near > NEAR:
                shade = self.light.through_air(shades[index % len(colors)], near)
                self.strokes.append(Stroke(quads[index], shade, False))

    def image(self, points_xy: Points, color: Color, *, solid: bool = True) -> None:
        """Draw a polygon given in image coordinates with its final colour."""
        self.strokes.append(Stroke(points_xy, color, solid))

    def outlines(self) -> list[Fixed]:
        """Return the strokes' polygons on the doubled canvas, in OpenCV's fixed point; all are projected at once."""
        in_world = [stroke.points for stroke in self.strokes if stroke.points.shape[1] == 3]
        in_image = [stroke.points for stroke in self.strokes if stroke.points.shape[1] == 2]
        points = [self.camera.project(np.concatenate(in_world))] if in_world else []
        fixed = _fixed(np.concatenate([*points, *in_image]))
        starts = {3: 0, 2: sum(map(len, in_world))}
        polygons = []
        for stroke in self.strokes:
            count, columns = stroke.points.shape
            polygons.append(fixed[starts[columns] : starts[columns] + count])
            starts[columns] += count
        return polygons


_LEANING = (0.0, 0.6, -0.8)


def _fixed(points_xy: Points) -> Fixed:
    """Return doubled points in OpenCV's fixed point, whose integers are pixel centres."""
    doubled = np.clip(points_xy * SCALE - 0.5, -_REACH, _REACH)
    return np.rint(doubled * (1 << SHIFT)).astype(np.int32)
