"""People on foot, and riders on their bicycles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from segstudio.workflows.toytown.camera import Points, circle, turn
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import BICYCLE, PERSON, RIDER
from segstudio.workflows.toytown.light import Color, mixed, scaled, varied
from segstudio.workflows.toytown.sketch import Sketch
from segstudio.workflows.toytown.stage import Stage, Thing

_SKINS: tuple[Color, ...] = ((240, 204, 176), (222, 172, 136), (174, 122, 88), (118, 78, 56), (92, 62, 46))
_HAIR: tuple[Color, ...] = ((38, 30, 28), (92, 62, 40), (196, 160, 96), (150, 146, 142), (128, 54, 34))
_TOPS: tuple[Color, ...] = (
    (200, 60, 56), (46, 92, 156), (238, 196, 70), (240, 238, 230), (62, 66, 74), (70, 140, 106), (226, 128, 60),
    (150, 90, 150), (120, 166, 200), (92, 100, 74),
)  # fmt: skip
_TROUSERS: tuple[Color, ...] = ((44, 58, 92), (52, 52, 58), (128, 110, 88), (88, 92, 98), (30, 32, 38))

Spot = tuple[float, float]


@dataclass(frozen=True)
class Board:
    """An upright plane that a flat figure is drawn on: u along its direction, v up, metres."""

    x: float
    z: float
    along: float
    scale: float = 1.0

    def place(self, points_uv: Points) -> Points:
        """Return world points of points on the board."""
        cos, sin = turn(self.along)
        u, v = points_uv[:, 0] * self.scale, points_uv[:, 1] * self.scale
        world = np.empty((len(u), 3))
        world[:, 0], world[:, 1], world[:, 2] = self.x + u * cos, v, self.z + u * sin
        return world


def _limb(start: Spot, end: Spot, thick0: float, thick1: float) -> Points:
    """Return the outline of a limb with round ends."""
    du, dv = end[0] - start[0], end[1] - start[1]
    length = math.sqrt(du * du + dv * dv) or 1.0
    round_end = circle(10)
    arc = round_end[:, :1] * (-dv / length, du / length) + round_end[:, 1:] * (du / length, dv / length)
    return np.concatenate([arc[:6] * thick1 + end, arc[5:] * thick0 + start, arc[:1] * thick0 + start])


def _round(center: Spot, rx: float, ry: float) -> Points:
    return circle(16) * (rx, ry) + center


def person(chance: Chance, x: float, z: float) -> Thing:
    """Return somebody who walks or stands, now and then a child, with a bag, a hat or an umbrella."""
    child = chance.happens(0.16)
    board = Board(x, z, chance.pick((0.0, math.pi)) + chance.between(-0.7, 0.7),
                  chance.between(0.6, 0.75) if child else chance.between(0.93, 1.08))  # fmt: skip
    stride = chance.between(0.05, 0.34) * (1 if chance.happens(0.8) else 0)
    own = chance.fork()

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        _walker(sketch, board, stride, own)
        stage.canvas.paint(sketch, PERSON)

    body = board.place(np.array([[-0.22, 0.0], [0.22, 0.0], [0.22, 1.4], [0.12, 1.75], [-0.12, 1.75], [-0.22, 1.4]]))
    return Thing(z, draw, (body,))


def _walker(sketch: Sketch, board: Board, stride: float, chance: Chance) -> None:
    top, legs = varied(chance.pick(_TOPS), chance), varied(chance.pick(_TROUSERS), chance)
    skin, hair = chance.pick(_SKINS), chance.pick(_HAIR)
    shoe = chance.pick(((30, 30, 32), (226, 224, 218), (110, 70, 46)))
    swing = stride * 0.7
    dress, coat = chance.happens(0.2), chance.happens(0.3)

    def put(points: Points, color: Color, tone: float = 1.0, solid: bool = True) -> None:
        sketch.flat(board.place(points), color, tone=tone, solid=solid)

    put(_limb((0.02, 1.36), (-swing, 0.98), 0.055, 0.042), top, 0.72)
    put(_round((-swing - 0.01, 0.93), 0.042, 0.05), skin, 0.8)
    for direction, tone in ((-1, 0.72), (1, 1.0)):
        foot = (direction * stride, 0.05)
        knee = (direction * stride * 0.35 + 0.05, 0.48)
        put(_limb((0.02 * direction, 0.9), knee, 0.095, 0.07), skin if dress else legs, tone)
        put(_limb(knee, foot, 0.066, 0.048), skin if dress else legs, tone)
        put(_limb((foot[0] - 0.03, 0.045), (foot[0] + 0.12, 0.035), 0.045, 0.035), shoe, tone)
    hem = 0.55 if dress else 0.62 if coat else 0.86
    flare = 0.24 if dress else 0.19
    torso = np.array([[-flare, hem], [flare, hem], [0.165, 1.05], [0.205, 1.36], [0.12, 1.46],
                      [-0.12, 1.46], [-0.205, 1.36], [-0.165, 1.05]])  # fmt: skip
    put(torso, top)
    put(torso[[0, 5, 6, 7]] * (1.0, 1.0), top, 0.84, solid=False)
    if chance.happens(0.35):
        put(np.array([[-0.34, 0.92], [-0.17, 0.92], [-0.15, 1.38], [-0.3, 1.38]]), varied((120, 70, 50), chance, 0.5))
    put(_limb((0.03, 1.37), (swing + 0.04, 1.15), 0.058, 0.05), top, 0.92)
    put(_limb((swing + 0.04, 1.15), (swing + 0.12, 0.96), 0.048, 0.04), top, 0.92)
    put(_round((swing + 0.14, 0.92), 0.042, 0.05), skin)
    _head(sketch, board, (0.015, 1.6), skin, hair, chance)
    if chance.happens(0.08):
        shade = varied(chance.pick(_TOPS), chance)
        put(np.array([[0.1, 1.0], [0.12, 1.0], [0.12, 2.0], [0.1, 2.0]]), (40, 40, 44))
        put(circle(20)[:11] * (0.62, 0.3) + (0.1, 1.86), shade)
        put(np.array([[0.1, 2.16], [-0.12, 1.86], [0.32, 1.86]]), scaled(shade, 0.86), solid=False)


def _head(sketch: Sketch, board: Board, at: Spot, skin: Color, hair: Color, chance: Chance) -> None:
    u, v = at
    sketch.flat(board.place(_limb((u, v - 0.16), (u, v), 0.05, 0.05)), skin, tone=0.85)
    sketch.flat(board.place(_round((u, v), 0.098, 0.125)), skin)
    cap = np.concatenate([circle(16)[:9] * (0.112, 0.10) + (u - 0.008, v + 0.045), [[u - 0.12, v - 0.06]]])
    if chance.happens(0.4):
        cap = np.concatenate([cap, [[u - 0.13, v - 0.18], [u - 0.05, v - 0.14]]])
    sketch.flat(board.place(cap), hair)
    if chance.happens(0.16):
        hat = varied(chance.pick(_TOPS), chance)
        brim = np.array([[u - 0.13, v + 0.05], [u + 0.2, v + 0.05], [u + 0.12, v + 0.15], [u - 0.1, v + 0.16]])
        sketch.flat(board.place(brim), hat)


def cyclist(chance: Chance, x: float, z: float) -> Thing:
    """Return a bicycle with its rider: two objects."""
    board = Board(x, z, chance.pick((0.0, math.pi)) + chance.between(-0.75, 0.75), chance.between(0.96, 1.05))
    own = chance.fork()
    pedal = chance.between(0.0, 2 * math.pi)

    def draw(stage: Stage) -> None:
        bicycle = stage.sketch(x, z)
        _bicycle(bicycle, board, own)
        stage.canvas.paint(bicycle, BICYCLE)
        rider = stage.sketch(x, z)
        _rider(rider, board, pedal, own)
        stage.canvas.paint(rider, RIDER)

    body = np.array([[-0.85, 0.0], [0.85, 0.0], [0.75, 0.6], [0.2, 1.75], [-0.2, 1.7], [-0.8, 0.6]])
    return Thing(z, draw, (board.place(body),))


def parked_bicycle(chance: Chance, x: float, z: float) -> Thing:
    """Return a bicycle that leans at the kerb."""
    board = Board(x, z, chance.between(-0.6, 0.6))
    own = chance.fork()

    def draw(stage: Stage) -> None:
        sketch = stage.sketch(x, z)
        _bicycle(sketch, board, own)
        stage.canvas.paint(sketch, BICYCLE)

    return Thing(z, draw, (board.place(np.array([[-0.85, 0.0], [0.85, 0.0], [0.6, 0.9], [-0.6, 0.9]])),))


def _bicycle(sketch: Sketch, board: Board, chance: Chance) -> None:
    """Draw wheels, frame, saddle and handlebar; inside a wheel counts to the bicycle, as annotators draw it."""
    color = varied(chance.pick(_TOPS), chance)
    metal: Color = (150, 152, 156)

    def put(points: Points, paint: Color) -> None:
        sketch.flat(board.place(points), paint)

    rim = circle(22)
    for u in (-0.52, 0.54):
        sketch.outline(board.place(rim * 0.345 + (u, 0.345)))
        inner = rim[::-1] * 0.30
        ring = np.concatenate([rim, rim[:1], inner[-1:] / 0.345, inner / 0.345]) * 0.345 + (u, 0.345)
        put(ring, (34, 34, 36))
        for step in range(0, 11, 2):
            spoke = np.array([rim[step], rim[step + 11]]) * 0.31 + (u, 0.345)
            put(_limb(tuple(spoke[0]), tuple(spoke[1]), 0.006, 0.006), metal)
    crank, seat, head = (-0.06, 0.31), (-0.22, 0.88), (0.38, 0.86)
    rear, front = (-0.52, 0.345), (0.54, 0.345)
    tubes = ((crank, seat), (seat, head), (crank, (0.40, 0.74)), (rear, crank), (rear, (-0.2, 0.78)), (head, front))
    for start, end in tubes:
        put(_limb(start, end, 0.024, 0.022), color)
    put(_limb((-0.34, 0.94), (-0.1, 0.95), 0.035, 0.022), (36, 32, 30))
    put(_limb(head, (0.36, 1.0), 0.016, 0.016), metal)
    put(_limb((0.36, 1.0), (0.52, 0.98), 0.02, 0.02), (40, 40, 42))
    put(_round(crank, 0.085, 0.085), (70, 72, 76))


def _rider(sketch: Sketch, board: Board, pedal: float, chance: Chance) -> None:
    top, legs = varied(chance.pick(_TOPS), chance), varied(chance.pick(_TROUSERS), chance)
    skin, hair = chance.pick(_SKINS), chance.pick(_HAIR)
    cos, sin = turn(pedal)
    hip, shoulder, hand = (-0.2, 1.0), (0.1, 1.46), (0.42, 1.04)

    def put(points: Points, color: Color, tone: float = 1.0) -> None:
        sketch.flat(board.place(points), color, tone=tone)

    for direction, tone in ((-1, 0.7), (1, 1.0)):
        foot = (-0.06 + direction * 0.16 * cos, 0.30 + direction * 0.16 * sin)
        knee = ((hip[0] + foot[0]) / 2 + 0.2, (hip[1] + foot[1]) / 2 + 0.08)
        put(_limb(hip, knee, 0.10, 0.07), legs, tone)
        put(_limb(knee, foot, 0.066, 0.045), legs, tone)
        put(_limb(foot, (foot[0] + 0.13, foot[1] - 0.02), 0.045, 0.035), (36, 34, 34), tone)
    put(_limb(hip, shoulder, 0.15, 0.145), top)
    elbow = ((shoulder[0] + hand[0]) / 2 - 0.02, (shoulder[1] + hand[1]) / 2 - 0.07)
    put(_limb(shoulder, elbow, 0.06, 0.05), top, 0.9)
    put(_limb(elbow, hand, 0.048, 0.04), skin)
    _head(sketch, board, (0.2, 1.66), skin, hair, chance)
    if chance.happens(0.6):
        helmet = circle(16)[:9] * (0.13, 0.12) + (0.195, 1.69)
        put(helmet, mixed(chance.pick(_TOPS), (255, 255, 255), 0.2))
