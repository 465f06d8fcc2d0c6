"""The paper: what is painted lands in the photo and, on the same geometry, in the labels.

Both are painted at twice the size. The photo is then averaged down (its edges are antialiased); the labels are
picked, never mixed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.camera import Points
from segstudio.workflows.toytown.classes import NAMES, THINGS
from segstudio.workflows.toytown.scene import LabelPolygon
from segstudio.workflows.toytown.sketch import SCALE, SHIFT, Fixed, Sketch


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
                cv2.fillPoly(self.image, [polygon], stroke.color, cv2.LINE_AA, SHIFT)
        return fixed

    def _label(self, parts: list[Fixed], class_id: int) -> None:
        if not parts:
            return
        corners = np.concatenate(parts) >> SHIFT
        x0, y0 = np.maximum(corners.min(axis=0) - 1, 0)
        x1, y1 = np.minimum(corners.max(axis=0) + 3, (self.width * SCALE, self.height * SCALE))
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        corner = np.array([x0, y0], np.int32) << SHIFT
        for part in parts:
            cv2.fillPoly(mask, [part - corner], 1, cv2.LINE_8, SHIFT)
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
