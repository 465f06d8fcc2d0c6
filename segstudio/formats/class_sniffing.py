"""Telling class ids from photographs by their pixels, and a class set from the ids and colours that occur."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.class_set import IGNORED, ClassSet, LabelClass, distinct_color
from segstudio.core.errors import UserError
from segstudio.core.segments import MAX_SEGMENT
from segstudio.formats.rasters import present_values
from segstudio.ops.image import read_label_png

FEW_VALUES = 64
MANY_CLASSES = 2048
SAMPLED_FILES = 200

_GREY, _PALETTE = 0, 3
_STRIP_PIXELS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Content:
    """What a label file holds: its values (or packed colours), and the share of pixels like the one to their left."""

    is_color: bool
    values: frozenset[int]
    runs: float


def looks_like_labels(path: Path, class_set: ClassSet | None = None) -> bool:
    """Whether the pixels of a PNG are class ids: one channel with few values, or long runs of equal ones.

    With a class set: its ids (0 and 255 aside) or its colours and nothing else.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(26)
        if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 26:
            return False
        one_channel = head[25] in (_GREY, _PALETTE)
        if not one_channel and class_set is None:
            return False
        content = _content_of(path)
    except (OSError, UserError):
        # Damaged label files must be reported as such, so the header alone decides.
        return path.is_file() and one_channel_header(path)
    if content.is_color:
        return class_set is not None and content.values <= {*_class_of_color(class_set), 0}
    if class_set is not None and content.values <= {c.id for c in class_set.classes} | {0, IGNORED}:
        return True
    return len(content.values) <= FEW_VALUES or content.runs > 0.8


def _content_of(path: Path) -> _Content:
    """Raises as `read_label_png` does, and `OSError`."""
    status = path.stat()
    return _content_of_state(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=512)
def _content_of_state(path: Path, modified_ns: int, nbytes: int) -> _Content:
    """Kept as long as the file is the same: several questions are asked of it until a data set is open."""
    pixels = read_label_png(path)
    height, width = pixels.shape[:2]
    values: set[int] = set()
    equal = 0
    rows = max(1, _STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        strip = pixels[top : top + rows]
        if strip.ndim == 3:
            values.update(np.unique(packed_colors(strip)).tolist())
            if len(values) > MAX_SEGMENT:
                break
        else:
            values.update(present_values(strip, where=str(path)))
            equal += int(np.count_nonzero(strip[:, 1:] == strip[:, :-1]))
    runs = equal / (height * (width - 1)) if width > 1 else 1.0
    return _Content(pixels.ndim == 3, frozenset(values), runs)


def one_channel_header(path: Path) -> bool:
    """Whether the file begins as a PNG of one channel does."""
    try:
        with path.open("rb") as stream:
            head = stream.read(26)
    except OSError:
        return False
    return len(head) == 26 and head[:8] == b"\x89PNG\r\n\x1a\n" and head[25] in (_GREY, _PALETTE)


def packed_colors(pixels_hwc: NDArray[Any]) -> NDArray[np.uint32]:
    """uint32 `[H, W]`: red · 65536 + green · 256 + blue of an RGB(A) array."""
    red, green, blue = (pixels_hwc[:, :, channel].astype(np.uint32) for channel in range(3))
    return np.asarray(red << 16 | green << 8 | blue, np.uint32)


def _class_of_color(class_set: ClassSet) -> dict[int, int]:
    """Packed colour → class id; where classes share a colour, one that counts goes before one that does not."""
    order = sorted(class_set.classes, key=lambda c: (c.is_ignored, c.id < 0))
    colors: dict[int, int] = {}
    for c in order:
        if c.id >= 0:
            colors.setdefault(c.color[0] << 16 | c.color[1] << 8 | c.color[2], c.id)
    return colors


def colors_fit(pixels_hwc: NDArray[Any], class_set: ClassSet) -> bool:
    """Whether every colour is one of the set's (black aside)."""
    return set(np.unique(packed_colors(pixels_hwc)).tolist()) <= {*_class_of_color(class_set), 0}


def values_of_colors(pixels_hwc: NDArray[Any], class_set: ClassSet, *, where: str) -> NDArray[np.int64]:
    """int64 `[H, W]` class ids of a colour-coded raster; 255 for black where no class is black.

    Raises `UserError` naming `where` and the first colours that no class has.
    """
    class_of = _class_of_color(class_set)
    class_of.setdefault(0, IGNORED)
    packed = packed_colors(pixels_hwc)
    colors, inverse = np.unique(packed, return_inverse=True)
    unknown = [c for c in colors.tolist() if c not in class_of]
    if unknown:
        listed = ", ".join(f"#{c:06x}" for c in unknown[:5]) + (" …" if len(unknown) > 5 else "")
        raise UserError(f"{where}: colours {listed} are not in the class set {class_set.name!r}")
    lut = np.array([class_of[c] for c in colors.tolist()], np.int64)
    return np.asarray(lut[inverse.reshape(packed.shape)], np.int64)


def sniffed_class_set(paths: list[Path]) -> ClassSet:
    """A class set of the ids that occur in (a sample of) the files; VOC's where the palette and the ids are VOC's.

    255 is void. Names are "class 7", colours those of the palette where there is one.
    """
    step = max(1, len(paths) // SAMPLED_FILES)
    seen: set[int] = set()
    palette: list[int] | None = None
    for path in paths[::step]:
        try:
            content = _content_of(path)
            if not content.is_color:
                seen.update(content.values)
        except (OSError, UserError):
            continue  # reported when the image's labels are asked for
        palette = palette or palette_of(path)
    voc = ClassSet.load("voc")
    if (
        palette
        and seen <= {*range(21), IGNORED}
        and palette[: 21 * 3] == [v for c in voc.classes[:21] for v in c.color]
    ):
        return voc
    if len(seen) > MANY_CLASSES:
        raise UserError(f"{paths[0].parent}: the PNGs hold {len(seen)} different values, too many for class ids")
    classes = [c for c in sorted(seen) if c != IGNORED]
    rows = [_plain_class(c, position, palette) for position, c in enumerate(range(max(classes, default=0) + 1))]
    void = LabelClass(IGNORED, "void", (224, 224, 192), is_ignored=True)
    return ClassSet("custom", (*rows, void) if max(classes, default=0) < IGNORED else tuple(rows))


def _plain_class(class_id: int, position: int, palette: list[int] | None) -> LabelClass:
    color = distinct_color(class_id)
    if palette and len(palette) >= 3 * class_id + 3:
        red, green, blue = palette[3 * class_id : 3 * class_id + 3]
        color = (red, green, blue)
    return LabelClass(class_id, f"class {class_id}", color, train_id=position if position < IGNORED else IGNORED)


def palette_of(path: Path) -> list[int] | None:
    """The palette of a palette image as red, green, blue, red …; None where it has none or is damaged."""
    try:
        with Image.open(path) as image:
            return image.getpalette() if image.mode == "P" else None
    except (OSError, ValueError, SyntaxError):
        return None
