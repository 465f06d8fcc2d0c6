"""What drawing costs: full frames at several zooms, a brush dab, a pan; against copying the buffer's memory once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.segments import SegmentTable
from segstudio.render.compositor import Compositor
from segstudio.render.lut import ColorOptions, segment_table
from segstudio.render.pyramid import Pyramid
from segstudio.render.scene import RasterLayer, Scene
from segstudio.render.tone import tone_of
from segstudio.render.viewport import Viewport
from tests.benchmarks.table import Row, median_of

SIDE, WIDTH, HEIGHT = 8192, 1600, 1000
CLASSES = ClassSet.of_names([f"class {i}" for i in range(19)])


ZOOMS = (0.1, 0.25, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 8.0, 12.0, 20.0)


def _scene(style="both", outline_px=1, classes=CLASSES):
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    coarse = chance.integers(0, 20, (SIDE // 128, SIDE // 128), dtype=np.uint16)
    ids = np.kron(coarse, np.ones((128, 128), np.uint16))
    table = segment_table(SegmentTable.for_classes(classes), classes, ColorOptions(style=style))
    return Scene((SIDE, SIDE), Pyramid(picture), None, (RasterLayer(ids, table, outline_px),))


def _memcpy_ms():
    source, target = np.ones((HEIGHT, WIDTH), np.uint32), np.empty((HEIGHT, WIDTH), np.uint32)
    return median_of(lambda: np.copyto(target, source))[0]


def _view(scale):
    return Viewport(WIDTH, HEIGHT, scale).centred_on(SIDE / 2, SIDE / 2)


def bench_full_frames() -> list[Row]:
    """Full frames of an 8192² picture with labels and outlines, upright and turned by 90°."""
    scene, bare = _scene(), _memcpy_ms()
    assert scene.photo is not None
    build_ms = median_of(scene.photo.build, repeat=1, warmup=0)
    rows = [Row("picture levels of 8192², once, in a worker", *build_ms)]
    drawing = Compositor(WIDTH, HEIGHT)
    for turns in (0, 1):
        for scale in ZOOMS:
            view = _view(scale).turned(turns)
            median, p95 = median_of(lambda view=view: drawing.full(view, scene))
            what = f"full frame, 8192², {scale:g}×{', turned by 90°' if turns else ''}"
            rows.append(Row(what, median, p95, "memcpy of the view", median / bare, "8 ms", median <= 8))
    return rows


def bench_hatched_frames() -> list[Row]:
    """Full frames where some of the labels are of a class that does not count, and hatched."""
    scene = _scene(classes=ClassSet("void", (*CLASSES.classes[:-1], replace(CLASSES.classes[-1], is_ignored=True))))
    assert scene.photo is not None
    scene.photo.build()
    drawing, rows = Compositor(WIDTH, HEIGHT), []
    for scale in (0.12, 0.7, 1.0, 3.0):
        median, p95 = median_of(lambda scale=scale: drawing.full(_view(scale), scene))
        rows.append(Row(f"full frame with hatching, 8192², {scale:g}×", median, p95, "", None, "8 ms", median <= 8))
    return rows


def bench_deep_frames() -> list[Row]:
    """Full frames of 16-bit pictures of one and of three channels, and a change of their range."""
    chance = np.random.default_rng(0)
    rows = []
    for what, shape in (("grey", (SIDE, SIDE)), ("RGB", (SIDE // 2, SIDE // 2, 3))):
        photo = Pyramid(chance.integers(0, 65536, shape, dtype=np.uint16))
        photo.build()
        drawing = Compositor(WIDTH, HEIGHT)
        _ = photo.quantiles
        median, p95 = median_of(lambda photo=photo: tone_of(photo, gamma=1.3, percent=(2.0, 97.0)))
        rows.append(Row(f"range of 16-bit {what}", median, p95, "", None, "16 ms", median <= 16))
        tone = tone_of(photo)
        for scale in (0.2, 1.0, 3.0):
            view = Viewport(WIDTH, HEIGHT, scale).centred_on(shape[1] / 2, shape[0] / 2)
            scene = Scene(shape[:2], photo, tone)
            median, p95 = median_of(lambda view=view, scene=scene, drawing=drawing: drawing.full(view, scene))
            rows.append(Row(f"full frame, 16-bit {what}, {scale:g}×", median, p95, "", None, "16 ms", median <= 16))
    return rows


def bench_first_frame() -> list[Row]:
    """The first frame of a picture just opened, before its smaller levels exist."""
    scene = _scene()
    drawing = Compositor(WIDTH, HEIGHT)
    median, p95 = median_of(lambda: drawing.full(_view(0.12), scene), repeat=9)
    return [Row("first frame, 8192², no levels yet", median, p95)]


def bench_updates() -> list[Row]:
    """A changed rectangle and a pan by a few pixels, in a view that stands still."""
    scene, bare = _scene(), _memcpy_ms()
    assert scene.photo is not None
    scene.photo.build()
    drawing = Compositor(WIDTH, HEIGHT)
    rows = []
    for scale in (0.18, 1.0, 3.0):
        drawing.full(_view(scale), scene)
        middle = SIDE // 2
        dab = Rect(middle - 50, middle - 50, middle + 50, middle + 50)
        median, p95 = median_of(lambda dab=dab: drawing.update(dab))
        rows.append(Row(f"redraw of a dab, radius 50, {scale:g}×", median, p95, "", None, "0.5 ms", median <= 0.5))
        median, p95 = median_of(lambda: (drawing.pan(9, 5), drawing.pan(-9, -5)))
        rows.append(Row(f"two pans, {scale:g}×", median, p95, "memcpy of the view", median / bare))
    return rows
