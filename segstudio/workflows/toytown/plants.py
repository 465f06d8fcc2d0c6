"""Trees, bushes and hedges: crowns made of many small leaf clumps."""

from __future__ import annotations

import math

import numpy as np

from segstudio.workflows.toytown.camera import NEAR, Points, Rectangle, circle, frustum
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import VEGETATION
from segstudio.workflows.toytown.light import Color, scaled, varied
from segstudio.workflows.toytown.sketch import Sketch
from segstudio.workflows.toytown.stage import Stage, Thing

_LEAVES: tuple[Color, ...] = ((82, 126, 58), (66, 112, 62), (104, 138, 58), (76, 118, 80), (176, 128, 52))
_TRUNK: Color = (96, 76, 58)
_CLUMP = circle(7)


def tree(chance: Chance, x: float, z: float) -> Thing:
    """Return a tree with a round, a tall or a conical crown."""
    shape = chance.pick(("round", "round", "tall", "cone"))
    trunk = chance.between(1.6, 2.6)
    wide = chance.between(1.2, 2.2) * (0.75 if shape != "round" else 1.0)
    high = chance.between(3.4, 6.0) * (1.25 if shape == "tall" else 1.0)
    color = varied(chance.pick(_LEAVES), chance, 0.16)
    own = chance.fork()
    ring = circle(10)
    crown = np.stack([x + ring[:, 0] * wide, trunk + high / 2 + ring[:, 1] * high / 2, np.full(10, z)], axis=1)
    stem = np.array([[x - 0.13, 0, z], [x + 0.13, 0, z], [x + 0.13, trunk + 1, z], [x - 0.13, trunk + 1, z]])

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        sketch.lit = max(sketch.lit, 0.45)
        _stem(sketch, x, z, trunk)
        _crown(sketch, own, (x, trunk, z), wide, high, shape, color)
        stage.canvas.paint(sketch, VEGETATION)

    return Thing(z, draw, (crown, stem))


def _stem(sketch: Sketch, x: float, z: float, trunk: float) -> None:
    top = trunk + 0.9
    for left, right, tone in ((-0.16, 0.16, 0.85), (0.02, 0.16, 0.65)):
        points = [[x + left, 0, z], [x + right, 0, z], [x + right * 0.7, top, z], [x + left * 0.7, top, z]]
        sketch.flat(np.array(points), _TRUNK, tone=tone)
    for lean in (-0.55, 0.5):
        points = [[x - 0.05, trunk * 0.8, z], [x + 0.06, trunk * 0.8, z], [x + lean, top + 0.5, z]]
        sketch.flat(np.array(points), _TRUNK, tone=0.75)


def _crown(
    sketch: Sketch, chance: Chance, foot: tuple[float, float, float], wide: float, high: float, shape: str, color: Color
) -> None:
    """Draw dark clumps first and the sunlit ones last; the dark core is solid, so no clump floats alone."""
    x, trunk, z = foot
    size = sketch.camera.pixels_per_metre(z)
    count = int(min(240, max(18, size * 2.0)))
    clump = max(wide * (0.20 if count < 150 else 0.15), 2.2 / size)
    core = circle(16) * (wide * 0.82, high * 0.42)
    if shape == "cone":
        core = np.array([[-0.85 * wide, -0.45 * high], [0.85 * wide, -0.45 * high], [0.0, 0.5 * high]])
    middle = trunk + high / 2
    sketch.flat(_upright(core + (x, middle), z), color, tone=0.52)
    angles, radii = chance.units(count) * 2 * math.pi, np.sqrt(chance.units(count))
    across = np.round(np.cos(angles), 9) * radii
    up = np.round(np.sin(angles), 9) * radii
    span = np.where(shape == "cone", 0.62 * (1.05 - up) * 0.9, 1.0)
    sun = sketch.light.toward_sun
    brightness = 0.62 + 0.30 * (up * 0.8 + across * sun[0] * 0.8) + 0.22 * (chance.units(count) - 0.5)
    order = np.argsort(brightness, kind="stable")
    stretch = clump * (0.7 + 0.6 * radii)[:, None]
    blobs = np.full((count, len(_CLUMP), 3), z)
    blobs[..., 0] = x + (across * wide * 0.86 * span)[:, None] + _CLUMP[:, 0] * stretch
    blobs[..., 1] = middle + (up * high * 0.44)[:, None] + _CLUMP[:, 1] * stretch * 0.8
    sketch.swarm(blobs[order], color, np.clip(brightness, 0.45, 1.25)[order].tolist())


def _upright(points_xy: Points, z: float) -> Points:
    return np.stack([points_xy[:, 0], points_xy[:, 1], np.full(len(points_xy), z)], axis=1)


def bush(chance: Chance, x: float, z: float) -> Thing:
    """Return a low round shrub, sometimes in flower."""
    wide, high = chance.between(0.5, 1.1), chance.between(0.6, 1.3)
    color = varied(chance.pick(_LEAVES[:4]), chance, 0.16)
    blossom = chance.pick(((214, 92, 120), (236, 220, 120), (232, 232, 240))) if chance.happens(0.35) else None
    own = chance.fork()

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        size = stage.camera.pixels_per_metre(z)
        sketch.flat(_upright(circle(14) * (wide, high * 0.5) + (x, high * 0.5), z), color, tone=0.6)
        for spot in own.units(int(min(46, max(8, size))), 3):
            center = (x + (spot[0] * 2 - 1) * wide * 0.75, high * (0.15 + 0.75 * spot[1]))
            tone = 0.55 + 0.45 * float(spot[1]) + 0.2 * float(spot[2])
            sketch.flat(_upright(_CLUMP * (wide * 0.24, high * 0.16) + center, z), color, tone=tone)
            if blossom is not None and spot[2] > 0.6:
                sketch.flat(_upright(_CLUMP * 0.06 + center, z), blossom, solid=False)
        stage.canvas.paint(sketch, VEGETATION)

    return Thing(z, draw, (_upright(circle(8) * (wide, high * 0.5) + (x, high * 0.5), z),))


def hedge(chance: Chance, x: float, z0: float, z1: float) -> Thing:
    """Return a clipped hedge along the street."""
    z0 = max(z0, NEAR + 0.3)
    z1 = max(z1, z0 + 0.5)
    high, thick = chance.between(0.7, 1.5), 0.7
    color = varied(_LEAVES[chance.whole(0, 4)], chance)
    own = chance.fork()
    solid = frustum(
        Rectangle(x - thick / 2, x + thick / 2, z0, z1, 0), Rectangle(x - thick / 2, x + thick / 2, z0, z1, high)
    )

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, (z0 + z1) / 2)
        for name in ("top", "rear", "left", "right"):
            if sketch.face(solid[name], color):
                count = int(min(220, 26 * (z1 - z0)))
                spots = own.units(count, 3)
                reach = 0.28 / (z1 - z0) if name != "rear" else 0.2
                spans = [(u, v, min(1.0, u + reach), min(1.0, v + 0.13)) for u, v, _ in spots]
                sketch.insets(solid[name], spans, [scaled(color, 0.72 + 0.55 * tone) for tone in spots[:, 2]])
        stage.canvas.paint(sketch, VEGETATION)

    corners = [[x + dx, y, z] for dx in (-thick / 2, thick / 2) for y in (0.0, high) for z in (z0, z1)]
    return Thing(z1, draw, (np.array(corners),))
