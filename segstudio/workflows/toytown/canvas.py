"""Paper and pencil: what is drawn lands in the photo and, on the same geometry, in the labels.

Both are painted at twice the size. The photo is then averaged down (its edges are antialiased); the labels are
picked, never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
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
from segstudio.workflows.toytown.classes import NAMES, THINGS
from segstudio.workflows.toytown.light import Color, Light, scaled

SCALE = 2
_SHIFT = 4
_REACH = 30_000.0

Fixed = NDArray[np.int32]


@dataclass(frozen=True)
class LabelPolygon:
    """One outline of the ground truth: class name and image points `[n, 2]`, x then y."""

    label: str
    points_xy: Points


@dataclass(frozen=True)
class Scene:
    """A painted photo with its ground truth.

    `image_hwc` uint8 RGB; `class_hw` uint8 Cityscapes class ids; `instance_hw` uint16, 0 on stuff and 1, 2, … per class
    on things; `polygons` in paint order, later ones above earlier ones, one for each visible thing.
    """

    image_hwc: NDArray[np.uint8]
    class_hw: NDArray[np.uint8]
    instance_hw: NDArray[np.uint16]
    polygons: tuple[LabelPolygon, ...]


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
    return np.rint(doubled * (1 << _SHIFT)).astype(np.int32)


class Canvas:
    """A photo and a map of segments, both at twice the scene's size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.image: NDArray[np.uint8] = np.zeros((height * SCALE, width * SCALE, 3), np.uint8)
        self._segments: NDArray[np.uint16] = np.zeros((height * SCALE, width * SCALE), np.uint16)
        self._classes: list[int] = [0]
        self._outlines: list[tuple[int, Points]] = []

    def paint(self, sketch: Sketch, class_id: int) -> None:
        """Paint a sketch over everything painted before, as one object of a class."""
        if sketch.strokes:
            fixed = self._fill(sketch)
            solid = [polygon for polygon, stroke in zip(fixed, sketch.strokes, strict=True) if stroke.solid]
            self._label(solid, class_id)

    def decorate(self, sketch: Sketch) -> None:
        """Paint a sketch into the photo only."""
        self._fill(sketch)

    def _fill(self, sketch: Sketch) -> list[Fixed]:
        fixed = sketch.outlines()
        for polygon, stroke in zip(fixed, sketch.strokes, strict=True):
            if stroke.color is not None:
                cv2.fillPoly(self.image, [polygon], stroke.color, cv2.LINE_AA, _SHIFT)
        return fixed

    def _label(self, parts: list[Fixed], class_id: int) -> None:
        if not parts:
            return
        corners = np.concatenate(parts) >> _SHIFT
        x0, y0 = np.maximum(corners.min(axis=0) - 1, 0)
        x1, y1 = np.minimum(corners.max(axis=0) + 3, (self.width * SCALE, self.height * SCALE))
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        corner = np.array([x0, y0], np.int32) << _SHIFT
        for part in parts:
            cv2.fillPoly(mask, [part - corner], 1, cv2.LINE_8, _SHIFT)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if class_id in THINGS:
            contours = sorted(contours, key=cv2.contourArea)[-1:]
            mask[:] = 0
            cv2.drawContours(mask, contours, -1, 1, cv2.FILLED)
        segment = len(self._classes)
        self._classes.append(class_id)
        self._segments[y0:y1, x0:x1][mask > 0] = segment
        for contour in contours:
            outline = cv2.approxPolyDP(contour, 0.75, True)[:, 0, :]
            if len(outline) >= 3:
                self._outlines.append((segment, (outline + (x0, y0) + 0.5) / SCALE))

    def class_now(self) -> NDArray[np.uint8]:
        """Return the class ids `[H, W]` of what is painted so far."""
        return np.array(self._classes, np.uint8)[self._segments[1::SCALE, 1::SCALE]]

    def photo(self) -> NDArray[np.uint8]:
        """Return the antialiased photo `[H, W, 3]`."""
        return np.asarray(cv2.resize(self.image, (self.width, self.height), interpolation=cv2.INTER_AREA), np.uint8)

    def truth(self) -> tuple[NDArray[np.uint8], NDArray[np.uint16], tuple[LabelPolygon, ...]]:
        """Return class ids, instance numbers and polygons; things that ended up hidden are left out."""
        segments = self._segments[1::SCALE, 1::SCALE]
        visible = np.bincount(segments.ravel(), minlength=len(self._classes)) > 0
        numbers = np.zeros(len(self._classes), np.uint16)
        count: dict[int, int] = {}
        for segment, class_id in enumerate(self._classes):
            if class_id in THINGS and visible[segment]:
                count[class_id] = count.get(class_id, 0) + 1
                numbers[segment] = count[class_id]
        polygons = tuple(
            LabelPolygon(NAMES[self._classes[segment]], points_xy)
            for segment, points_xy in self._outlines
            if visible[segment]
        )
        return np.array(self._classes, np.uint8)[segments], numbers[segments], polygons
