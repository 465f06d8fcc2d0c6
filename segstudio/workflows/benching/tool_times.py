"""How long each assist takes on one painted scene of 2048×1024, and the same in units of the calibration loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from segstudio.core.geometry import Points, Rect
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.prompt import Prompt
from segstudio.ops.boundary_snap import snap_shape
from segstudio.ops.contours import polygon_of_mask
from segstudio.ops.fill import wand, wand_space
from segstudio.ops.grabcut import cut_out
from segstudio.ops.interpolate import between
from segstudio.ops.propagate import carry_labels, doubtful, optical_flow
from segstudio.ops.scissors import live_wire
from segstudio.ops.simplify import simplify
from segstudio.ops.smart_brush import smart_stroke
from segstudio.ops.superpixels import superpixels
from segstudio.ops.transform import map_points
from segstudio.workflows.benching.dabs import first_dabs, paint
from segstudio.workflows.benching.stopwatch import Timing, calibration, timed
from segstudio.workflows.benching.subjects import Street, streets
from segstudio.workflows.forest_session import ForestSession, Patches

SIZE_HW = (1024, 2048)
VIEW_HW = (1000, 1600)
"""What a window shows of it: the refined overlay is promised for what is in view."""

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class ToolTime:
    """The times of one tool; `limit_ms` is what is promised for p95 on two cores, None where nothing is."""

    timing: Timing
    limit_ms: float | None = None


def tool_times(
    *, quick: bool = False, progress: Progress = no_progress, cancel: CancelToken | None = None
) -> tuple[Timing, list[ToolTime]]:
    """The calibration loop and every tool on the scene; `quick` takes fewer passes."""
    street = next(streets(1, size_hw=SIZE_HW))
    loop = calibration()
    found = []
    works = list(_works(street))
    for number, (what, work, repeat, limit_ms) in enumerate(works):
        if cancel is not None:
            cancel.raise_if_cancelled()
        progress(number, len(works), f"times: {what}")
        found.append(ToolTime(timed(what, work, repeat=max(3, repeat // 5) if quick else repeat), limit_ms))
    return loop, found


def _works(street: Street) -> Iterator[tuple[str, Work, int, float | None]]:
    """Name, one pass, how many passes are timed, and the promised p95 in milliseconds."""
    yield from _local_tools(street)
    yield from _forest(street)
    yield from _object_tools(street)


def _local_tools(street: Street) -> Iterator[tuple[str, Work, int, float | None]]:
    image_hwc = street.image_hwc
    height, width = SIZE_HW
    space = wand_space(image_hwc)
    places = _places(40)
    turn = iter(range(1_000_000))

    def seed() -> tuple[float, float]:
        x, y = places[next(turn) % len(places)].tolist()
        return x, y

    def stroke() -> object:
        x, y = seed()
        return smart_stroke(image_hwc, np.array([(x, y), (x + 8, y + 3)]), 20)

    wire = live_wire(image_hwc, (width / 2, height / 2))

    def preview() -> object:
        x, y = seed()
        return wire.path_to((width / 2 + x % 500 - 250, height / 2 + y % 500 - 250))

    yield "wand", lambda: wand(space, seed(), 20), 40, 8
    yield "colour range", lambda: wand(space, seed(), 20, contiguous=False), 40, 8
    yield "smart brush, one move, radius 20", stroke, 40, 8
    yield "superpixels, 16 px", lambda: superpixels(image_hwc, cell=16), 10, None
    yield "scissors, anchor", lambda: live_wire(image_hwc, seed()), 15, 80
    yield "scissors, preview", preview, 40, 16


def _forest(street: Street) -> Iterator[tuple[str, Work, int, float | None]]:
    session = ForestSession(street.image_hwc)
    for dab in first_dabs(street.index_hw):
        paint(session, dab)
    places = _places(40)
    turn = iter(range(1_000_000))

    def stroke() -> object:
        number = next(turn)
        session.paint(places[number % len(places)][None], number % 8, radius=8)
        return session.predict()

    answer = session.answer()
    top, left = ((whole - part) // 2 for whole, part in zip(SIZE_HW, VIEW_HW, strict=True))
    view = Rect(left, top, left + VIEW_HW[1], top + VIEW_HW[0])
    yield "forest, preparation", lambda: Patches(street.image_hwc), 6, 500
    yield "forest, stroke to labels, whole picture", stroke, 20, 100
    yield "forest, guided filter on the view", lambda: session.patches.refined(answer, view), 8, 800


def _object_tools(street: Street) -> Iterator[tuple[str, Work, int, float | None]]:
    """On the scene's largest thing that fits a crop."""
    image_hwc = street.image_hwc
    sizes = np.bincount(street.instance_hw.ravel().astype(np.int64) * 256 + street.index_hw.ravel())
    keys = [key for key in np.argsort(-sizes, kind="stable").tolist() if key >= 256 and sizes[key] < 80_000]
    number, index = divmod(keys[0], 256)
    mask_hw = np.asarray((street.instance_hw == number) & (street.index_hw == index))
    box = Rect.of_mask(mask_hw)
    outline = simplify(polygon_of_mask(mask_hw[box.slices], offset_xy=(box.x0, box.y0)), 2.0)
    later_hwc = np.roll(image_hwc, (3, 7), axis=(0, 1))
    later = map_points(outline, lambda ring_xy: ring_xy + np.array([40.0, 10.0]))
    ids_hw = street.index_hw

    def propagate() -> object:
        forth, back = optical_flow(image_hwc, later_hwc), optical_flow(later_hwc, image_hwc)
        carried_hw = carry_labels(ids_hw, back)
        carried_hw[doubtful(forth, back)] = 0
        return carried_hw

    oracle = Oracle()
    frame = Frame(street.name, image_hwc, street.instance_hw)
    embedding = oracle.encode(frame, cancel=CancelToken())
    prompt = Prompt().with_point((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, positive=True)

    def ask() -> object:
        return [c.pixels(SIZE_HW) for c in oracle.predict(embedding, prompt, cancel=CancelToken())[:1]]

    yield "GrabCut box", lambda: cut_out(image_hwc, box), 6, 1200
    yield "snap an outline to edges", lambda: snap_shape(outline, image_hwc), 20, 8
    yield "interpolation, one frame between", lambda: between(outline, later, 0.5, SIZE_HW), 15, None
    yield "propagation to the next image, checked", propagate, 6, None
    yield "prompt after embedding (Oracle)", ask, 20, 60


def _places(count: int) -> Points:
    """Points all over the picture, the same ones on every machine."""
    height, width = SIZE_HW
    return np.random.default_rng(8).uniform((40, 40), (width - 40, height - 40), (count, 2))
