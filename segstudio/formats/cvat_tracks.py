"""Tracks of CVAT for video 1.1: the shapes of every object frame by frame, with what lies between its key frames."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

_CORNERS = ("xtl", "ytl", "xbr", "ybr")
MOST_FRAMES = 100_000
"""Frames that one file may have; more are damage."""


def frames_of(tree: ET.Element, tags: tuple[str, ...]) -> tuple[dict[int, list[ET.Element]], int]:
    """(frame → its shapes as `<image>` elements hold them, frames of outlines that nobody drew).

    A shape gets the label of its track and the track's number as `track_id`. Between two key frames a box moves
    evenly; outlines stay out there, since CVAT does not write how it changes them. Raises `ValueError` for frames or
    coordinates that are no numbers, and for too many frames.
    """
    step = _step(tree)
    frames: dict[int, list[ET.Element]] = {}
    missing = 0
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
            if shape.tag == "box":
                for between in _between(shape, following, first, last, step):
                    _add(frames, between, track)
            else:
                missing += len(range(first + step, last, step))
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


def _between(shape: ET.Element, following: ET.Element, first: int, last: int, step: int) -> Iterator[ET.Element]:
    """The boxes strictly between two key frames."""
    for frame in range(first + step, last, step):
        share = (frame - first) / (last - first)
        moved = _copy(shape)
        moved.set("frame", str(frame))
        for corner in _CORNERS:
            before, after = float(shape.attrib[corner]), float(following.attrib[corner])
            moved.set(corner, repr(before + share * (after - before)))
        yield moved


def _copy(shape: ET.Element) -> ET.Element:
    """A shape with fields of its own (`copy.copy` would share them)."""
    other = ET.Element(shape.tag, dict(shape.attrib))
    other.extend(shape)
    return other
