"""The ground: grass, road and its markings, kerbs and paving, the wear on them and the shadows over them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.camera import NEAR, Points, circle
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import ROAD, SIDEWALK, TERRAIN
from segstudio.workflows.toytown.light import Color, channels, scaled, varied
from segstudio.workflows.toytown.noise import SIZE, grain, patchy
from segstudio.workflows.toytown.sketch import SCALE, Sketch
from segstudio.workflows.toytown.stage import Stage

END = 420.0


@dataclass(frozen=True)
class Street:
    """The plan of the ground, metres from the road's axis; the street is the same on both sides."""

    half_road: float
    walk: float
    verge: float
    lanes: int
    crossing: float | None
    crossing_width: float

    @property
    def walk_end(self) -> float:
        """Where the paving ends."""
        return self.half_road + self.walk

    @property
    def front(self) -> float:
        """Where the houses begin."""
        return self.walk_end + self.verge

    def crosses(self, z: float, margin: float = 0.0) -> bool:
        """Return whether z lies in the side street."""
        if self.crossing is None:
            return False
        return self.crossing - margin < z < self.crossing + self.crossing_width + margin


_GRASS: Color = (112, 146, 74)
_ASPHALT: Color = (104, 104, 110)
_PAVING: Color = (176, 168, 158)
_PAINT: Color = (226, 226, 220)


def paint_ground(stage: Stage, street: Street, chance: Chance) -> None:
    """Paint everything flat; shadows must have been cast on the stage before."""
    _paint_terrain(stage, chance.fork())
    _paint_walks(stage, street, chance.fork())
    _paint_road(stage, street, chance.fork())
    _wear_and_shadow(stage, chance.fork())


def _strip(x0: float, x1: float, z0: float, z1: float) -> Points:
    """Return a strip of ground from z0 to z1, cut finely enough to follow a bend."""
    z0 = max(z0, NEAR)
    pieces = max(2, min(26, int((z1 - z0) / 4) + 2))
    z = z0 * (z1 / z0) ** (np.arange(pieces) / (pieces - 1))
    left = np.stack([np.full(pieces, x0), np.zeros(pieces), z], axis=1)
    right = np.stack([np.full(pieces, x1), np.zeros(pieces), z], axis=1)
    return np.concatenate([left, right[::-1]])


def _pieces(street: Street) -> list[tuple[float, float]]:
    """Return the stretches of street before and after the crossing."""
    if street.crossing is None:
        return [(NEAR, END)]
    return [(NEAR, street.crossing), (street.crossing + street.crossing_width, END)]


def _lay(sketch: Sketch, points_xyz: Points, color: Color, *, solid: bool = False) -> None:
    """Draw ground with its plain colour: light, shadow and haze come later, over all the ground at once."""
    sketch.image(sketch.camera.project(points_xyz), color, solid=solid)


def _paint_terrain(stage: Stage, chance: Chance) -> None:
    camera = stage.camera
    sketch = Sketch(camera, stage.light)
    w, h, top = camera.width, camera.height, camera.horizon_y + 1.5
    color = varied(_GRASS, chance, 0.15)
    sketch.image(np.array([[0.0, top], [w, top], [w, h], [0.0, h]]), color)
    for _ in range(140):
        x, z = chance.between(-30, 30), chance.between(3, 60)
        size = chance.between(0.1, 0.9)
        blot = circle(7) * (size, size * 0.7) + (x, z)
        lying = np.stack([blot[:, 0], np.zeros(7), blot[:, 1]], axis=1)
        _lay(sketch, lying, scaled(color, chance.between(0.82, 1.16)))
    stage.canvas.paint(sketch, TERRAIN)


def _paint_walks(stage: Stage, street: Street, chance: Chance) -> None:
    color = varied(_PAVING, chance, 0.14)
    joint, kerb = scaled(color, 0.80), scaled(color, 1.16)
    slab = chance.between(0.9, 1.6)
    for side in (-1, 1):
        for z0, z1 in _pieces(street):
            sketch = Sketch(stage.camera, stage.light)
            inner, outer = side * street.half_road, side * street.walk_end
            _lay(sketch, _strip(inner, outer, z0, z1), color, solid=True)
            near = max(z0, 2.2)
            for z in np.arange(near, min(z1, 34.0), slab):
                _lay(sketch, _strip(inner, outer, z, z + 0.035), joint)
            for part in (0.36, 0.68):
                x = inner + (outer - inner) * part
                _lay(sketch, _strip(x, x + 0.035, near, min(z1, 40.0)), joint)
            _lay(sketch, _strip(inner, inner + side * 0.17, z0, z1), kerb)
            _lay(sketch, _strip(inner + side * 0.17, inner + side * 0.22, z0, min(z1, 60.0)), joint)
            stage.canvas.paint(sketch, SIDEWALK)


def _paint_road(stage: Stage, street: Street, chance: Chance) -> None:
    sketch = Sketch(stage.camera, stage.light)
    color = varied(_ASPHALT, chance, 0.14)
    half = street.half_road
    _lay(sketch, _strip(-half, half, NEAR, END), color, solid=True)
    if street.crossing is not None:
        z0, z1 = street.crossing, street.crossing + street.crossing_width
        _lay(sketch, np.array([[-90, 0, z0], [90, 0, z0], [90, 0, z1], [-90, 0, z1]], float), color, solid=True)
    _repair(sketch, half, color, chance)
    for side in (-1, 1):
        for z0, z1 in _pieces(street):
            _lay(sketch, _strip(side * half, side * (half - 0.35), z0, z1), scaled(color, 0.86))
            if street.lanes == 4 or half > 5:
                _lay(sketch, _strip(side * (half - 2.2), side * (half - 2.08), z0, z1), scaled(_PAINT, 0.9))
    _mark_lanes(sketch, street, chance)
    if street.crossing is not None:
        _mark_crossing(sketch, street)
    stage.canvas.paint(sketch, ROAD)


def _repair(sketch: Sketch, half: float, color: Color, chance: Chance) -> None:
    """Draw patches, cracks, tyre tracks and manholes."""
    for lane in (-0.5, 0.5):
        for track in (-0.8, 0.8):
            x = lane * half + track
            _lay(sketch, _strip(x - 0.22, x + 0.22, NEAR, 90), scaled(color, 0.95))
    for _ in range(chance.whole(2, 7)):
        x, z = chance.between(-half, half * 0.7), chance.between(3, 40)
        wide, long = chance.between(0.4, 1.8), chance.between(0.6, 5)
        _lay(sketch, _strip(x, min(x + wide, half), z, z + long), scaled(color, chance.between(0.80, 0.93)))
    for _ in range(chance.whole(3, 9)):
        x, z = chance.between(-half, half), chance.between(2.4, 22)
        steps = np.cumsum(chance.units(9, 2) - (0.5, 0.1), axis=0) * 0.5
        for a, b in zip(steps[:-1] + (x, z), steps[1:] + (x, z), strict=True):
            quad = np.array([[a[0], 0, a[1]], [a[0] + 0.03, 0, a[1]], [b[0] + 0.03, 0, b[1]], [b[0], 0, b[1]]])
            _lay(sketch, quad, scaled(color, 0.72))
    for _ in range(chance.whole(1, 4)):
        x, z = chance.between(-half * 0.8, half * 0.8), chance.between(4, 30)
        for radius, tone in ((0.36, 0.68), (0.30, 0.88), (0.2, 0.78)):
            ring = circle(18) * radius + (x, z)
            _lay(sketch, np.stack([ring[:, 0], np.zeros(18), ring[:, 1]], axis=1), scaled(color, tone))


def _mark_lanes(sketch: Sketch, street: Street, chance: Chance) -> None:
    dashed = chance.happens(0.7)
    offset = chance.between(0, 6)
    dividers = (0.0,) if street.lanes == 2 else (-street.half_road / 2, 0.0, street.half_road / 2)
    for x in dividers:
        if not dashed and x == 0.0:
            for z0, z1 in _pieces(street):
                for shift in (-0.16, 0.06):
                    _lay(sketch, _strip(x + shift, x + shift + 0.1, z0, z1), _PAINT)
            continue
        for z in np.arange(NEAR + offset - 6, 110, 6.0):
            if z + 3 > NEAR and not street.crosses(z + 1.5, 2.0):
                _lay(sketch, _strip(x - 0.07, x + 0.07, z, z + 3), _PAINT)


def _mark_crossing(sketch: Sketch, street: Street) -> None:
    """Draw zebra stripes and stop lines on both sides of the side street."""
    assert street.crossing is not None
    half = street.half_road
    for z in (street.crossing - 3.6, street.crossing + street.crossing_width + 0.8):
        for x in np.arange(-half + 0.4, half - 0.4, 1.0):
            _lay(sketch, _strip(x, x + 0.5, z, z + 2.8), _PAINT)
    _lay(sketch, _strip(0.1, half - 0.2, street.crossing - 5.0, street.crossing - 4.6), _PAINT)


def _wear_and_shadow(stage: Stage, chance: Chance) -> None:
    """Multiply the ground by its roughness, the sunlight that reaches it and the haze before it."""
    camera, light = stage.camera, stage.light
    top = int(camera.horizon_y) + 1
    rows = np.arange(top, camera.height, dtype=np.float64) + 0.5
    x, z = camera.ground_below(rows, np.arange(camera.width, dtype=np.float64) + 0.5)
    wear = _wear(x, z, chance)
    up = (0.0, 1.0, 0.0)
    sunny, shady = channels(light.level(up, 1.0)), channels(light.level(up, 0.0))
    shade = cv2.blur(stage.shadow_hw, (3, 3))[top:].astype(np.float32)[..., None] / 255
    level = (sunny + (shady - sunny) * shade) * wear[..., None]
    clear = np.exp(-light.haze_per_metre * z[:, 0]).astype(np.float32)[:, None, None]
    size = (camera.width * SCALE, len(rows) * SCALE)
    gain = cv2.resize(np.clip(level * clear * 128, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
    ground = stage.canvas.image[top * SCALE :]
    cv2.multiply(ground, gain, ground, 1 / 128)
    veil = np.clip((1 - clear) * channels(light.haze), 0, 255).astype(np.uint8)
    cv2.add(ground, cv2.resize(np.ascontiguousarray(np.broadcast_to(veil, (len(rows), 8, 3))), size), ground)


def _wear(x: Points, z: Points, chance: Chance) -> NDArray[np.float32]:
    """Return the roughness of the ground as factors near 1, finer nearby."""
    shift = chance.octets(4).astype(np.int64)
    fine_u = ((x + 500) * 56).astype(np.int64) + shift[0]
    fine_v = (z * 56).astype(np.int64) + shift[1]
    fine = grain()[fine_v % SIZE, fine_u % SIZE]
    broad_u = ((x + 500) * 22).astype(np.int64) + shift[2]
    broad_v = (z * 9).astype(np.int64) + shift[3]
    broad = patchy()[broad_v % SIZE, broad_u % SIZE]
    strength = np.clip(14 / (z + 6), 0.12, 1.0).astype(np.float32)
    return np.asarray(1 + 0.10 * fine * strength + 0.06 * broad, np.float32)
