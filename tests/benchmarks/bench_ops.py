"""How fast the pixel and polygon algorithms are, against the promises of the editing tools and bare library calls."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import tifffile
from pycocotools import mask as coco_mask

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.transaction import Transaction
from segstudio.ops import (
    brush,
    components,
    contours,
    fill,
    gaps,
    grabcut,
    image,
    interpolate,
    label_png,
    polygon,
    propagate,
    rle,
    scissors,
    shapes,
    simplify,
    snapping,
    superpixels,
)
from tests.benchmarks.table import Row, median_of

SIDE = 8192
VIEW_HW = 1000, 1600


def promised(what, fn, limit_ms, *, repeat=30, reference="", reference_ms=None):
    """A row that holds the median against a promise in milliseconds."""
    median, p95 = median_of(fn, repeat=repeat)
    ratio = median / reference_ms if reference_ms else None
    return Row(what, median, p95, reference, ratio, f"<= {limit_ms} ms", median <= limit_ms)


def scenery(size_hw=VIEW_HW, seed=0):
    """A picture of soft regions, edges and noise."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (size_hw[0] // 40, size_hw[1] // 40, 3)).astype(np.uint8)
    picture = cv2.resize(small, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, 6, (*size_hw, 1)).astype(np.float32)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def many_objects(count=10_000, vertices=30):
    rng = np.random.default_rng(1)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    circle = np.stack((np.cos(angle), np.sin(angle)), axis=1)
    return [
        SegObject(i + 1, i % 9, PolygonShape.of(circle * rng.uniform(5, 60) + rng.uniform(0, SIDE, 2)), z=i)
        for i in range(count)
    ]


def bench_brush() -> list[Row]:
    bounds = Rect(0, 0, SIDE, SIDE)
    a, b = (4000.3, 4000.1), (4010.7, 4020.2)
    rows = []
    for radius, limit in ((10, 0.1), (50, 0.1), (200, 0.5)):
        rows.append(promised(f"capsule of radius {radius}", lambda r=radius: brush.capsule(a, b, r, bounds), limit))
    rows.append(promised("square tip of half side 200", lambda: brush.capsule(a, b, 200, bounds, square=True), 0.5))
    layer = Layer("labels", (SIDE, SIDE))
    transaction = Transaction(layer, "stroke")
    tip = iter(range(10**6))

    def dab():
        x = 1000 + next(tip) * 7
        rect, mask_hw = brush.capsule((x, 2000), (x + 7, 2003), 200, bounds)
        transaction.paint(rect, 5, mask_hw=mask_hw)

    rows.append(promised("brush move of radius 200 into a transaction, 8192²", dab, 4))
    return rows


def bench_undo() -> list[Row]:
    layer = Layer("labels", (SIDE, SIDE))
    transaction = Transaction(layer, "stroke")
    path_xy = np.stack((np.linspace(300, 7800, 150), 4000 + 3000 * np.sin(np.linspace(0, 6, 150))), axis=1)
    for start, end in zip(path_xy, path_xy[1:], strict=False):
        rect, mask_hw = brush.capsule(tuple(start), tuple(end), 30, layer.raster.bounds)
        transaction.paint(rect, 3, mask_hw=mask_hw)
    edits = [transaction.commit()]

    def swap():
        edits[0], _ = edits[0].swap(layer)

    return [promised(f"undo of a long stroke ({edits[0].pixels:,} pixels), 8192²", swap, 20)]


def bench_fill() -> list[Row]:
    ids_hw = np.zeros((SIDE, SIDE), np.uint16)
    ids_hw[1000:2000, 1000:3000] = 5
    picture = scenery()
    space = fill.wand_space(picture)
    lab = median_of(lambda: cv2.cvtColor(picture, cv2.COLOR_RGB2Lab))[0]
    return [
        promised("flood fill of 2 Mpx in 8192²", lambda: fill.flood(ids_hw, (2000, 1500)), 20),
        promised("magic wand, preview per move, 1600x1000", lambda: fill.wand(space, (800, 500), 40), 30),
        promised(
            "magic wand, first touch", lambda: fill.wand_space(picture), 30, reference="RGB to Lab", reference_ms=lab
        ),
        promised("next unlabelled area, 8192²", lambda: gaps.next_gap(ids_hw, after_xy=(1, 1)), 400, repeat=5),
    ]


def bench_assistance() -> list[Row]:
    picture = scenery()
    cells = superpixels.superpixels(picture)
    wire = scissors.live_wire(picture, (800, 500))
    tip = np.ones((40, 40), bool)
    after = np.roll(picture, (3, 5), axis=(0, 1))
    box = Rect(600, 300, 1000, 700)
    return [
        promised("superpixels of the visible part, 1600x1000", lambda: superpixels.superpixels(picture), 150, repeat=8),
        promised(
            "painting over superpixels, per move",
            lambda: superpixels.patches_under(cells, Rect(780, 480, 820, 520), tip),
            4,
        ),
        promised("scissors, step", lambda: wire.path_to((900, 600)), 16),
        promised("scissors, new anchor (worker)", lambda: scissors.live_wire(picture, (800, 500)), 150, repeat=8),
        promised("GrabCut of a 400² box (worker)", lambda: grabcut.cut_out(picture, box), 1200, repeat=3),
        promised("optical flow, 1600x1000 (worker)", lambda: propagate.optical_flow(picture, after), 200, repeat=5),
    ]


def bench_objects() -> list[Row]:
    objects = many_objects()
    index = shapes.ObjectIndex(objects)
    place = tuple(objects[5000].shape.parts[0].exterior_xy.mean(axis=0))
    near = index.near(place, 10)
    one = objects[5000]
    ring = one.shape.parts[0].exterior_xy.ravel().tolist()
    box = one.bounds()
    coco = median_of(lambda: coco_mask.frPyObjects([ring], SIDE, SIDE), repeat=200)[0]
    return [
        promised("hit test among 10,000 objects", lambda: index.at(place), 1),
        promised(
            "snapping among 10,000 objects", lambda: snapping.snap_to_objects(place, index.near(place, 10), 10), 1
        ),
        promised(
            "nearest edge of the objects under the cursor",
            lambda: [polygon.nearest_edge(i.shape, place) for i in near],
            1,
        ),
        promised(
            "filling one polygon of 30 points in 8192²",
            lambda: polygon.fill_mask(one.shape, box, (SIDE, SIDE)),
            0.3,
            repeat=200,
            reference="pycocotools, run lengths only",
            reference_ms=coco,
        ),
        promised(
            "painting 10,000 objects into 8192²", lambda: shapes.object_id_raster(objects, (SIDE, SIDE)), 3000, repeat=3
        ),
    ]


def bench_conversion() -> list[Row]:
    mask_hw = np.zeros((600, 600), np.uint8)
    cv2.circle(mask_hw, (300, 300), 280, 1, -1)
    at = Rect(4000, 4000, 4600, 4600)
    shape = rle.mask_shape(mask_hw, size_hw=(SIDE, SIDE), at=at)
    outline = contours.polygon_of_mask(mask_hw, offset_xy=(4000, 4000))
    fortran = np.asfortranarray(mask_hw)
    encode = median_of(lambda: coco_mask.encode(fortran))[0]
    found = median_of(lambda: cv2.findContours(mask_hw, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE))[0]
    moved = rle.mask_shape(mask_hw, size_hw=(SIDE, SIDE), at=at.moved(50, 80))
    return [
        promised(
            "mask of 600² to run lengths of 8192²",
            lambda: rle.mask_shape(mask_hw, size_hw=(SIDE, SIDE), at=at),
            4,
            reference="pycocotools.encode of 600²",
            reference_ms=encode,
        ),
        promised("run lengths to the mask of their box", lambda: rle.decode(shape, shape.box), 2),
        promised(
            "mask of 600² to exact outlines",
            lambda: contours.polygon_of_mask(mask_hw),
            16,
            reference="cv2.findContours",
            reference_ms=found,
        ),
        promised(f"simplifying {outline.num_points:,} points", lambda: simplify.simplify(outline, 1.5), 16),
        promised("components of 600²", lambda: components.components(mask_hw), 8),
        promised(
            "one in-between of two masks of 600²", lambda: interpolate.between(shape, moved, 0.5, (SIDE, SIDE)), 60
        ),
    ]


def bench_decode() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size_hw in ((1024, 2048), (4096, 4096)):
            picture = scenery(size_hw)
            for suffix in ("png", "jpg"):
                path = str(Path(folder) / f"{size_hw[1]}.{suffix}")
                cv2.imwrite(path, picture)
                bare, _ = median_of(lambda p=path: cv2.imread(p), repeat=7)
                ours, p95 = median_of(lambda p=path: image.read_image(p), repeat=7)
                what = f"reading {size_hw[1]}x{size_hw[0]} {suffix.upper()}"
                rows.append(Row(what, ours, p95, "bare cv2.imread", ours / bare, "<= 1.15 x", ours <= 1.15 * bare))
        path = Path(folder) / "deep.tif"
        tifffile.imwrite(path, scenery((1024, 2048)).astype(np.uint16) * 100, photometric="rgb")
        bare, _ = median_of(lambda: tifffile.imread(path), repeat=7)
        ours, p95 = median_of(lambda: image.read_image(path), repeat=7)
        rows.append(Row("reading and windowing 2048x1024 16-bit TIFF", ours, p95, "bare tifffile.imread", ours / bare))
        ids_hw = cv2.resize(scenery((64, 128))[:, :, 0] // 10, (2048, 1024), interpolation=cv2.INTER_NEAREST)
        labels = Path(folder) / "labels.png"
        label_png.write_png(labels, ids_hw)
        bare, _ = median_of(lambda: cv2.imread(str(labels), cv2.IMREAD_UNCHANGED))
        ours, p95 = median_of(lambda: label_png.read_label_png(labels))
        rows.append(Row("reading 2048x1024 labels", ours, p95, "bare cv2.imread", ours / bare))
        median, p95 = median_of(lambda: image.probe_size_hw(labels), repeat=200)
        rows.append(Row("size of a PNG from its header", median, p95, limit="<= 1 ms", ok=median <= 1))
    return rows
