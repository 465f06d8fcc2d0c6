"""The sky with sun and clouds, and what closes the street on the horizon."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.camera import Points, circle
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import BUILDING, SKY, VEGETATION
from segstudio.workflows.toytown.light import channels, mixed, scaled, varied
from segstudio.workflows.toytown.noise import cloudy
from segstudio.workflows.toytown.sketch import SCALE, Sketch
from segstudio.workflows.toytown.stage import Stage

_FAR = 170.0


def paint_backdrop(stage: Stage, chance: Chance) -> None:
    """Paint sky, hills and skyline down to the horizon."""
    camera, canvas = stage.camera, stage.canvas
    bottom = camera.horizon_y + 6
    everything = np.array([[0.0, 0.0], [camera.width, 0.0], [camera.width, bottom], [0.0, bottom]])
    sky = Sketch(camera, stage.light)
    sky.image(everything, stage.light.sky_low)
    canvas.paint(sky, SKY)
    _paint_air(stage, chance.fork(), int(bottom))
    _paint_hills(stage, chance.fork())
    _paint_skyline(stage, chance.fork())


def _paint_air(stage: Stage, chance: Chance, rows: int) -> None:
    """Fill the sky's rows with its gradient, the sun's glow and clouds; half as many pixels, then enlarged."""
    light, camera = stage.light, stage.camera
    width = camera.width // 2
    height = rows // 2 + 1
    down = (np.arange(height, dtype=np.float32) / height)[:, None, None]
    top, low = channels(light.sky_top), channels(light.sky_low)
    air = np.broadcast_to(top + (low - top) * down**0.8, (height, width, 3)).astype(np.float32)
    sun_z = light.toward_sun[2]
    if light.mood in {"golden", "glare", "clear", "dusk"} and sun_z > 0.15:
        x = camera.center_x + camera.focal * light.toward_sun[0] / sun_z
        y = camera.horizon_y - camera.focal * light.toward_sun[1] / sun_z
        _add_glow(air, x / 2, max(y, 10.0) / 2, 0.9 if light.mood == "glare" else 0.6)
    if light.clouds > 0:
        cover = _clouds(chance, height, width, light.clouds)
        bright = channels(mixed(light.sky_low, (255.0, 252.0, 248.0), 0.7))
        shaded = channels(scaled(mixed(light.sky_top, light.sky_low, 0.75), 0.96))
        under = np.clip(cover * 1.6 - 0.55, 0, 1)[..., None]
        cloud = bright + (shaded - bright) * under
        air += (cloud - air) * (np.clip(cover * 1.5, 0, 0.92) * (1 - 0.6 * down[..., 0]))[..., None]
    size = (camera.width * SCALE, height * 2 * SCALE)
    big = cv2.resize(np.clip(air, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
    end = min(rows * SCALE, stage.canvas.image.shape[0])
    stage.canvas.image[:end] = big[:end]


def _add_glow(air: NDArray[np.float32], x: float, y: float, strength: float) -> None:
    rows, columns = np.ogrid[: air.shape[0], : air.shape[1]]
    square = (columns - np.float32(x)) ** 2 + (rows - np.float32(y)) ** 2
    disc = np.float32(1.0) / (1 + square / 120.0) + np.float32(0.45 * strength) / (1 + square / 9000.0)
    warm = np.array([255, 246, 222], np.float32)
    air += (warm - air) * np.clip(disc, 0, 1)[..., None]


def _clouds(chance: Chance, height: int, width: int, amount: float) -> NDArray[np.float32]:
    """Return cloud cover `[height, width]`, 0 … 1; flatter and smaller toward the horizon."""
    field = cloudy(chance, 512, 4, 6)
    rows = np.arange(height, dtype=np.float64) / height
    distance = 1.0 / (1.12 - rows)
    across = (np.arange(width) - width / 2)[None, :] * distance[:, None] * 0.55
    v = (distance * 150).astype(np.int64)[:, None] % 512
    u = across.astype(np.int64) % 512
    cover = np.clip(field[v, u] * 1.5 + np.float32(amount - 0.62), 0, 1)
    return np.asarray(cv2.blur(cover, (5, 3)), np.float32)


def _paint_hills(stage: Stage, chance: Chance) -> None:
    """Paint one or two wooded ridges."""
    camera = stage.camera
    for ridge in range(chance.whole(1, 3)):
        height = chance.between(10, 34) - 8 * ridge
        x = np.linspace(0, camera.width, 80)
        bumps = np.zeros(80)
        for waves in (2, 5, 11, 40):
            bumps += np.interp(x, np.linspace(0, camera.width, waves + 2), chance.units(waves + 2)) / waves**0.6
        y = camera.horizon_y + 4 - height * (0.3 + 0.55 * bumps)
        line = np.stack([x, y], axis=1)
        foot = np.array([[camera.width, camera.horizon_y + 6], [0.0, camera.horizon_y + 6]])
        sketch = Sketch(camera, stage.light)
        color = stage.light.seen(varied((78, 106, 70), chance), (0.0, 1.0, 0.0), _FAR * (1.6 - 0.5 * ridge))
        sketch.image(np.concatenate([line, foot]), color)
        stage.canvas.paint(sketch, VEGETATION)


def _paint_skyline(stage: Stage, chance: Chance) -> None:
    """Paint the town's far blocks, and now and then a church or a tower, as silhouettes in the haze."""
    camera = stage.camera
    base = camera.horizon_y + 6
    x = chance.between(-60, 0)
    while x < camera.width:
        wide, high = chance.between(14, 52), chance.between(8, 40)
        sketch = Sketch(camera, stage.light)
        tone = varied((132, 118, 112), chance, 0.2)
        color = stage.light.seen(tone, (0.0, 0.3, -0.95), _FAR * chance.between(0.8, 1.4))
        sketch.image(_block(x, base, wide, high, chance.whole(0, 5)), color)
        stage.canvas.paint(sketch, BUILDING)
        x += wide * chance.between(0.7, 1.9)


def _block(x: float, base: float, wide: float, high: float, shape: int) -> Points:
    top = base - high
    if shape == 0:
        return np.array([[x, base], [x, top], [x + wide / 2, top - wide * 0.3], [x + wide, top], [x + wide, base]])
    if shape == 1:
        dome = circle(20)[:11] * (wide / 2, -wide / 3) + (x + wide / 2, top)
        return np.concatenate([[[x + wide, base]], dome, [[x, base]]])
    return np.array([[x, base], [x, top], [x + wide, top], [x + wide, base]])
