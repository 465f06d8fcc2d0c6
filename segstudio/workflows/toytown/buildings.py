"""Houses: walls, rows of windows, shops with awnings, roofs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segstudio.workflows.toytown.camera import NEAR, Points, Rectangle, frustum, patches
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import BUILDING
from segstudio.workflows.toytown.light import Color, mixed, scaled, varied
from segstudio.workflows.toytown.sketch import Sketch
from segstudio.workflows.toytown.stage import Stage, Thing

_WALLS: tuple[Color, ...] = (
    (178, 92, 72), (204, 176, 136), (222, 206, 178), (150, 164, 166), (196, 138, 108), (118, 140, 132),
    (210, 188, 110), (168, 176, 192), (206, 152, 150), (140, 84, 74), (232, 226, 214), (124, 136, 158),
)  # fmt: skip
_ROOFS: tuple[Color, ...] = ((132, 66, 52), (92, 86, 90), (112, 76, 62), (74, 82, 96))
_AWNINGS: tuple[Color, ...] = ((186, 52, 48), (44, 110, 92), (40, 84, 142), (212, 150, 44), (120, 58, 110))
_LAMP: Color = (255, 214, 138)


@dataclass(frozen=True)
class House:
    """The plan of one house; `front` is its distance from the road's axis."""

    side: int
    front: float
    z0: float
    z1: float
    floors: int
    pitched: bool
    shop: bool
    wall: Color
    roof: Color
    trim: Color

    @property
    def height(self) -> float:
        """The height of its eaves in metres."""
        return 0.6 + 3.0 * self.floors + (0.7 if self.shop else 0.0)


def house(chance: Chance, side: int, front: float, z0: float, z1: float) -> Thing:
    """Return a random house on one side of the street."""
    wall = varied(chance.pick(_WALLS), chance)
    floors = chance.pick((2, 2, 3, 3, 4, 4, 5, 6))
    plan = House(
        side=side,
        front=front + chance.pick((0.0, 0.0, 0.25, 0.6)),
        z0=z0,
        z1=z1,
        floors=floors,
        pitched=floors <= 4 and chance.happens(0.6),
        shop=chance.happens(0.4),
        wall=wall,
        roof=varied(chance.pick(_ROOFS), chance),
        trim=mixed(wall, (244, 240, 232), chance.between(0.45, 0.85)),
    )
    own = chance.fork()
    depth = 9.0
    x0, x1 = sorted((side * plan.front, side * (plan.front + depth)))
    tops = [[x, plan.height, z] for x in (x0, x1) for z in (max(z0, NEAR), z1)]
    feet = [[x, 0.0, z] for x in (x0, x1) for z in (max(z0, NEAR), z1)]
    return Thing(z1, lambda stage: _draw(stage, plan, own, depth), (np.array(tops + feet),))


def _draw(stage: Stage, plan: House, chance: Chance, depth: float) -> None:
    x0, x1 = sorted((plan.side * plan.front, plan.side * (plan.front + depth)))
    near = max(plan.z0, NEAR + 0.2)
    if near >= plan.z1:
        return
    sketch = Sketch(stage.camera, stage.light)
    body = frustum(Rectangle(x0, x1, near, plan.z1, 0.0), Rectangle(x0, x1, near, plan.z1, plan.height))
    if plan.pitched:
        _roof(sketch, plan, x0, x1, near)
    if sketch.face(body["rear"], plan.wall):
        _gable_windows(sketch, body["rear"], plan, depth, chance.fork())
    street_face = body["left"] if plan.side > 0 else body["right"]
    if sketch.face(street_face, plan.wall):
        _facade(sketch, street_face, plan, near, chance.fork())
    stage.canvas.paint(sketch, BUILDING)


def _roof(sketch: Sketch, plan: House, x0: float, x1: float, near: float) -> None:
    """Draw a ridged roof, its gable and a chimney."""
    middle, eave, ridge = (x0 + x1) / 2, plan.height, plan.height + 3.4
    chimney = Rectangle(middle - 0.5, middle + 0.5, near + 1.5, near + 2.6, eave)
    top = Rectangle(chimney.x0, chimney.x1, chimney.z0, chimney.z1, ridge + 0.9)
    for name in ("left", "right", "rear"):
        sketch.face(frustum(chimney, top)[name], (150, 88, 72))
    inner = x0 if plan.side > 0 else x1
    slope = np.array([[inner, eave, near], [inner, eave, plan.z1], [middle, ridge, plan.z1], [middle, ridge, near]])
    slope = slope[[1, 0, 3, 2]] if plan.side > 0 else slope
    if sketch.face(slope, plan.roof):
        rows = [(0.0, v, 1.0, v + 0.035) for v in np.arange(0.08, 0.98, 0.115)]
        sketch.insets(slope, rows, [scaled(plan.roof, 0.86)])
    sketch.face(np.array([[x0, eave, near], [x1, eave, near], [middle, ridge, near]]), scaled(plan.wall, 0.97))


def _window_color(sketch: Sketch, chance: Chance) -> tuple[Color, bool]:
    if chance.happens(sketch.light.lit_windows):
        return scaled(_LAMP, chance.between(0.75, 1.0)), True
    sky = mixed(sketch.light.sky_top, sketch.light.sky_low, chance.unit())
    return mixed((44, 54, 66), sky, chance.between(0.08, 0.42)), False


def _facade(sketch: Sketch, face: Points, plan: House, near: float, chance: Chance) -> None:
    """Draw the street side: plinth, courses, window rows, cornice, shop or door."""
    height, length = plan.height, plan.z1 - near
    base = (3.7 if plan.shop else 0.6) / height
    if chance.happens(0.45):
        step = 0.42 if near < 18 else 1.0
        courses = [(0.0, v, 1.0, v + 0.06 / height) for v in np.arange(base, 1.0, step / height)]
        sketch.insets(face, courses, [scaled(plan.wall, 0.91)])
    sketch.insets(face, [(0.0, 0.0, 1.0, 0.6 / height)], [scaled(plan.wall, 0.72)])
    _window_rows(sketch, face, plan, near, base, chance)
    edge = 0.35 / height
    sketch.insets(face, [(0.0, 1 - edge, 1.0, 1.0), (0.0, 1 - 1.6 * edge, 1.0, 1 - edge)],
                  [plan.trim, scaled(plan.wall, 0.7)])  # fmt: skip
    if plan.shop:
        _shop(sketch, face, plan, length, chance)
    else:
        u = chance.between(0.2, 0.7)
        door = varied((104, 62, 44), chance, 0.4)
        w = 1.1 / length
        sketch.insets(face, [(u - 0.15 * w, 0.0, u + 1.15 * w, 2.6 / height), (u, 0.0, u + w, 2.4 / height)],
                      [plan.trim, door])  # fmt: skip


def _window_rows(sketch: Sketch, face: Points, plan: House, near: float, base: float, chance: Chance) -> None:
    full = plan.z1 - plan.z0
    length = plan.z1 - near
    columns = max(2, int(full / chance.between(2.3, 3.4)))
    step = full / columns
    wide, tall = step * chance.between(0.36, 0.55), chance.between(1.35, 1.9)
    floors = plan.floors - (1 if plan.shop else 0)
    bars = near < 36
    flip = plan.side > 0
    for floor in range(floors):
        v0 = base + (floor * 3.0 + 0.85) / plan.height
        v1 = v0 + tall / plan.height
        for column in range(columns):
            z = plan.z0 + (column + 0.5) * step - wide / 2 - near
            if z < 0.1:
                continue
            u0, u1 = z / length, (z + wide) / length
            if flip:
                u0, u1 = 1 - u1, 1 - u0
            _window(sketch, face, (u0, v0, u1, v1), plan, chance, bars)


def _window(
    sketch: Sketch, face: Points, span: tuple[float, float, float, float], plan: House, chance: Chance, bars: bool
) -> None:
    u0, v0, u1, v1 = span
    du, dv = (u1 - u0), (v1 - v0)
    glass, glowing = _window_color(sketch, chance)
    frame = (u0 - 0.10 * du, v0 - 0.06 * dv, u1 + 0.10 * du, v1 + 0.07 * dv)
    sill = (u0 - 0.18 * du, v0 - 0.13 * dv, u1 + 0.18 * du, v0 - 0.05 * dv)
    sketch.insets(face, [frame, sill], [plan.trim, scaled(plan.trim, 0.86)])
    sketch.insets(face, [span], [glass], glowing=glowing)
    if not glowing and bars and chance.happens(0.3):
        blind = chance.between(0.25, 0.75)
        sketch.insets(face, [(u0, v1 - blind * dv, u1, v1)], [mixed(plan.trim, (236, 226, 206), 0.5)])
    if bars:
        cross = [(u0 + 0.47 * du, v0, u0 + 0.53 * du, v1), (u0, v0 + 0.62 * dv, u1, v0 + 0.66 * dv)]
        sketch.insets(face, cross, [plan.trim])


def _gable_windows(sketch: Sketch, face: Points, plan: House, depth: float, chance: Chance) -> None:
    """Draw a few windows on the wall that looks down the street."""
    sketch.insets(face, [(0.0, 0.0, 1.0, 0.6 / plan.height)], [scaled(plan.wall, 0.74)])
    for floor in range(plan.floors):
        v0 = (0.6 + floor * 3.0 + 0.95) / plan.height
        for u0 in (0.16, 0.44, 0.72):
            if chance.happens(0.55):
                span = (u0, v0, u0 + 1.15 / depth, v0 + 1.5 / plan.height)
                _window(sketch, face, span, plan, chance, plan.z0 < 36)


def _shop(sketch: Sketch, face: Points, plan: House, length: float, chance: Chance) -> None:
    """Draw display windows under a striped awning, and a name board."""
    height = plan.height
    paint = varied(chance.pick(_AWNINGS), chance)
    count = max(2, int(length / 3.2))
    glass, _ = _window_color(sketch, chance)
    lit = chance.happens(0.35 + sketch.light.lit_windows)
    panes, boards = [], [(0.0, 0.0, 1.0, 3.55 / height), (0.02, 2.95 / height, 0.98, 3.45 / height)]
    for index in range(count):
        u0 = (index + 0.08) / count
        panes.append((u0, (0.05 if index == count // 2 else 0.55) / height, u0 + 0.84 / count, 2.6 / height))
    sketch.insets(face, boards, [scaled(paint, 0.62), scaled(paint, 0.95)])
    sketch.insets(face, panes, [mixed(glass, _LAMP, 0.6) if lit else glass], glowing=lit)
    letters = [(u, 3.08 / height, u + 0.02, 3.32 / height) for u in np.arange(0.3, 0.7, 0.045)]
    sketch.insets(face, letters, [(238, 230, 206)])
    if chance.happens(0.7):
        _awning(sketch, plan, face, paint)


def _awning(sketch: Sketch, plan: House, face: Points, paint: Color) -> None:
    reach = -plan.side * 1.1
    wall = patches(face, [(0.03, 2.9 / plan.height, 0.97, 2.9 / plan.height)])[0]
    eave = wall[:2] + (reach, -0.55, 0.0)
    cloth = np.array([eave[0], eave[1], wall[1], wall[0]])
    if eave[:, 2].min() <= NEAR:
        return
    sketch.flat(cloth, paint, solid=True)
    stripes = [(u, 0.0, u + 0.055, 1.0) for u in np.arange(0.0, 0.95, 0.11)]
    for quad in patches(cloth, stripes):
        sketch.flat(quad, (240, 234, 222), solid=False)
    hem = np.array([eave[0] - (0, 0.22, 0), eave[1] - (0, 0.22, 0), eave[1], eave[0]])
    sketch.flat(hem, scaled(paint, 0.8), solid=True)
