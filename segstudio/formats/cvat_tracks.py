"""Tracks of CVAT for video 1.1: the shapes of every object frame by frame, with what lies between its key frames."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

_Numbers = list[list[float]]
_MOVING = {"box": ("xtl", "ytl", "xbr", "ybr"), "ellipse": ("cx", "cy", "rx", "ry")}
MOST_FRAMES = 100_000
"""Frames that one file may have; more are damage."""
_MOST_BETWEEN, _PER_SHAPE = 10_000_000, 20
"""Points that may lie between key frames in all, and for how many a shape counts beside its own."""


def frames_of(tree: ET.Element, tags: tuple[str, ...]) -> tuple[dict[int, list[ET.Element]], int]:
    """(frame → its shapes as `<image>` elements hold them, frames of outlines that nobody drew).

    A shape gets the label of its track and the track's number as `track_id`. Between two key frames boxes and ellipses
    move evenly, and so do the points of outlines that have equally many in both, in the order of the file; outlines of
    other numbers of points stay out there. Raises `ValueError` for frames or
    coordinates that are no numbers, and for too many frames or points.
    """
    step = _step(tree)
    frames: dict[int, list[ET.Element]] = {}
    missing = weight = 0
    for track in tree.iterfind("track"):
        shapes = sorted((child for child in track if child.tag in tags), key=lambda shape: int(shape.attrib["frame"]))
        for shape, following in zip(shapes, [*shapes[1:], None], strict=False):
            if shape.get("outside") == "1":
                continue
            _add(frames, shape, track)
            if following is None:
                continue
            first, last = int(shape.attrib["frame"]), int(following.attrib["frame"])
            if last - first > MOST_FRAMES:
                raise ValueError(f"a track leaps from frame {first} to frame {last}")
            moving = _moving(shape, following)
            if moving is None:
                missing += len(range(first + step, last, step))
                continue
            weight += len(range(first + step, last, step)) * (_PER_SHAPE + sum(len(old) for old, _ in moving.values()))
            if weight > _MOST_BETWEEN:
                raise ValueError("too many shapes lie between key frames")
            for between in _between(shape, moving, first, last, step):
                _add(frames, between, track)
        if len(frames) > MOST_FRAMES:
            raise ValueError(f"more than {MOST_FRAMES} frames")
    return frames, missing


def _step(tree: ET.Element) -> int:
    text = tree.findtext("meta/task/frame_filter") or tree.findtext("meta/job/frame_filter") or ""
    step = text.strip().removeprefix("step=")
    return max(1, int(step)) if step.isdecimal() else 1


def _add(frames: dict[int, list[ET.Element]], shape: ET.Element, track: ET.Element) -> None:
    placed = _copy(shape)
    placed.set("label", track.attrib["label"])
    placed.set("track_id", track.get("id", ""))
    frames.setdefault(int(shape.attrib["frame"]), []).append(placed)


def _moving(shape: ET.Element, following: ET.Element) -> dict[str, tuple[_Numbers, _Numbers]] | None:
    """The fields that change between two key frames, before and after; None where nobody knows what lies between."""
    if shape.tag != following.tag:
        return None
    if shape.tag in _MOVING:
        names = [name for name in _MOVING[shape.tag] if name in shape.attrib and name in following.attrib]
        return {name: ([[float(shape.attrib[name])]], [[float(following.attrib[name])]]) for name in names}
    if "points" not in shape.attrib or "points" not in following.attrib:
        return None
    before, after = _points(shape), _points(following)
    return {"points": (before, after)} if len(before) == len(after) else None


def _points(shape: ET.Element) -> _Numbers:
    pairs = [[float(value) for value in pair.split(",")] for pair in shape.attrib["points"].split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("a point is no pair of numbers")
    return pairs


def _between(
    shape: ET.Element, moving: dict[str, tuple[_Numbers, _Numbers]], first: int, last: int, step: int
) -> Iterator[ET.Element]:
    """The shapes strictly between two key frames."""
    for frame in range(first + step, last, step):
        share = (frame - first) / (last - first)
        moved = _copy(shape)
        moved.set("frame", str(frame))
        for name, (before, after) in moving.items():
            pairs = [
                [a + share * (b - a) for a, b in zip(old, new, strict=True)]
                for old, new in zip(before, after, strict=True)
            ]
            moved.set(name, ";".join(",".join(map(repr, pair)) for pair in pairs))
        yield moved


def _copy(shape: ET.Element) -> ET.Element:
    """A shape with fields of its own (`copy.copy` would share them)."""
    other = ET.Element(shape.tag, dict(shape.attrib))
    other.extend(shape)
    return other
