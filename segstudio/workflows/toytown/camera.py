"""The pinhole camera of a street, and the solids that it looks at.

World frame: metres, x to the right of the road's axis, y up from the ground, z forward from the camera.
Image frame: pixels, continuous, x right, y down, pixel (i, j) covers [i, i + 1) × [j, j + 1).
A face is outward when its corners run counter-clockwise as seen from outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Vector = tuple[float, float, float]

NEAR = 0.9


@dataclass(frozen=True)
class Camera:
    """A camera above a road that bends: every point moves sideways by `bend` · z²."""

    width: int
    height: int
    focal: float
    center_x: float
    horizon_y: float
    eye_x: float
    eye_y: float
    bend: float

    def project(self, points_xyz: ArrayLike) -> Points:
        """Return image points `[..., 2]` of world points `[..., 3]`; z is held at the near plane."""
        points = np.asarray(points_xyz, dtype=np.float64)
        depth = np.maximum(points[..., 2], NEAR)
        across = points[..., 0] - self.eye_x + self.bend * depth * depth
        scale = self.focal / depth
        image = np.empty((*points.shape[:-1], 2))
        image[..., 0] = self.center_x + across * scale
        image[..., 1] = self.horizon_y + (self.eye_y - points[..., 1]) * scale
        return image

    def pixels_per_metre(self, z: float) -> float:
        """Return the image size of one metre at depth z."""
        return self.focal / max(z, NEAR)

    def ground_below(self, rows: Points, columns: Points) -> tuple[Points, Points]:
        """Return world x `[R, C]` and z `[R, 1]` of the ground seen at image rows below the horizon."""
        z = (self.focal * self.eye_y / np.maximum(rows - self.horizon_y, 0.25))[:, None]
        x = (columns[None, :] - self.center_x) * z / self.focal + self.eye_x - self.bend * z * z
        return x, z


@dataclass(frozen=True)
class Pose:
    """Where a thing stands on the ground; heading 0 looks along +z, a quarter turn looks along +x."""

    x: float
    z: float
    heading: float = 0.0

    def place(self, local_xyz: ArrayLike) -> Points:
        """Return world points of points in the thing's own frame (x right, y up, z ahead)."""
        local = np.asarray(local_xyz, dtype=np.float64)
        cos, sin = turn(self.heading)
        world = np.empty_like(local)
        world[..., 0] = self.x + local[..., 0] * cos + local[..., 2] * sin
        world[..., 1] = local[..., 1]
        world[..., 2] = self.z - local[..., 0] * sin + local[..., 2] * cos
        return world


@lru_cache(maxsize=4096)
def turn(angle: float) -> tuple[float, float]:
    """Return cosine and sine, rounded so that every C library gives the same."""
    return round(math.cos(angle), 9), round(math.sin(angle), 9)


@lru_cache(maxsize=64)
def circle(count: int) -> Points:
    """Return `count` points `[count, 2]` of the unit circle, counter-clockwise with y up."""
    points = np.array([turn(2 * math.pi * step / count) for step in range(count)])
    points.flags.writeable = False
    return points


def clip_near(points_xyz: Points) -> Points:
    """Return the part of a polygon in front of the near plane (Sutherland and Hodgman); may be empty."""
    if float(points_xyz[:, 2].min()) >= NEAR:
        return points_xyz
    kept: list[Points] = []
    for here, there in zip(points_xyz, np.roll(points_xyz, -1, axis=0), strict=True):
        if here[2] >= NEAR:
            kept.append(here)
        if (here[2] >= NEAR) != (there[2] >= NEAR):
            part = (NEAR - here[2]) / (there[2] - here[2])
            kept.append(here + (there - here) * part)
    return np.array(kept).reshape(-1, 3)


def faces_viewer(points_xy: Points) -> bool:
    """Return True where an outward face, projected, turns its outside to the camera."""
    corners = points_xy.tolist()
    area = 0.0
    x0, y0 = corners[-1]
    for x1, y1 in corners:
        area += x0 * y1 - x1 * y0
        x0, y0 = x1, y1
    return area < 0


def normal_of(face_xyz: Points) -> Vector:
    """Return the outward unit normal of a face; the world frame is left-handed, hence the order."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = face_xyz[:3].tolist()
    px, py, pz, qx, qy, qz = cx - bx, cy - by, cz - bz, bx - ax, by - ay, bz - az
    x, y, z = py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return x / length, y / length, z / length


@dataclass(frozen=True)
class Rectangle:
    """A level rectangle: x0 … x1 by z0 … z1 at height y."""

    x0: float
    x1: float
    z0: float
    z1: float
    y: float

    def corners(self) -> list[tuple[float, float, float]]:
        """Return the corners counter-clockwise from above, near left first."""
        return [
            (self.x0, self.y, self.z0),
            (self.x1, self.y, self.z0),
            (self.x1, self.y, self.z1),
            (self.x0, self.y, self.z1),
        ]


def frustum(bottom: Rectangle, top: Rectangle) -> dict[str, Points]:
    """Return the outward faces `[4, 3]` of a solid between two rectangles, its bottom left out."""
    b, t = bottom.corners(), top.corners()
    return {
        "rear": np.array([b[0], b[1], t[1], t[0]]),
        "right": np.array([b[1], b[2], t[2], t[1]]),
        "front": np.array([b[2], b[3], t[3], t[2]]),
        "left": np.array([b[3], b[0], t[0], t[3]]),
        "top": np.array([t[0], t[1], t[2], t[3]]),
    }


def patches(face_xyz: Points, spans: ArrayLike) -> Points:
    """Return quads `[n, 4, 3]` inset in a face; spans `[n, 4]` are (u0, v0, u1, v1), u along its bottom edge."""
    span = np.asarray(spans, dtype=np.float64).reshape(-1, 4)
    u, v = span[:, [0, 2, 2, 0], None], span[:, [1, 1, 3, 3], None]
    low = face_xyz[0] + (face_xyz[1] - face_xyz[0]) * u
    high = face_xyz[3] + (face_xyz[2] - face_xyz[3]) * u
    return np.asarray(low + (high - low) * v)
