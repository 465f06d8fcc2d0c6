"""Cars, vans, lorries and buses, built of a few solids with windows, lamps and wheels on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segstudio.workflows.toytown.camera import Points, Pose, Rectangle, circle, frustum
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import BUS, CAR, TRUCK
from segstudio.workflows.toytown.light import Color, mixed, scaled, varied
from segstudio.workflows.toytown.sketch import Sketch
from segstudio.workflows.toytown.stage import Stage, Thing

_PAINTS: tuple[Color, ...] = (
    (196, 44, 44), (38, 78, 148), (228, 228, 226), (58, 62, 68), (150, 156, 162), (236, 184, 52), (46, 116, 92),
    (224, 118, 48), (108, 160, 196), (128, 46, 72), (206, 196, 170), (26, 28, 34),
)  # fmt: skip
_GLASS: Color = (52, 64, 76)
_TYRE: Color = (30, 30, 33)
_SIDES = ("left", "right")


@dataclass(frozen=True)
class Build:
    """The measures of a car body in metres: where the cabin sits along its length, and how high."""

    length: float
    width: float
    belt: float
    roof: float
    cabin: tuple[float, float]
    rake: tuple[float, float]


_CARS = (
    Build(4.2, 1.78, 0.92, 1.48, (0.05, 3.15), (0.35, 0.85)),
    Build(4.6, 1.80, 0.90, 1.44, (0.55, 3.45), (0.60, 0.85)),
    Build(4.5, 1.86, 1.02, 1.68, (0.05, 3.40), (0.25, 0.75)),
    Build(3.7, 1.68, 0.92, 1.50, (0.05, 2.85), (0.25, 0.80)),
    Build(4.9, 1.92, 1.05, 2.00, (0.02, 4.20), (0.10, 0.90)),
)


def car(chance: Chance, pose: Pose) -> Thing:
    """Return a car; its pose is the middle of its rear end."""
    build = chance.pick(_CARS)
    color = varied(chance.pick(_PAINTS), chance)
    half = build.width / 2
    body = frustum(Rectangle(-half, half, 0.0, build.length, 0.24),
                   Rectangle(-half * 0.96, half * 0.96, 0.06, build.length - 0.14, build.belt))  # fmt: skip
    z0, z1 = build.cabin
    roof = Rectangle(-half * 0.76, half * 0.76, z0 + build.rake[0], z1 - build.rake[1], build.roof)
    cabin = frustum(Rectangle(-half * 0.93, half * 0.93, z0, z1, build.belt), roof)
    taxi = chance.happens(0.08)

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(pose.x, pose.z)
        _underside(sketch, pose, half, build.length)
        for name in ("front", "rear", "left", "right", "top"):
            face = pose.place(body[name])
            if sketch.face(face, color):
                _car_details(sketch, face, name, color, build)
        for side in _SIDES:
            _wheels(sketch, pose, side, half, (0.82, build.length - 0.86), 0.33)
        for name in ("front", "rear", "left", "right", "top"):
            face = pose.place(cabin[name])
            if sketch.face(face, color) and name != "top":
                _cabin_windows(sketch, face, name)
        if taxi:
            _box(sketch, pose, (-0.35, 0.35), (1.6, 1.85), (build.roof, build.roof + 0.22), (248, 204, 60))
        stage.canvas.paint(sketch, CAR)

    solid = np.concatenate([body["rear"], body["front"], cabin["top"]])
    return Thing(_depth(pose, build.length), draw, (pose.place(solid),))


def _depth(pose: Pose, length: float) -> float:
    """Return the depth of a vehicle's middle, by which it is sorted among the things around it."""
    return float(pose.place([0.0, 0.0, length / 2])[2])


def _underside(sketch: Sketch, pose: Pose, half: float, length: float) -> None:
    """Draw the darkness under a vehicle; it is part of the vehicle's outline down to the tyres only."""
    corners = [[-half, 0.02, 0.1], [half, 0.02, 0.1], [half, 0.02, length - 0.1], [-half, 0.02, length - 0.1]]
    sketch.flat(pose.place(corners), (26, 26, 30), tone=0.7, solid=False)
    skirt = frustum(Rectangle(-half * 0.9, half * 0.9, 0.25, length - 0.25, 0.12),
                    Rectangle(-half * 0.95, half * 0.95, 0.1, length - 0.1, 0.3))  # fmt: skip
    for name in ("front", "rear", "left", "right"):
        sketch.face(pose.place(skirt[name]), (34, 34, 38))
    high = 0.5 if length < 5.5 else 0.85
    for side in (-1, 1):
        inner, outer = side * half * 0.70, side * half * 0.97
        for z in (0.3, length - 0.3):
            tread = [[inner, 0.0, z], [outer, 0.0, z], [outer, high, z], [inner, high, z]]
            sketch.flat(pose.place(tread), _TYRE)


def _car_details(sketch: Sketch, face: Points, name: str, color: Color, build: Build) -> None:
    dark, light = scaled(color, 0.74), mixed(color, (255, 255, 255), 0.22)
    night = sketch.light.lit_windows > 0.3
    if name in _SIDES:
        # The left side runs from front to rear, the right side from rear to front.
        flip = name == "left"
        sketch.insets(face, [(0, 0, 1, 0.2), (0, 0.78, 1, 0.86)], [dark, light])
        doors = [0.30, 0.53, 0.74]
        spans = [(u, 0.1, u + 0.006, 1.0) for u in ([1 - d for d in doors] if flip else doors)]
        handles = [(u, 0.66, u + 0.045, 0.71) for u in ((0.43, 0.65) if flip else (0.33, 0.56))]
        sketch.insets(face, spans + handles, [scaled(color, 0.6)])
    elif name == "rear":
        lamp = (255, 64, 52) if night else (176, 30, 34)
        sketch.insets(face, [(0, 0, 1, 0.3)], [dark])
        sketch.insets(face, [(0.03, 0.55, 0.2, 0.84), (0.8, 0.55, 0.97, 0.84)], [lamp], glowing=night)
        sketch.insets(face, [(0.36, 0.36, 0.64, 0.54), (0.25, 0.86, 0.75, 0.92)], [(232, 230, 214), light])
    elif name == "front":
        lamp = (255, 244, 210) if night else (216, 222, 226)
        sketch.insets(face, [(0, 0, 1, 0.28), (0.28, 0.32, 0.72, 0.66)], [dark, (32, 34, 38)])
        sketch.insets(face, [(0.03, 0.52, 0.23, 0.8), (0.77, 0.52, 0.97, 0.8)], [lamp], glowing=night)
        sketch.insets(face, [(0.37, 0.14, 0.63, 0.3)], [(236, 234, 222)])
    else:
        sketch.insets(face, [(0.06, 0.02, 0.94, 0.98)], [mixed(color, (255, 255, 255), 0.08)])


def _cabin_windows(sketch: Sketch, face: Points, name: str) -> None:
    glass = mixed(_GLASS, sketch.light.sky_low, 0.2)
    shine = mixed(_GLASS, sketch.light.sky_low, 0.42)
    if name in _SIDES:
        sketch.insets(face, [(0.08, 0.08, 0.34, 0.9), (0.37, 0.08, 0.66, 0.9), (0.69, 0.08, 0.93, 0.9)], [glass])
        sketch.insets(face, [(0.08, 0.6, 0.34, 0.9), (0.37, 0.6, 0.66, 0.9)], [shine])
    else:
        sketch.insets(face, [(0.06, 0.07, 0.94, 0.93), (0.06, 0.58, 0.94, 0.93)], [glass, shine])


def _wheels(sketch: Sketch, pose: Pose, side: str, half: float, along: tuple[float, ...], radius: float) -> None:
    """Draw the wheels of one side if the camera sees that side."""
    x = -half if side == "left" else half
    probe = pose.place([[x, 0.2, 0.0], [x, 0.2, 2.0], [x, 0.9, 2.0], [x, 0.9, 0.0]])
    if side == "left":
        probe = probe[[1, 0, 3, 2]]
    away = probe.mean(axis=0) - (sketch.camera.eye_x, sketch.camera.eye_y, 0.0)
    outward = pose.place([x * 2, 0.0, 0.0]) - pose.place([x, 0.0, 0.0])
    if float(np.dot(away, outward)) >= 0:
        return
    rim = circle(18)
    for z in along:
        for scale, color in ((1.22, (24, 24, 27)), (1.0, _TYRE), (0.62, (158, 160, 164)), (0.22, (84, 86, 90))):
            arch = scale > 1
            ring = rim * (radius * scale)
            points = np.stack([np.full(18, x * 1.005), np.maximum(ring[:, 1] + radius, 0.24 if arch else 0.0),
                               ring[:, 0] + z], axis=1)  # fmt: skip
            sketch.flat(pose.place(points), color, solid=not arch)


def _box(
    sketch: Sketch,
    pose: Pose,
    x: tuple[float, float],
    z: tuple[float, float],
    y: tuple[float, float],
    color: Color,
) -> dict[str, Points]:
    """Draw a box and return the faces that the camera sees."""
    faces = frustum(Rectangle(*x, *z, y[0]), Rectangle(*x, *z, y[1]))
    seen = {}
    for name, face in faces.items():
        placed = pose.place(face)
        if sketch.face(placed, color):
            seen[name] = placed
    return seen


def truck(chance: Chance, pose: Pose) -> Thing:
    """Return a lorry with a box, or an open one with a load."""
    cab = varied(chance.pick(_PAINTS), chance)
    cargo = varied(
        chance.pick(((226, 226, 222), (120, 150, 170), (196, 160, 90), (150, 60, 52), (92, 118, 92))), chance
    )
    length, half, high = chance.between(6.5, 8.8), 1.22, chance.between(2.7, 3.4)
    band = chance.pick(_PAINTS)
    cab_length = 1.9
    behind = pose.heading == 0.0

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(pose.x, pose.z)
        _underside(sketch, pose, half, length)
        wheels = (1.1, 2.2, length - 1.1)
        # Whichever half is nearer to the camera hides the other.
        steps = ("cab", "cargo") if behind else ("cargo", "cab")
        for step in steps:
            if step == "cab":
                seen = _box(sketch, pose, (-half * 0.95, half * 0.95), (length - cab_length, length), (0.45, 2.55), cab)
                _cab_details(sketch, seen)
            else:
                seen = _box(sketch, pose, (-half, half), (0.0, length - cab_length - 0.25), (0.85, high), cargo)
                _cargo_details(sketch, seen, cargo, band)
        for side in _SIDES:
            _wheels(sketch, pose, side, half, wheels, 0.48)
        stage.canvas.paint(sketch, TRUCK)

    solid = [[x, y, z] for x in (-half, half) for y in (0.3, high) for z in (0.0, length)]
    return Thing(_depth(pose, length), draw, (pose.place(solid),))


def _cab_details(sketch: Sketch, seen: dict[str, Points]) -> None:
    glass = mixed(_GLASS, sketch.light.sky_low, 0.25)
    for name, face in seen.items():
        if name == "front":
            sketch.insets(face, [(0.06, 0.5, 0.94, 0.88), (0.2, 0.12, 0.8, 0.4)], [glass, (36, 38, 42)])
            night = sketch.light.lit_windows > 0.3
            sketch.insets(face, [(0.04, 0.1, 0.17, 0.22), (0.83, 0.1, 0.96, 0.22)], [(252, 242, 212)], glowing=night)
        elif name in _SIDES:
            span = (0.2, 0.5, 0.75, 0.86)
            sketch.insets(face, [span, (0.13, 0.08, 0.14, 0.95)], [glass, (40, 42, 46)])


def _cargo_details(sketch: Sketch, seen: dict[str, Points], cargo: Color, band: Color) -> None:
    for name, face in seen.items():
        ribs = 12 if name in _SIDES else 5
        if name == "top":
            continue
        sketch.insets(face, [(k / ribs, 0.0, k / ribs + 0.008, 1.0) for k in range(1, ribs)], [scaled(cargo, 0.88)])
        sketch.insets(face, [(0.0, 0.0, 1.0, 0.06), (0.0, 0.95, 1.0, 1.0)], [scaled(cargo, 0.72)])
        if name in _SIDES:
            sketch.insets(face, [(0.08, 0.3, 0.92, 0.52), (0.3, 0.36, 0.7, 0.46)], [band, (242, 240, 234)])
        else:
            sketch.insets(face, [(0.495, 0.0, 0.51, 1.0), (0.52, 0.3, 0.56, 0.55)], [scaled(cargo, 0.6)])
            sketch.insets(face, [(0.02, 0.0, 0.14, 0.07), (0.86, 0.0, 0.98, 0.07)], [(190, 34, 34)])


def bus(chance: Chance, pose: Pose) -> Thing:
    """Return a city bus."""
    color = varied(
        chance.pick(((214, 60, 48), (238, 178, 44), (52, 122, 172), (64, 142, 104), (228, 226, 220))), chance
    )
    stripe = mixed(color, (255, 255, 255), 0.72)
    length, half, high = chance.between(9.5, 12.0), 1.27, 3.05

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(pose.x, pose.z)
        _underside(sketch, pose, half, length)
        seen = _box(sketch, pose, (-half, half), (0.0, length), (0.32, high), color)
        for name, face in seen.items():
            if name != "top":
                _bus_face(sketch, face, name, color, stripe)
        for side in _SIDES:
            _wheels(sketch, pose, side, half, (2.4, length - 2.6), 0.48)
        stage.canvas.paint(sketch, BUS)

    solid = [[x, y, z] for x in (-half, half) for y in (0.3, high) for z in (0.0, length)]
    return Thing(_depth(pose, length), draw, (pose.place(solid),))


def _bus_face(sketch: Sketch, face: Points, name: str, color: Color, stripe: Color) -> None:
    night = sketch.light.lit_windows > 0.3
    glass = (236, 206, 148) if night else mixed(_GLASS, sketch.light.sky_low, 0.22)
    shine = glass if night else mixed(_GLASS, sketch.light.sky_low, 0.45)
    if name in _SIDES:
        sketch.insets(face, [(0.0, 0.0, 1.0, 0.12), (0.0, 0.34, 1.0, 0.40)], [scaled(color, 0.6), stripe])
        panes = [(0.03 + 0.12 * k, 0.48, 0.03 + 0.12 * k + 0.108, 0.86) for k in range(8)]
        sketch.insets(face, panes, [glass, shine], glowing=night)
        doors = [(0.15, 0.08, 0.24, 0.86), (0.63, 0.08, 0.72, 0.86)] if name == "right" else []
        sketch.insets(face, doors, [(44, 52, 60)])
        return
    sketch.insets(face, [(0.0, 0.0, 1.0, 0.14), (0.05, 0.42, 0.95, 0.84)], [scaled(color, 0.6), glass], glowing=False)
    sketch.insets(face, [(0.22, 0.87, 0.78, 0.96)], [(252, 176, 60)], glowing=True)
    lamp = (252, 244, 214) if name == "front" else (206, 36, 36)
    sketch.insets(face, [(0.04, 0.16, 0.18, 0.26), (0.82, 0.16, 0.96, 0.26)], [lamp], glowing=night)
