"""The light of a scene: sun, sky, haze and what they make of a colour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.camera import Vector, turn
from segstudio.workflows.toytown.chance import Chance

Color = tuple[float, float, float]

MOODS = ("golden", "clear", "overcast", "clear", "dusk", "fog", "clear", "glare", "overcast", "golden", "dusk")


@dataclass(frozen=True)
class Light:
    """Light and air of one scene; colours are RGB, light as factors, surfaces and sky in 0 … 255."""

    mood: str
    toward_sun: Vector
    sun: Color
    ambient: Color
    sky_top: Color
    sky_low: Color
    haze: Color
    haze_per_metre: float
    exposure: float
    lit_windows: float
    clouds: float

    def level(self, normal: Vector, lit: float) -> Color:
        """Return the light that falls on a surface, per channel; `lit` is 0 in a cast shadow."""
        (nx, ny, nz), (sx, sy, sz), sun, ambient = normal, self.toward_sun, self.sun, self.ambient
        facing = max(0.0, nx * sx + ny * sy + nz * sz) * lit
        # The sky lights what looks up more than what looks down or sideways.
        open_sky = 0.82 + 0.18 * ny
        return (
            ambient[0] * open_sky + sun[0] * facing,
            ambient[1] * open_sky + sun[1] * facing,
            ambient[2] * open_sky + sun[2] * facing,
        )

    def through_air(self, color: Color, depth: float) -> Color:
        """Return a colour as seen through `depth` metres of haze, within 0 … 255."""
        clear = math.exp(-self.haze_per_metre * max(depth, 0.0))
        veil = 1.0 - clear
        return (
            min(255.0, color[0] * clear + self.haze[0] * veil),
            min(255.0, color[1] * clear + self.haze[1] * veil),
            min(255.0, color[2] * clear + self.haze[2] * veil),
        )

    def seen(self, color: Color, normal: Vector, depth: float, lit: float = 1.0) -> Color:
        """Return the colour of a lit surface as the camera sees it."""
        level = self.level(normal, lit)
        return self.through_air(scaled(color, level), depth)


def channels(color: Color) -> NDArray[np.float32]:
    """Return a colour as an array `[3]`, to calculate with whole pictures."""
    return np.array(color, np.float32)


def scaled(color: Color, factor: float | Color) -> Color:
    """Return a colour multiplied by one factor or one per channel."""
    f = (factor, factor, factor) if isinstance(factor, (int, float)) else factor
    return color[0] * f[0], color[1] * f[1], color[2] * f[2]


def mixed(first: Color, second: Color, part: float) -> Color:
    """Return `first` with `part` (0 … 1) of `second` in it."""
    keep = 1.0 - part
    return (
        first[0] * keep + second[0] * part,
        first[1] * keep + second[1] * part,
        first[2] * keep + second[2] * part,
    )


def varied(color: Color, chance: Chance, amount: float = 0.12) -> Color:
    """Return a colour a little brighter or darker, warmer or cooler."""
    tone = 1.0 + amount * (2 * chance.unit() - 1)
    warmth = 0.4 * amount * (2 * chance.unit() - 1)
    return scaled(color, (tone * (1 + warmth), tone, tone * (1 - warmth)))


def toward(azimuth: float, elevation: float) -> Vector:
    """Return the unit vector toward a sun; azimuth 0 is ahead of the camera, elevation above the horizon (rad)."""
    (cos_a, sin_a), (cos_e, sin_e) = turn(azimuth), turn(elevation)
    return sin_a * cos_e, sin_e, cos_a * cos_e


def light_of(mood: str, chance: Chance) -> Light:
    """Return the light of a named mood, with the sun at a random place that suits it."""
    side = chance.sign() * chance.between(0.5, 2.3)
    high = toward(side, chance.between(0.6, 0.95))
    low = toward(chance.sign() * chance.between(0.9, 2.0), chance.between(0.3, 0.5))
    if mood == "golden":
        return Light(mood, low, (0.92, 0.66, 0.38), (0.58, 0.57, 0.66), (92, 132, 190), (252, 214, 170),
                     (246, 212, 176), 0.0038, 1.22, 0.06, 0.55)  # fmt: skip
    if mood == "dusk":
        return Light(mood, low, (0.12, 0.07, 0.06), (0.68, 0.62, 0.74), (52, 64, 122), (238, 158, 128),
                     (150, 122, 138), 0.0050, 1.12, 0.50, 0.6)  # fmt: skip
    if mood == "overcast":
        return Light(mood, high, (0.14, 0.14, 0.14), (0.88, 0.90, 0.93), (158, 168, 180), (214, 219, 224),
                     (205, 211, 218), 0.0050, 1.06, 0.04, 1.0)  # fmt: skip
    if mood == "fog":
        return Light(mood, high, (0.06, 0.06, 0.06), (0.84, 0.86, 0.88), (196, 203, 208), (208, 213, 216),
                     (206, 211, 214), chance.between(0.018, 0.032), 1.0, 0.08, 0.0)  # fmt: skip
    if mood == "glare":
        return Light(mood, high, (0.66, 0.62, 0.54), (0.66, 0.69, 0.75), (120, 168, 224), (232, 240, 246),
                     (226, 234, 242), 0.0045, 1.42, 0.0, 0.4)  # fmt: skip
    return Light(mood, high, (0.66, 0.61, 0.50), (0.60, 0.64, 0.72), (72, 132, 204), (194, 220, 238),
                 (196, 216, 232), 0.0035, 1.14, 0.0, 0.7)  # fmt: skip
