"""Colour tables: from the number a pixel holds (segment, object slot, error code, confidence) to how it is drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet, Color, distinct_color
from segstudio.core.segments import SegmentTable

Packed = NDArray[np.uint32]
"""One 32-bit word per entry, blue in the lowest byte, as Qt's RGB32 buffers hold them."""

Palette = Literal["dataset", "color-blind"]

COLOR_BLIND_SAFE: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (225, 225, 225),
)
"""Okabe and Ito, "Color Universal Design" (2008), with light grey for black, which a dark photo would swallow; a
middle grey is what the last but one looks like to people who see no green."""

ERROR_COLORS: Mapping[int, Color] = {1: (40, 160, 70), 2: (230, 60, 50), 3: (60, 120, 255), 4: (245, 170, 0)}
ERROR_COLORS_COLOR_BLIND: Mapping[int, Color] = {
    1: (0, 158, 115),
    2: (213, 94, 0),
    3: (86, 180, 233),
    4: (240, 228, 66),
}
"""Colours of the error codes 1 true positive, 2 false positive, 3 false negative, 4 wrong class; others stay bare."""

ERROR_VOID = 5
"""The error code of pixels without truth, which are hatched."""

KIND_COLORS: Mapping[int, Color] = {
    1: (0, 158, 115),
    2: (240, 228, 66),
    3: (230, 159, 0),
    4: (0, 114, 178),
    5: (213, 94, 0),
    6: (204, 121, 167),
    7: (86, 180, 233),
    8: (235, 235, 235),
}
"""Colours of the kinds 1 right, 2 boundary, 3 extent, 4 missed, 5 spurious, 6 class swap, 7 split, 8 merge; 9, void, is
hatched. From the palette of Okabe and Ito, so that everybody can tell them apart."""
KIND_VOID = 9

AGREEMENT_COLORS: Mapping[int, Color] = {
    1: (86, 180, 233),
    2: (230, 159, 0),
    3: (204, 121, 167),
    4: (96, 96, 96),
}
"""Colours of the codes 1 only A right, 2 only B right, 3 both wrong alike, 4 both wrong differently (hatched); both
right and void stay bare. From the palette of Okabe and Ito, so that everybody can tell A from B."""

GAP_COLOR: Color = (255, 0, 170)
"""What is unlabelled, where gaps are marked: a hue that neither photographs nor the common class sets hold."""

SELECTED_OUTLINE: Color = (255, 255, 255)


FILL, OUTLINE, STRIPE = 0, 1, 2
"""Which of its looks a pixel takes: plain inside, at the border of its area, or on a stripe of the hatching (void)."""

_BARE = 0xFF000000
_STRIPE_COLOR: Color = (220, 220, 220)
_VOID_COLOR: Color = (60, 60, 60)
_VOID_OPACITY = 0.25


@dataclass(frozen=True, eq=False)
class ColorTable:
    """How each number is drawn, in up to three looks.

    `words` are uint32, `looks` · `size` entries; number n in look k is entry `k * size + n`. A word is 0xKKRRGGBB: a
    drawn pixel becomes `picture · K / 255 + (R, G, B)`, the colour being premultiplied with its opacity. Numbers at or
    beyond the last entry are drawn as the last one. `is_bare_at_zero` says that number 0 leaves the picture alone.
    """

    words: Packed
    size: int
    has_outline: bool = False
    has_stripes: bool = False

    @property
    def is_bare_at_zero(self) -> bool:
        return bool((self.words[:: self.size] == _BARE).all())

    @cached_property
    def pairs(self) -> NDArray[np.uint64]:
        """Two entries looked up at once, for tables of at most 256 words: entry a + 256·b holds words a, b.

        Two neighbouring pixels' entries, uint8, are such a number where the lower byte comes first in memory.
        """
        words = self.words.astype(np.uint64)
        pairs = np.zeros((256, 256), np.uint64)
        pairs[: words.size, : words.size] = words[:, None] << np.uint64(32) | words[None, :]
        return pairs.reshape(-1)

    @classmethod
    def of(
        cls,
        colors: NDArray[np.uint8],
        opacity: NDArray[np.float64],
        *,
        outline_colors: NDArray[np.uint8] | None = None,
        outline_opacity: NDArray[np.float64] | None = None,
        striped: NDArray[np.bool_] | None = None,
    ) -> ColorTable:
        """Pack RGB `colors` uint8 `[N, 3]` with opacities 0…1 `[N]`; `striped` `[N]` marks numbers that are hatched."""
        has_outline = outline_opacity is not None and bool(outline_opacity.any())
        has_stripes = striped is not None and bool(striped.any())
        edges, edge_opacity = colors, opacity
        if outline_opacity is not None and has_outline:
            edges = colors if outline_colors is None else outline_colors
            drawn = outline_opacity > 0
            edges = np.where(drawn[:, None], edges, colors)
            edge_opacity = np.where(drawn, outline_opacity, opacity)
        stripes, stripe_opacity = colors, opacity
        if striped is not None and has_stripes:
            stripes = np.where(striped[:, None], np.array(_STRIPE_COLOR, np.uint8), colors)
            stripe_opacity = np.where(striped, np.maximum(opacity, 0.6), opacity)
        looks = 3 if has_stripes else 2 if has_outline else 1
        words = _packed(
            np.concatenate((colors, edges, stripes)[:looks]),
            np.concatenate((opacity, edge_opacity, stripe_opacity)[:looks]),
        )
        return cls(words, len(colors), has_outline, has_stripes)


def _packed(colors: NDArray[np.uint8], opacity: NDArray[np.float64]) -> Packed:
    alpha = np.rint(np.clip(opacity, 0, 1) * 255).astype(np.uint32)
    red, green, blue = ((colors[:, i].astype(np.uint32) * alpha + np.uint32(127)) // np.uint32(255) for i in range(3))
    keep = np.uint32(255) - alpha
    words: Packed = (keep << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return words


@dataclass(frozen=True, slots=True)
class ColorOptions:
    """How a layer is to look; opacities are 0…1.

    `style` is what is drawn of each segment; with "outline" the inside stays bare. `hovered` and `selected` are the
    numbers in the raster that the person points at or has chosen; `isolated` hides everything else.
    """

    opacity: float = 0.5
    style: Literal["fill", "outline", "both"] = "both"
    hidden_classes: frozenset[int] = frozenset()
    hovered: int | None = None
    selected: frozenset[int] = frozenset()
    isolated: frozenset[int] | None = None
    hatch_ignored: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class NumberColors:
    """What numbers in a raster stand for, before opacity and emphasis: looked up once, styled often.

    `colors` is uint8 `[N, 3]`, `class_ids` int64 `[N]`; `known` and `ignored` are bool `[N]`. The last entry is the
    one for unknown numbers.
    """

    colors: NDArray[np.uint8]
    class_ids: NDArray[np.int64]
    known: NDArray[np.bool_]
    ignored: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        rows: Sequence[tuple[int, int, int]],
        class_set: ClassSet,
        *,
        color_by: Literal["class", "instance"] = "class",
        palette: Palette = "dataset",
    ) -> NumberColors:
        """For rows of (number in the raster, class id, instance); instance 0 always has the colour of its class."""
        size = max((row[0] for row in rows), default=0) + 2
        colors = np.zeros((size, 3), np.uint8)
        class_ids = np.zeros(size, np.int64)
        known, ignored = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        of_class = class_colors(class_set, palette)
        not_counted = {c.id for c in class_set.classes if c.is_ignored}
        for number, class_id, instance in rows:
            color = of_class.get(class_id) or distinct_color(abs(class_id))
            colors[number] = instance_color(color, instance) if color_by == "instance" and instance else color
            class_ids[number], known[number], ignored[number] = class_id, True, class_id in not_counted
        return cls(colors, class_ids, known, ignored)

    def table(self, options: ColorOptions) -> ColorTable:
        """The colour table for some options. Hidden and isolated-away numbers stay bare."""
        present = self.known.copy()
        if options.hidden_classes:
            present &= ~np.isin(self.class_ids, list(options.hidden_classes))
        if options.isolated is not None:
            alone = np.zeros_like(present)
            alone[_in(present, options.isolated)] = True
            present &= alone
        fill = np.where(present, options.opacity if options.style != "outline" else 0.0, 0.0)
        edge = np.where(present, 1.0 if options.style != "fill" else 0.0, 0.0)
        edge_colors = np.minimum(self.colors.astype(np.uint16) * 5 // 4 + 24, 255).astype(np.uint8)
        chosen = _in(present, options.selected)
        edge[chosen], edge_colors[chosen] = 1.0, SELECTED_OUTLINE
        fill[chosen] = np.maximum(fill[chosen], min(1.0, options.opacity * 1.25))
        for number in _in(present, () if options.hovered is None else (options.hovered,)):
            edge[number] = 1.0
            fill[number] = min(1.0, max(fill[number], options.opacity) + 0.15)
        striped = self.ignored & present if options.hatch_ignored else None
        return ColorTable.of(self.colors, fill, outline_colors=edge_colors, outline_opacity=edge, striped=striped)


def segment_table(
    segments: SegmentTable, class_set: ClassSet, options: ColorOptions | None = None, *, palette: Palette = "dataset"
) -> ColorTable:
    """Colours of a label raster's segment ids, by class; 0 (unlabelled) and unknown ids stay bare."""
    rows = [(segment.id, segment.class_id, segment.instance) for segment in segments]
    return NumberColors.of(rows, class_set, palette=palette).table(options or ColorOptions())


def _in(present: NDArray[np.bool_], numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if 0 <= number < present.size and present[number]]


def class_colors(class_set: ClassSet, palette: Palette) -> dict[int, Color]:
    """Colour of each class id: the data set's own, or one that colour-blind people can tell from its neighbours."""
    if palette == "dataset":
        return {c.id: c.color for c in class_set.classes}
    return {c.id: color_blind_color(i) for i, c in enumerate(class_set.classes)}


def color_blind_color(index: int) -> Color:
    """The colour number `index`: the safe palette first, then the same hues lighter and darker by turns."""
    color = COLOR_BLIND_SAFE[index % len(COLOR_BLIND_SAFE)]
    round_ = index // len(COLOR_BLIND_SAFE)
    if round_ == 0:
        return color
    weight = 1 / (1 + (round_ + 1) // 2)
    towards = 255 if round_ % 2 else 0
    red, green, blue = (round(towards + (channel - towards) * weight) for channel in color)
    return red, green, blue


@lru_cache(maxsize=65536)
def instance_color(color: Color, instance: int) -> Color:
    """A shade for one instance of a class: two parts of a colour of its own, one part of the class's."""
    own = distinct_color(instance)
    red, green, blue = ((2 * o + c) // 3 for o, c in zip(own, color, strict=True))
    return red, green, blue


def error_table(
    *, opacity: float = 0.6, palette: Palette = "dataset", shown: Iterable[int] = (1, 2, 3, 4)
) -> ColorTable:
    """Colours of the error codes (see `ERROR_COLORS`); codes that are not `shown` stay bare."""
    colors, alpha = np.zeros((256, 3), np.uint8), np.zeros(256)
    chosen = ERROR_COLORS if palette == "dataset" else ERROR_COLORS_COLOR_BLIND
    for code in shown:
        if code in chosen:
            colors[code] = chosen[code]
            # What is right is told quietly, what is wrong loudly.
            alpha[code] = opacity * (0.5 if code == 1 else 1.0)
    return _with_hatched_void(colors, alpha, ERROR_VOID)


def kind_table(*, opacity: float = 0.7, hidden: Iterable[int] = ()) -> ColorTable:
    """Colours of the kinds of errors (see `KIND_COLORS`) without the `hidden` ones."""
    colors, alpha = np.zeros((256, 3), np.uint8), np.zeros(256)
    for code, color in KIND_COLORS.items():
        colors[code], alpha[code] = color, opacity * (0.4 if code == 1 else 1.0)
    alpha[list(hidden)] = 0
    return _with_hatched_void(colors, alpha, KIND_VOID)


def _with_hatched_void(colors: NDArray[np.uint8], alpha: NDArray[np.float64], void: int) -> ColorTable:
    colors[void], alpha[void] = _VOID_COLOR, _VOID_OPACITY
    return ColorTable.of(colors, alpha, striped=np.arange(len(alpha)) == void)


def gap_table(*, opacity: float = 0.6) -> ColorTable:
    """Colours a label raster's unlabelled pixels and leaves all others bare."""
    return ColorTable.of(np.array([GAP_COLOR, GAP_COLOR], np.uint8), np.array([opacity, 0.0]))


def agreement_table(*, opacity: float = 0.8, hidden: Collection[int] = ()) -> ColorTable:
    """Colours of who is right (see `AGREEMENT_COLORS`); `hidden` codes stay bare."""
    colors, alpha = np.zeros((8, 3), np.uint8), np.zeros(8)
    for code, color in AGREEMENT_COLORS.items():
        colors[code], alpha[code] = color, opacity if code not in hidden else 0.0
    striped = (np.arange(8) == 4) & (4 not in hidden)
    return ColorTable.of(colors, alpha, striped=striped)


def confidence_table(*, opacity: float = 0.6, threshold: float = 0.0) -> ColorTable:
    """Colours of a confidence 0…255: dark violet where the model is unsure, over green, to yellow where it is certain.

    Values below `threshold` (0…1) are drawn red. The course of the colours is a coarse viridis (Smith & van der Walt,
    2015), which reads the same in grey and to colour-blind people.
    """
    stops = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], np.float64)
    at = np.linspace(0, 255, len(stops))
    levels = np.arange(256)
    colors = np.stack([np.interp(levels, at, stops[:, i]) for i in range(3)], axis=1)
    colors[levels < threshold * 255] = (220, 40, 40)
    return ColorTable.of(np.rint(colors).astype(np.uint8), np.full(256, opacity))


def display_curve(*, brightness: float = 0.0, contrast: float = 0.0, gamma: float = 1.0) -> NDArray[np.uint8] | None:
    """The 256 grey values that a photo's values are shown as; None where nothing changes.

    `brightness` and `contrast` run from −1 to 1 (0 = as it is), `gamma` above 1 lightens the shadows.
    """
    if brightness == 0 and contrast == 0 and gamma == 1:
        return None
    return brightened(np.arange(256) / 255, brightness=brightness, contrast=contrast, gamma=gamma)


def brightened(
    value: NDArray[np.float64], *, brightness: float = 0.0, contrast: float = 0.0, gamma: float = 1.0
) -> NDArray[np.uint8]:
    """Grey values 0…255 for values 0…1, see `display_curve`."""
    if gamma != 1:
        value = value ** (1 / max(gamma, 0.01))
    slope = (1 + contrast) / max(1e-3, 1 - contrast)
    return np.rint(np.clip((value - 0.5) * slope + 0.5 + brightness, 0, 1) * 255).astype(np.uint8)
