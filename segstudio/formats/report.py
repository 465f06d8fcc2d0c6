"""What formats say about a path before reading it, about a target before writing it, and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.dataset import Skipped
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation

CERTAIN, LIKELY, POSSIBLE = 1.0, 0.7, 0.3
"""How sure a detection is: read in the content, fits the content, nothing speaks against it."""


DROPPED = "dropped_by_mapping"
"""Key in an annotation's `extra` on its way into an export: [kind, count, pixels] of what a class mapping dropped."""


DIFFER = "polygons_differ"
"""Key in an annotation's `extra`: [pixels of another class, of another instance] between polygons and rasters."""


PROVENANCE = "provenance"
"""Key in the `extra` of an object, and of an annotation for its raster: where it comes from, as texts by name."""


PROVENANCE_BY_PIXEL = "provenance_by_pixel"
"""Key in an annotation's `extra`: uint16 `[H, W]` and the origins, texts by name, whose places in a list it holds."""
_MOST_PARTS = 8


def provenance_of(extra: Mapping[str, Any], rect: Rect, mask_hw: NDArray[np.bool_]) -> dict[str, Any]:
    """The `extra` of an object made of those pixels of a raster: the origins of just these, those of most pixels first.

    Several values of a field are joined by ", ", `when` is the newest, and `parts` counts the pixels of each.
    """
    if PROVENANCE_BY_PIXEL not in extra:
        return {PROVENANCE: extra[PROVENANCE]} if PROVENANCE in extra else {}
    index_hw, origins = extra[PROVENANCE_BY_PIXEL]
    places, counts = np.unique(index_hw[rect.slices][mask_hw], return_counts=True)
    ranked = [(origins[places[i]], int(counts[i])) for i in np.argsort(-counts, kind="stable") if origins[places[i]]]
    if not ranked:
        return {}
    names = dict.fromkeys(name for origin, _ in ranked for name in origin if name != "when")
    told = {name: ", ".join(dict.fromkeys(o[name] for o, _ in ranked if name in o)) for name in names}
    if when := max((origin.get("when", "") for origin, _ in ranked), default=""):
        told["when"] = when
    parts: dict[str, int] = {}
    for origin, pixels in ranked:
        words = " ".join(origin[name] for name in ("kind", "person", "tool", "run") if name in origin)
        parts[words] = parts.get(words, 0) + pixels
    if len(parts) > 1:
        told["parts"] = ", ".join(f"{words}: {pixels} px" for words, pixels in list(parts.items())[:_MOST_PARTS])
    return {PROVENANCE: told}


def provenance_loss(annotation: Annotation) -> Loss:
    """What a format loses that cannot say where labels come from."""
    told = sum(PROVENANCE in item.extra for item in annotation.objects) + (PROVENANCE in annotation.extra)
    return Loss("provenance (person, tool, model run)", told)


def provenance_text(extra: Mapping[str, Any]) -> str:
    """One line of where an object comes from, "" where that is not told."""
    told = extra.get(PROVENANCE)
    return "; ".join(f"{name}: {text}" for name, text in told.items()) if isinstance(told, dict) else ""


def told_by_source(annotation: Annotation) -> list[Loss]:
    """What reading an annotation has found out: classes that a mapping dropped, polygons that rasters contradict."""
    dropped, differ = annotation.extra.get(DROPPED), annotation.extra.get(DIFFER)
    losses = [Loss(kind, count, pixels) for kind, count, pixels in dropped] if isinstance(dropped, list) else []
    if isinstance(differ, list):
        losses.append(Loss("polygons and rasters of the source disagree (the rasters count)", 1, max(differ)))
    return losses


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format that a path may be in; `certainty` is 0…1 and `reason` says what was seen."""

    name: str
    reason: str
    certainty: float


class AmbiguousFormat(UserError):
    """A path that fits several formats equally well; `candidates` are those to choose from."""

    def __init__(self, path: Path, candidates: list[Candidate]) -> None:
        listed = "; ".join(f"{c.name} ({c.reason})" for c in candidates)
        super().__init__(f"{path}: may be {listed}", hint="say which with --from")
        self.path = path
        self.candidates = candidates


REDRAWN = "pixels change as they are drawn"


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a target format cannot hold: how often, and how many pixels change by it.

    `per_image` gives (count, pixels) of each image by key. Where shapes are drawn anew (kind `REDRAWN`), `class_pixels`
    gives for each class id (pixels that are its own before and after, pixels that are its own before or after), and
    `image_iou` the mean IoU of the classes of each image.
    """

    kind: str
    count: int
    pixels: int = 0
    per_image: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    class_pixels: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    image_iou: Mapping[str, float] = field(default_factory=dict)

    @property
    def class_iou(self) -> dict[int, float]:
        """Class id → IoU between its pixels before and after; {} where nothing is drawn anew."""
        return {class_id: both / either for class_id, (both, either) in self.class_pixels.items() if either}

    @property
    def mean_iou(self) -> float | None:
        """The mean over the classes; None where nothing is drawn anew."""
        values = self.class_iou.values()
        return sum(values) / len(values) if values else None

    def to_json(self) -> dict[str, Any]:
        """`{"kind", "count", "pixels", "per_image"}`, and for drawn shapes `mean_iou` and `classes` with their IoU."""
        rows = [{"name": key, "count": count, "pixels": pixels} for key, (count, pixels) in self.per_image.items()]
        document = {"kind": self.kind, "count": self.count, "pixels": self.pixels, "per_image": rows}
        if self.class_pixels:
            for row in rows:
                row["iou"] = self.image_iou.get(str(row["name"]), 1.0)
            document["mean_iou"] = self.mean_iou
            document["classes"] = [{"id": class_id, "iou": iou} for class_id, iou in sorted(self.class_iou.items())]
        return document


class LossTally:
    """Losses as they are met, image by image."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, tuple[int, int]]] = {}
        self._classes: dict[str, dict[int, tuple[int, int]]] = {}
        self._iou: dict[str, dict[str, float]] = {}

    def add(self, key: str, losses: Iterable[Loss]) -> None:
        """Count the losses of one image; those of count 0 are none, but their IoU counts."""
        for loss in losses:
            if loss.mean_iou is not None:
                self._iou.setdefault(loss.kind, {})[key] = loss.mean_iou
                classes = self._classes.setdefault(loss.kind, {})
                for class_id, (both, either) in loss.class_pixels.items():
                    before = classes.get(class_id, (0, 0))
                    classes[class_id] = before[0] + both, before[1] + either
            if loss.count:
                per_image = self._kinds.setdefault(loss.kind, {})
                count, pixels = per_image.get(key, (0, 0))
                per_image[key] = count + loss.count, pixels + loss.pixels

    def total(self) -> tuple[Loss, ...]:
        """One entry per kind, in the order in which they were first met."""
        return tuple(
            Loss(
                kind,
                sum(c for c, _ in images.values()),
                sum(p for _, p in images.values()),
                dict(images),
                dict(self._classes.get(kind, {})),
                dict(self._iou.get(kind, {})),
            )
            for kind, images in self._kinds.items()
        )


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a write did: images read and written, what was skipped and why, and what the format could not hold."""

    path: Path
    read: int
    written: int
    skipped: tuple[Skipped, ...] = ()
    losses: tuple[Loss, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form of the command line's contract."""
        return {
            "read": self.read,
            "written": self.written,
            "skipped": [{"name": s.name, "reason": s.reason} for s in self.skipped],
            "losses": [loss.to_json() for loss in self.losses],
        }
