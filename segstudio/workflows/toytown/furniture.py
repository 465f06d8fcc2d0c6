"""Street furniture: lamps, signs, traffic lights, fences, bins."""

from __future__ import annotations

import numpy as np

from segstudio.workflows.toytown.camera import NEAR, Points, Pose, Rectangle, circle, frustum
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import FENCE, POLE, STATIC, TRAFFIC_LIGHT, TRAFFIC_SIGN
from segstudio.workflows.toytown.light import Color, mixed, scaled, varied
from segstudio.workflows.toytown.sketch import Sketch
from segstudio.workflows.toytown.stage import Stage, Thing

_STEEL: Color = (112, 116, 120)
_WHITE: Color = (240, 240, 236)
_RED: Color = (206, 38, 42)
_BLUE: Color = (34, 84, 170)


def _quad(x0: float, y0: float, x1: float, y1: float, z: float) -> Points:
    return np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]])


def _mast(sketch: Sketch, x: float, z: float, height: float, width: float, color: Color) -> None:
    sketch.flat(_quad(x - width / 2, 0, x + width / 2, height, z), color)
    sketch.flat(_quad(x + width * 0.1, 0, x + width / 2, height, z), color, tone=0.7)
    sketch.flat(_quad(x - width, 0, x + width, 0.45, z), color, tone=0.8)


def _mast_shadow(x: float, z: float, height: float, width: float) -> tuple[Points, ...]:
    return (_quad(x - width / 2, 0, x + width / 2, height, z),)


def lamp(chance: Chance, x: float, z: float) -> Thing:
    """Return a street lamp whose arm reaches over the road."""
    height, reach = chance.between(5.0, 7.5), chance.between(0.9, 1.8) * (-1 if x > 0 else 1)
    color = varied(chance.pick((_STEEL, (66, 84, 78), (58, 60, 66))), chance)

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        _mast(sketch, x, z, height, 0.15, color)
        arm = [[x, height - 0.15, z], [x + reach, height + 0.3, z], [x + reach, height + 0.42, z], [x, height, z]]
        sketch.flat(np.array(arm), color)
        end = x + reach
        head = np.sort([end, end + (0.55 if reach > 0 else -0.55)])
        sketch.flat(_quad(head[0], height + 0.24, head[1], height + 0.44, z), color, tone=0.9)
        if stage.light.lit_windows > 0.3:
            sketch.glow(_quad(head[0] + 0.05, height + 0.16, head[1] - 0.05, height + 0.26, z), (255, 232, 180))
        stage.canvas.paint(sketch, POLE)

    return Thing(z, draw, _mast_shadow(x, z, height, 0.15))


def post(chance: Chance, x: float, z: float) -> Thing:
    """Return a bollard."""
    color = varied(chance.pick(((70, 74, 78), (150, 60, 54), (190, 190, 186))), chance)

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        _mast(sketch, x, z, 0.95, 0.14, color)
        sketch.flat(_quad(x - 0.07, 0.72, x + 0.07, 0.84, z), _WHITE, solid=False)
        stage.canvas.paint(sketch, POLE)

    return Thing(z, draw, _mast_shadow(x, z, 0.95, 0.14))


def sign(chance: Chance, x: float, z: float) -> Thing:
    """Return one or two traffic signs on a pole; some are turned away and show a grey back."""
    kind = chance.pick(("stop", "limit", "yield", "parking", "oneway", "warning", "priority"))
    height, size = chance.between(2.2, 2.8), chance.between(0.32, 0.42)
    away = chance.happens(0.15)
    second = chance.happens(0.3)

    def draw(stage: Stage) -> None:
        mast = stage.sketch(x, z)
        _mast(mast, x, z, height + size, 0.09, _STEEL)
        stage.canvas.paint(mast, POLE)
        plate = stage.sketch(x, z)
        _plate(plate, kind, x, height, z, size, away)
        if second:
            plate.flat(_quad(x - size, height - 1.55 * size, x + size, height - 1.05 * size, z), _WHITE)
            plate.flat(_quad(x - size * 0.7, height - 1.38 * size, x + size * 0.7, height - 1.24 * size, z),
                       (50, 50, 52), solid=False)  # fmt: skip
        stage.canvas.paint(plate, TRAFFIC_SIGN)

    return Thing(z, draw, (*_mast_shadow(x, z, height, 0.1), _disc(x, height, z, size, 10)))


def _disc(x: float, y: float, z: float, radius: float, corners: int) -> Points:
    ring = circle(corners) * radius
    return np.stack([x + ring[:, 0], y + ring[:, 1], np.full(corners, z)], axis=1)


def _regular(x: float, y: float, z: float, radius: float, corners: int, start: float) -> Points:
    ring = circle(corners * 16)[int(start * 16) :: 16][:corners] * radius
    return np.stack([x + ring[:, 0], y + ring[:, 1], np.full(len(ring), z)], axis=1)


def _plate(sketch: Sketch, kind: str, x: float, y: float, z: float, size: float, away: bool) -> None:
    """Draw the plate of a sign, in steps from its edge to its picture."""
    shapes: dict[str, list[tuple[Points, Color]]] = {
        "stop": [(_regular(x, y, z, size * s, 8, 0.5), c) for s, c in ((1.08, _WHITE), (0.98, _RED))],
        "limit": [(_disc(x, y, z, size * s, 20), c) for s, c in ((1.0, _RED), (0.76, _WHITE))],
        "yield": [(_regular(x, y + size * 0.2, z, size * s, 3, 0.25), c) for s, c in ((1.2, _RED), (0.72, _WHITE))],
        "warning": [(_regular(x, y - size * 0.2, z, size * s, 3, 0.75), c) for s, c in ((1.2, _RED), (0.74, _WHITE))],
        "parking": [(_quad(x - size, y - size, x + size, y + size, z), _BLUE)],
        "oneway": [(_disc(x, y, z, size, 20), _BLUE)],
        "priority": [(_regular(x, y, z, size * s, 4, 0.0), c) for s, c in ((1.1, _WHITE), (0.8, (240, 190, 40)))],
    }
    steps = shapes[kind]
    if away:
        sketch.flat(steps[0][0], (150, 152, 156), tone=0.8)
        return
    for step, (points, color) in enumerate(steps):
        sketch.flat(points, color, tone=1.08, solid=step == 0)
    inks: dict[str, list[tuple[float, float, float, float, Color]]] = {
        "stop": [(-0.6, -0.2, 0.6, 0.2, _WHITE)],
        "limit": [(-0.42, -0.32, -0.06, 0.32, (40, 40, 44)), (0.08, -0.32, 0.44, 0.32, (40, 40, 44))],
        "parking": [(-0.35, -0.65, -0.1, 0.65, _WHITE), (-0.1, 0.05, 0.4, 0.65, _WHITE)],
        "oneway": [(-0.13, -0.65, 0.13, 0.2, _WHITE)],
        "warning": [(-0.07, -0.35, 0.07, 0.2, (40, 40, 44))],
    }
    for x0, y0, x1, y1, color in inks.get(kind, []):
        sketch.flat(_quad(x + x0 * size, y + y0 * size, x + x1 * size, y + y1 * size, z), color, solid=False)
    if kind == "oneway":
        sketch.flat(_regular(x, y + 0.25 * size, z, 0.48 * size, 3, 0.75), _WHITE, solid=False)


def traffic_light(chance: Chance, x: float, z: float) -> Thing:
    """Return a signal on a pole at the kerb; half of them carry a second one on an arm over the road."""
    height, arm = 3.3, chance.happens(0.5)
    phase = chance.whole(0, 3)
    over = x + (-2.4 if x > 0 else 2.4)

    def draw(stage: Stage) -> None:
        mast = stage.sketch(x, z)
        _mast(mast, x, z, height + (1.9 if arm else 0.0), 0.13, (84, 88, 90))
        if arm:
            left, right = sorted((x, over))
            mast.flat(_quad(left, height + 1.75, right, height + 1.87, z), (84, 88, 90))
        stage.canvas.paint(mast, POLE)
        for cx, cy in ((x, height), (over, height + 1.4)) if arm else ((x, height),):
            box = stage.sketch(x, z)
            _signal(box, cx, cy, z, phase)
            stage.canvas.paint(box, TRAFFIC_LIGHT)

    return Thing(z, draw, _mast_shadow(x, z, height, 0.2))


def _signal(sketch: Sketch, x: float, y: float, z: float, phase: int) -> None:
    sketch.flat(_quad(x - 0.21, y - 0.58, x + 0.21, y + 0.58, z), (34, 38, 38))
    for index, color in enumerate(((255, 62, 48), (255, 190, 50), (70, 240, 130))):
        bulb = _disc(x, y + 0.36 - 0.36 * index, z, 0.135, 12)
        if index == phase:
            sketch.glow(bulb, color)
        else:
            sketch.flat(bulb, mixed((40, 42, 42), color, 0.16), solid=False)


def fence(chance: Chance, x: float, z0: float, z1: float) -> Thing:
    """Return a fence along the street: pickets, rails or wire mesh."""
    z0 = max(z0, NEAR + 0.3)
    z1 = max(z1, z0 + 0.5)
    kind = chance.pick(("picket", "rail", "mesh"))
    high = chance.between(0.9, 1.6)
    color = varied({"picket": (226, 222, 210), "rail": (126, 92, 62), "mesh": (92, 104, 98)}[kind], chance)
    side = np.array([[x, 0, z1], [x, 0, z0], [x, high, z0], [x, high, z1]])
    if x > 0:
        side = side[[1, 0, 3, 2]]

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, (z0 + z1) / 2)
        length = z1 - z0
        step = {"picket": 0.17, "rail": 1.6, "mesh": 2.2}[kind]
        wide = {"picket": 0.095, "rail": 0.13, "mesh": 0.08}[kind]
        sketch.outline(side)
        bars = [(u, 0.0, min(1.0, u + wide / length), 1.0) for u in np.arange(0.0, 1.0, step / length)]
        rails = [(0.0, v, 1.0, v + 0.07) for v in ((0.25, 0.75) if kind == "picket" else (0.2, 0.5, 0.85))]
        if kind == "mesh":
            rails = [(0.0, v, 1.0, v + 0.02) for v in np.arange(0.05, 1.0, 0.1)]
        sketch.insets(side, rails, [scaled(color, 0.8)])
        sketch.insets(side, bars, [color, scaled(color, 0.94)])
        stage.canvas.paint(sketch, FENCE)

    return Thing(z1, draw)


def litter_bin(chance: Chance, x: float, z: float) -> Thing:
    """Return a litter bin or a mailbox: an object of no evaluated class."""
    color = varied(chance.pick(((52, 88, 66), (232, 178, 40), (92, 94, 98), (40, 74, 128))), chance)
    pose = Pose(x, z, chance.between(-0.3, 0.3))
    high = chance.between(0.85, 1.3)
    body = frustum(Rectangle(-0.25, 0.25, 0, 0.5, 0.0), Rectangle(-0.29, 0.29, -0.04, 0.54, high))

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        for name, face in body.items():
            placed = pose.place(face)
            if sketch.face(placed, scaled(color, 0.7) if name == "top" else color) and name == "rear":
                sketch.insets(placed, [(0.2, 0.72, 0.8, 0.82)], [(28, 28, 30)])
        stage.canvas.paint(sketch, STATIC)

    return Thing(z, draw, (pose.place(np.concatenate([body["rear"], body["front"]])),))
