"""The images that say most about two models, as small pictures: truth, A, B and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.metrics.agreement import Agreement, agreement_map, agreement_pixels
from segstudio.ops.image import read_image
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.workflows.pairing import pair
from segstudio.workflows.sides import Entry, both_sides

MOST = 30
_WIDTH = 320
_OPACITY = 0.6
_QUALITY = 82
_NO_PHOTO = 200
_HATCH = 6
Image = NDArray[np.uint8]
IndexRaster = NDArray[Any]


@dataclass(frozen=True, slots=True)
class TellingImage:
    """One image: JPEG files of what the truth, A and B say and of where they differ, with the pixels of each case."""

    name: str
    truth: bytes
    a: bytes
    b: bytes
    difference: bytes
    pixels: Mapping[Agreement, int]


def most_telling(rows: Sequence[tuple[str, float | None, float | None]], most: int = MOST) -> list[str]:
    """The names of images by (name, score of A, score of B): those where B wins most and those where A wins most, in
    halves as far as there are any, the largest difference first.
    """
    known = [(b - a, name) for name, a, b in rows if a is not None and b is not None and a != b]
    b_wins = sorted((row for row in known if row[0] > 0), key=lambda row: -row[0])
    a_wins = sorted(row for row in known if row[0] < 0)
    half = most // 2
    from_b = b_wins[: max(half, most - len(a_wins))]
    chosen = from_b + a_wins[: most - len(from_b)]
    return [name for _, name in sorted(chosen, key=lambda row: -abs(row[0]))]


def telling_images(
    truth: Path, a: Path, b: Path, names: Sequence[str], *, classes: ClassSet | None = None, split: str | None = None
) -> list[TellingImage]:
    """Draw the images of these keys of the truth, in this order; those that cannot be drawn are left out."""
    found: dict[str, list[Any]] = {}
    palette = ClassSet("none", ())
    for prediction in (a, b):
        with both_sides(truth, prediction, classes=classes, split=split) as (own, other, common):
            palette = common
            wanted = {name: own.entries[name] for name in names if name in own.entries}
            for key, entry, partner in pair(wanted, other.entries, number_of=Entry.image_number).pairs:
                try:
                    if key not in found:
                        found[key] = [_photo(entry, partner), entry.index_map()]
                    found[key].append(partner.index_map())
                except UserError:
                    found.pop(key, None)
    complete = [(name, found[name]) for name in names if len(found.get(name, ())) == 4]
    return [_drawn(name, *rasters, classes=palette) for name, rasters in complete]


def _photo(*entries: Entry) -> Image | None:
    for entry in entries:
        source = entry.source
        if isinstance(source, ImageItem) and source.path is not None and source.path.exists():
            return read_image(source.path, page=source.page).image_hwc
    return None


def _drawn(
    name: str, photo: Image | None, truth_hw: IndexRaster, a_hw: IndexRaster, b_hw: IndexRaster, *, classes: ClassSet
) -> TellingImage:
    codes = agreement_map(truth_hw, a_hw, b_hw, num_classes=classes.num_classes)
    height, width = truth_hw.shape
    size = (_WIDTH, max(1, round(height * _WIDTH / width)))
    ground = np.full((size[1], size[0], 3), _NO_PHOTO, np.uint8)
    if photo is not None:
        ground = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    colors = np.full((256, 3), 60, np.uint8)
    for index, item in enumerate(classes.evaluated):
        colors[index] = item.color
    opacity = np.full(256, _OPACITY if photo is not None else 1.0)
    opacity[classes.num_classes :] = 0.35

    def drawn(side_hw: IndexRaster) -> bytes:
        return _encoded(_laid_over(ground, _small(side_hw, size), colors, opacity))

    difference = _encoded(_difference(ground, _small(codes, size)))
    return TellingImage(name, drawn(truth_hw), drawn(a_hw), drawn(b_hw), difference, agreement_pixels(codes))


def _difference(ground: Image, codes: Image) -> Image:
    """The cases in their colours over a paled picture; both wrong differently is hatched, as on the screen."""
    pale = np.asarray(ground // 3 + 150, np.uint8)
    colors, opacity = np.zeros((256, 3), np.uint8), np.zeros(256)
    for code, color in AGREEMENT_COLORS.items():
        colors[code], opacity[code] = color, 0.9
    drawn = _laid_over(pale, codes, colors, opacity)
    rows, columns = np.indices(codes.shape)
    stripes = (codes == Agreement.BOTH_WRONG_DIFFERENTLY) & ((rows + columns) % _HATCH < _HATCH // 2)
    drawn[stripes] = 225
    return drawn


def _small(raster_hw: IndexRaster, size: tuple[int, int]) -> Image:
    narrow = np.minimum(raster_hw, 255).astype(np.uint8)
    return np.asarray(cv2.resize(narrow, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _laid_over(ground: Image, numbers: Image, colors: Image, opacity: NDArray[np.float64]) -> Image:
    share = opacity[numbers][..., None]
    return np.asarray(np.rint(ground * (1 - share) + colors[numbers] * share), np.uint8)


def _encoded(image_hwc: Image) -> bytes:
    _, data = cv2.imencode(".jpg", image_hwc[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
