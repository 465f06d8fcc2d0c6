"""What the camera does to a painted picture: surface grain, blur, exposure, vignette, sensor noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown import classes
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.light import Light
from segstudio.workflows.toytown.noise import SIZE, grain, patchy

_ROUGHNESS = {
    classes.BUILDING: (8, 5),
    classes.VEGETATION: (22, 8),
    classes.TERRAIN: (22, 9),
    classes.CAR: (3, 3),
    classes.TRUCK: (4, 5),
    classes.BUS: (3, 4),
    classes.FENCE: (10, 5),
    classes.PERSON: (9, 4),
    classes.RIDER: (9, 4),
    classes.EGO_VEHICLE: (3, 6),
}


def photograph(
    image_hwc: NDArray[np.uint8], class_hw: NDArray[np.uint8], light: Light, chance: Chance
) -> NDArray[np.uint8]:
    """Return the photo `[H, W, 3]` that a camera takes of a painted picture."""
    height, width = class_hw.shape
    gain = _surface(class_hw, 0.4 if light.mood == "fog" else 1.0, chance)
    cv2.multiply(gain, _vignette(height, width), gain, 1 / 128)
    exposure = light.exposure * chance.between(0.94, 1.06)
    photo = np.asarray(cv2.multiply(image_hwc, cv2.merge([gain, gain, gain]), scale=exposure / 128), np.uint8)
    if light.mood in {"glare", "golden", "dusk"}:
        photo = _bloom(photo, 0.5 if light.mood == "glare" else 0.28)
    softness = chance.pick((0.0, 0.0, 0.45, 0.6, 0.9))
    if softness:
        photo = np.asarray(cv2.GaussianBlur(photo, (5, 5), softness), np.uint8)
    if chance.happens(0.1):
        photo = np.asarray(cv2.blur(photo, (chance.pick((3, 5)), 1)), np.uint8)
    strength = {"dusk": 14, "fog": 7}.get(light.mood, 5) * chance.between(0.6, 1.3)
    return _sensor(photo, strength, chance)


def _surface(class_hw: NDArray[np.uint8], contrast: float, chance: Chance) -> NDArray[np.uint8]:
    """Return the roughness of surfaces as factors, 128 = 1."""
    height, width = class_hw.shape
    shift = chance.octets(4).astype(np.int64)
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    fine = (grain() * 127).astype(np.int16)[(rows + shift[0]) % SIZE, (columns + shift[1]) % SIZE]
    broad = (patchy() * 127).astype(np.int16)[(rows + shift[2]) % SIZE, (columns + shift[3]) % SIZE]
    weights = np.zeros((2, 256), np.int16)
    for class_id, (small, large) in _ROUGHNESS.items():
        weights[:, class_id] = small * contrast, large * contrast
    rough = (fine * weights[0][class_hw] + broad * weights[1][class_hw]) >> 7
    return np.asarray(rough + 128, np.uint8)


def _vignette(height: int, width: int) -> NDArray[np.uint8]:
    y = (np.arange(height, dtype=np.float32) / height * 2 - 1)[:, None]
    x = (np.arange(width, dtype=np.float32) / width * 2 - 1)[None, :]
    return (128 * (1 - 0.10 * (x * x * 0.7 + y * y * 0.5))).astype(np.uint8)


def _bloom(photo: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """Return the photo with light spilling out of its brightest parts."""
    height, width = photo.shape[:2]
    small = cv2.resize(photo, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    spill = cv2.blur(cv2.blur(cv2.subtract(small, np.full_like(small, 190)), (25, 25)), (25, 25))
    wide = cv2.resize(spill, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(photo, 1.0, wide, strength * 2, 0.0), np.uint8)


def _sensor(photo: NDArray[np.uint8], strength: float, chance: Chance) -> NDArray[np.uint8]:
    """Add noise of about `strength` / 3 grey levels, the sum of two even distributions per sample."""
    shape = photo.shape
    first, second = (chance.octets(*shape).astype(np.int16) for _ in range(2))
    noise = ((first + second - 255) * round(strength * 4)) >> 10
    return np.clip(photo + noise, 0, 255).astype(np.uint8)
