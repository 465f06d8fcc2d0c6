"""How fast the help without weights answers, against the latencies that it was designed for (two cores, p95)."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops import fill
from segstudio.ops.boundary_snap import snap_shape
from segstudio.ops.interpolate import between
from segstudio.ops.propagate import doubtful, optical_flow
from segstudio.ops.refine_labels import refined_ids
from segstudio.ops.smart_brush import smart_stroke
from segstudio.session.edits.cut_child import CutChild
from segstudio.workflows.forest_session import ForestSession, Patches
from segstudio.workflows.toytown import paint_scene
from tests.benchmarks.table import Row, median_of

SEED = 2026
DABS = 40


def held(what, fn, limit_ms, *, repeat=20):
    """A row that holds the 95th percentile against a promise in milliseconds."""
    median, p95 = median_of(fn, repeat=repeat)
    return Row(what, median, p95, "", None, f"<= {limit_ms} ms p95", p95 <= limit_ms)


def street():
    """A demo street of 2048 × 1024 and its classes."""
    scene = paint_scene(SEED, 64, width=2048, height=1024)
    return scene.image_hwc, scene.class_hw


def dabs(session, class_hw, count=DABS):
    """Dabs in the middle of the classes, then at random, as a person begins."""
    rng = np.random.default_rng(0)
    for number, class_id in zip(range(count), itertools.cycle(np.unique(class_hw).tolist()), strict=False):
        inside = cv2.distanceTransform((class_hw == class_id).view(np.uint8), cv2.DIST_L2, 3)
        places = np.argwhere(inside >= 0.5 * inside.max())
        y, x = places[0] if number < 20 else places[rng.integers(len(places))]
        session.paint([(x + 0.5, y + 0.5)], class_id)


def bench_forest():
    image, class_hw = street()
    rows = [held("forest: prepare a picture of 2048×1024", lambda: Patches(image).ways, 500, repeat=8)]
    session = ForestSession(image)
    dabs(session, class_hw)
    patches = session.patches
    rows.append(held(f"forest: {DABS} dabs to labels and confidence of 2048×1024", session.predict, 100))
    answer = session.answer()
    rows.append(
        held("forest: the answer drawn to the edges of 2048×1024", lambda: patches.refined(answer), 800, repeat=8)
    )
    rows.append(held("forest: next doubtful region", lambda: patches.doubtful(answer), 100, repeat=8))
    return rows


def bench_live_forest():
    """From the end of a stroke to the layer at home, and the longest that the home thread was kept from its work."""
    from segstudio.core.dataset import ImageItem
    from segstudio.core.history import History
    from segstudio.core.layer import LABELS, Layer
    from segstudio.render.pyramid import Pyramid
    from segstudio.session import Session
    from segstudio.session.document import Document

    image, class_hw = street()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        session = Session(data_dir=Path(folder), person="bench")
        session.classes.replace(ClassSet.load("cityscapes"))
        labels = Layer(LABELS, class_hw.shape)
        labels.ensure_class_segments(session.classes.current)
        item = ImageItem("street", None, class_hw.shape)
        document = Document(item, Pyramid(image), labels, classes=session.classes, history=History())
        session.document = document
        forest = session.forest
        gaps = [0.0]

        def until(ready):
            last = time.perf_counter()
            while not ready():
                session.jobs.run_waiting(0.001)
                now = time.perf_counter()
                gaps[0] = max(gaps[0], (now - last) * 1000)
                last = now

        forest.switch(True)
        until(lambda: forest.state == "ready" and session.jobs.is_idle)
        places = [np.argwhere(class_hw == class_id)[::997] for class_id in np.unique(class_hw).tolist()]
        strokes = itertools.cycle(
            [(int(class_hw[y, x]), x, y) for group in places for y, x in group[:: max(1, len(group) // 4)][:4].tolist()]
        )

        def stroke():
            class_id, x, y = next(strokes)
            before = forest.facts
            with document.begin("brush") as edit:
                rect = Rect(x - 8, y - 8, x + 8, y + 8)
                edit.paint(rect, edit.segment_for_class(class_id))
            until(lambda: forest.facts is not before and forest.facts.seconds > 0 and not forest._busy)

        stroke()
        until(lambda: session.jobs.is_idle)
        gaps[0] = 0.0
        rows.append(held("forest: end of a stroke to the layer, 2048×1024, in a worker", stroke, 100, repeat=30))
        rows.append(
            Row(
                "forest: longest gap of the home thread meanwhile",
                gaps[0],
                gaps[0],
                "",
                None,
                "<= 50 ms",
                gaps[0] <= 50,
            )
        )
        session.document = None
        session.close()
    return rows


def bench_tools():
    image, class_hw = street()
    rng = np.random.default_rng(0)
    starts = itertools.cycle(rng.uniform((300, 300), (1700, 700), (64, 2)).tolist())
    rows = []
    for radius, limit in ((20, 8), (100, 8)):

        def move(radius=radius):
            x, y = next(starts)
            smart_stroke(image, np.array([(x, y), (x + 6, y + 3)]), radius)

        rows.append(held(f"smart brush: one move, tip of {2 * radius} px", move, limit, repeat=60))
    space = fill.wand_space(image)
    rows.append(held("wand: 2048×1024 in view", lambda: fill.wand(space, next(starts), 20), 8, repeat=60))
    rows.append(
        held(
            "colour range: 2048×1024 in view",
            lambda: fill.wand(space, next(starts), 20, contiguous=False),
            8,
            repeat=60,
        )
    )
    angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    ring = PolygonShape.of(np.stack([1000 + 80 * np.cos(angle), 500 + 60 * np.sin(angle)], axis=1))
    rows.append(held("snap an outline of 100 points to the image", lambda: snap_shape(ring, image), 100))
    other = PolygonShape.of(np.stack([1100 + 90 * np.cos(angle), 520 + 50 * np.sin(angle)], axis=1))
    rows.append(held("one shape between two key frames", lambda: between(ring, other, 0.5, image.shape[:2]), 50))
    ids = class_hw.astype(np.uint16)
    for method, limit in (("guided", 800), ("crf", 4000)):
        rows.append(
            held(
                f"refine a prediction of 2048×1024 ({method})",
                lambda method=method: refined_ids(image, ids, None, strength=0.35, method=method),
                limit,
                repeat=3,
            )
        )
    return rows


def bench_windowed():
    image, _ = street()
    box = Rect(700, 300, 1212, 812)
    rows = [
        held("cut a box of 512 px out, process started while it is drawn", lambda: _cut(image, box), 1200, repeat=3)
    ]
    moved = np.roll(image, 6, axis=1)

    def carry():
        flow, back = optical_flow(image, moved), optical_flow(moved, image)
        doubtful(flow, back)

    rows.append(held("flow to the next image, forth and back, with doubts", carry, 1000, repeat=3))
    return rows


def _cut(image, box):
    child = CutChild()
    time.sleep(0.4)  # the hand draws the box meanwhile
    child.cut(image, box)
