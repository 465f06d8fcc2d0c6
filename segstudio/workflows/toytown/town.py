"""The plan of a scene: which street, which houses, who is on it; and the order in which it is painted."""

from __future__ import annotations

import math

import numpy as np

from segstudio.workflows.toytown import buildings, furniture, people, plants, vehicles
from segstudio.workflows.toytown.backdrop import paint_backdrop
from segstudio.workflows.toytown.camera import Camera, Pose
from segstudio.workflows.toytown.canvas import Canvas
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import EGO_VEHICLE
from segstudio.workflows.toytown.ground import Street, paint_ground
from segstudio.workflows.toytown.lens import photograph
from segstudio.workflows.toytown.light import MOODS, light_of
from segstudio.workflows.toytown.scene import Scene
from segstudio.workflows.toytown.sketch import Sketch
from segstudio.workflows.toytown.stage import Stage, Thing

WIDTH, HEIGHT = 1024, 512
_FAR_END = 135.0


def paint_scene(seed: int, index: int, *, width: int = WIDTH, height: int = HEIGHT) -> Scene:
    """Paint scene number `index` of the town `seed`; a smaller size gives the same scene, smaller."""
    chance = Chance(seed, index)
    light = light_of(MOODS[index % len(MOODS)], chance.fork())
    street = _street(chance.fork())
    stage = Stage(_camera(chance.fork(), street, width, height), light, Canvas(width, height))
    things = _things(chance.fork(), street)
    if max(light.sun) > 0.2:
        for thing in things:
            for caster in thing.casters:
                stage.cast(caster)
    _contact_shadows(stage, things)
    paint_backdrop(stage, chance.fork())
    paint_ground(stage, street, chance.fork())
    for thing in sorted(things, key=lambda thing: -thing.depth):
        thing.draw(stage)
    _paint_bonnet(stage, chance.fork())
    class_hw, instance_hw, polygons = stage.canvas.truth()
    return Scene(photograph(stage.canvas.photo(), class_hw, light, chance.fork()), class_hw, instance_hw, polygons)


def _street(chance: Chance) -> Street:
    lanes = chance.pick((2, 2, 2, 4))
    return Street(
        half_road=chance.between(3.6, 5.4) if lanes == 2 else chance.between(6.2, 7.0),
        walk=chance.between(1.9, 3.4),
        verge=chance.pick((0.0, 0.0, 0.6, 1.8, 3.0)),
        lanes=lanes,
        crossing=chance.between(17, 46) if chance.happens(0.6) else None,
        crossing_width=chance.between(6.5, 9.0),
    )


def _camera(chance: Chance, street: Street, width: int, height: int) -> Camera:
    scale = width / WIDTH
    return Camera(
        width=width,
        height=height,
        focal=chance.between(600, 760) * scale,
        center_x=chance.between(420, 604) * scale,
        horizon_y=chance.between(205, 250) * scale,
        eye_x=street.half_road * chance.between(0.2, 0.6),
        eye_y=chance.between(1.7, 2.3),
        bend=chance.pick((0.0, 1.0, -1.0)) * chance.between(0.0004, 0.0015),
    )


def _contact_shadows(stage: Stage, things: list[Thing]) -> None:
    """Darken the ground right under things, even without sun."""
    for thing in things:
        for caster in thing.casters:
            low = caster[caster[:, 1] < 0.5]
            if len(low) >= 3 and float(np.ptp(caster[:, 1])) < 4:
                foot = low * (1.0, 0.0, 1.0)
                stage.cast(foot, strength=0.85)


def _things(chance: Chance, street: Street) -> list[Thing]:
    things: list[Thing] = []
    for side in (-1, 1):
        things += _row_of_plots(chance.fork(), street, side)
        things += _kerb(chance.fork(), street, side)
    things += _traffic(chance.fork(), street)
    things += _walkers(chance.fork(), street)
    return things


def _row_of_plots(chance: Chance, street: Street, side: int) -> list[Thing]:
    """Fill one side of the street with houses, gardens and small parks."""
    things: list[Thing] = []
    z = chance.between(-6, 1)
    while z < _FAR_END:
        wide = chance.between(8, 17)
        end = z + wide
        if street.crossing is not None and z < street.crossing < end + 1.0:
            end = street.crossing
        elif street.crosses(z):
            z = street.crossing + street.crossing_width if street.crossing is not None else z
            continue
        if end - z > 3.5:
            park = chance.happens(0.24)
            things += (_park if park else _plot)(chance.fork(), street, side, z, end)
        z = end + (0.0 if chance.happens(0.7) else chance.between(0.8, 3.0)) + 1e-3
    return things


def _plot(chance: Chance, street: Street, side: int, z0: float, z1: float) -> list[Thing]:
    things = [buildings.house(chance, side, street.front, z0, z1)]
    if street.verge > 1.0 and z0 > 1:
        x = side * (street.walk_end + 0.15)
        choice = chance.whole(0, 4)
        if choice == 0:
            things.append(furniture.fence(chance, x, z0 + 0.2, z1 - 0.2))
        elif choice == 1:
            things.append(plants.hedge(chance, x + side * 0.4, z0 + 0.3, z1 - 0.3))
        for _ in range(chance.whole(0, 4)):
            things.append(
                plants.bush(chance, side * (street.front - chance.between(0.5, 1.0)), chance.between(z0, z1) + 1)
            )
    return things


def _park(chance: Chance, street: Street, side: int, z0: float, z1: float) -> list[Thing]:
    things = []
    if chance.happens(0.6):
        things.append(furniture.fence(chance, side * (street.front + 0.2), z0, z1))
    else:
        things.append(plants.hedge(chance, side * (street.front + 0.6), z0, z1))
    for _ in range(chance.whole(3, 8)):
        x, z = side * (street.front + chance.between(2.5, 16)), max(chance.between(z0, z1), 7.0)
        things.append(plants.tree(chance, x, z))
    for _ in range(chance.whole(1, 5)):
        x, z = side * (street.front + chance.between(1.5, 8)), max(chance.between(z0, z1), 5.0)
        things.append(plants.bush(chance, x, z))
    return things


def _kerb(chance: Chance, street: Street, side: int) -> list[Thing]:
    """Place lamps, trees, signs, bins and parked bicycles along the edge of the pavement, and traffic lights."""
    things: list[Thing] = []
    edge = side * (street.half_road + 0.45)
    step, leafy = chance.between(6.5, 10), chance.happens(0.55)
    z = chance.between(6.5, 10)
    lamp_turn = chance.whole(0, 3)
    while z < 100:
        if not street.crosses(z, 2.0):
            if lamp_turn == 0:
                things.append(furniture.lamp(chance, edge, z))
            elif leafy:
                things.append(plants.tree(chance, edge + side * 0.3, z))
            elif chance.happens(0.4):
                things.append(furniture.sign(chance, edge, z))
        lamp_turn = (lamp_turn + 1) % 3
        z += step
    spots = [(furniture.sign, 0.8, 6, 40), (furniture.sign, 0.6, 10, 30), (furniture.litter_bin, 0.5, 6, 24),
             (people.parked_bicycle, 0.75, 6, 26), (people.parked_bicycle, 0.5, 8, 30)]  # fmt: skip
    for make, probability, near, far in spots:
        place = chance.between(near, far)
        if chance.happens(probability) and not street.crosses(place, 1.0):
            things.append(make(chance, edge + side * chance.between(0.0, 0.5), place))
    if chance.happens(0.3):
        start = chance.between(6, 25)
        things += [
            furniture.post(chance, edge, start + 1.6 * k) for k in range(6) if not street.crosses(start + 1.6 * k)
        ]
    if street.crossing is not None and chance.happens(0.8):
        beyond = street.crossing + street.crossing_width + 0.5
        things.append(furniture.traffic_light(chance, edge, street.crossing - 1.0 if side > 0 else beyond))
        things.append(furniture.traffic_light(chance, edge, beyond if side > 0 else street.crossing - 1.0))
    return things


def _traffic(chance: Chance, street: Street) -> list[Thing]:
    """Fill lanes and parking rows; each row keeps its vehicles apart."""
    things: list[Thing] = []
    per_side = street.lanes // 2
    for side in (-1, 1):
        parking = street.half_road > 4.7 and chance.happens(0.75)
        usable = street.half_road - (2.1 if parking else 0.0)
        for lane in range(per_side):
            x = side * usable * (lane + 0.5) / per_side
            things += _lane(chance.fork(), street, x, side, dense=0.55 if lane == 0 else 0.45)
        if parking:
            things += _parked(chance.fork(), street, side)
    if street.crossing is not None and chance.happens(0.65):
        middle = street.crossing + street.crossing_width / 2
        across = chance.sign()
        z = middle - across * 1.7
        pose = Pose(chance.between(-9, 9) - across * 2, z, across * math.pi / 2)
        things.append(chance.pick((vehicles.car, vehicles.car, vehicles.bus, vehicles.truck))(chance, pose))
    return things


def _lane(chance: Chance, street: Street, x: float, side: int, dense: float) -> list[Thing]:
    things: list[Thing] = []
    z = chance.between(9, 22) if side > 0 else chance.between(6, 14)
    big_left = 1
    while z < 105:
        kind = chance.unit()
        make = vehicles.car
        if kind > 0.62 and z > 11 and big_left:
            make = vehicles.truck if kind > 0.82 else vehicles.bus
            big_left -= 1
        if chance.happens(dense) and not street.crosses(z + 2, 6.0):
            drift = chance.between(-0.25, 0.25)
            # Traffic keeps to the right: the right side drives away from the camera.
            pose = Pose(x + drift, z, 0.0) if side > 0 else Pose(x + drift, z + 4.4, math.pi)
            if side < 0 and make is not vehicles.car:
                pose = Pose(x + drift, z + 11, math.pi)
            things.append(make(chance, pose))
            z += 6 if make is vehicles.car else 13
        elif chance.happens(0.25) and z < 45:
            things.append(people.cyclist(chance, x + side * 0.9, z))
        z += chance.between(3, 13)
    return things


def _parked(chance: Chance, street: Street, side: int) -> list[Thing]:
    things: list[Thing] = []
    x = side * (street.half_road - 1.05)
    z = chance.between(4.5, 9)
    while z < 90:
        if chance.happens(0.62) and not street.crosses(z + 2, 5.0):
            pose = Pose(x, z, 0.0) if side > 0 else Pose(x, z + 4.5, math.pi)
            things.append(vehicles.car(chance, pose))
        z += chance.between(5.2, 6.4)
    return things


def _walkers(chance: Chance, street: Street) -> list[Thing]:
    """People on both pavements, some in company, some on the zebra crossing, some cyclists."""
    things: list[Thing] = []
    for side in (-1, 1):
        for _ in range(chance.whole(3, 9)):
            z = 5.5 + 50 * chance.unit() ** 1.6
            x = side * (street.half_road + 0.7 + (street.walk - 1.0) * chance.unit())
            if street.crosses(z):
                continue
            things.append(people.person(chance, x, z))
            if chance.happens(0.3):
                things.append(people.person(chance, x + chance.between(0.45, 0.7), z + chance.between(-0.3, 0.3)))
    if street.crossing is not None:
        for _ in range(chance.whole(0, 5)):
            x = chance.between(-street.half_road, street.half_road)
            things.append(people.person(chance, x, street.crossing - chance.between(1.2, 3.2)))
    for _ in range(chance.whole(1, 3)):
        side = chance.sign()
        things.append(people.cyclist(chance, side * (street.half_road - 0.7), chance.between(7, 30)))
    return things


def _paint_bonnet(stage: Stage, chance: Chance) -> None:
    """Paint the bonnet of the car that carries the camera: the ignored class at the bottom edge."""
    camera, light = stage.camera, stage.light
    w, h = camera.width, camera.height
    unit = w / WIDTH
    rise = chance.between(20, 40) * unit
    color = chance.pick(((64, 70, 82), (86, 48, 46), (44, 66, 74), (92, 92, 92)))
    part = np.arange(25) / 24
    for step in range(5):
        shrink = 1 - 0.16 * step
        top = h - rise * shrink * (1 - (2 * part - 1) ** 4 * 0.75)
        arch = np.stack([w * (0.06 + 0.88 * part), top], axis=1)
        foot = np.array([[w * 0.97, h + 2.0], [w * 0.03, h + 2.0]])
        sketch = Sketch(camera, light)
        tone = 1.5 - 0.22 * step if step else 0.7
        sketch.image(np.concatenate([arch, foot]), light.seen((color[0] * tone, color[1] * tone, color[2] * tone),
                     (0.0, 1.0, 0.0), 0.0))  # fmt: skip
        if step == 0:
            stage.canvas.paint(sketch, EGO_VEHICLE)
        else:
            stage.canvas.decorate(sketch)
