"""Short measurements of the rooms that a person feels: strokes on the disk, frames of the canvas, formats."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import SegStudioError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.segments import SegmentTable
from segstudio.core.transaction import Transaction
from segstudio.render.compositor import Compositor
from segstudio.render.lut import ColorOptions, segment_table
from segstudio.render.pyramid import Pyramid
from segstudio.render.scene import RasterLayer, Scene
from segstudio.render.viewport import Viewport
from segstudio.store import Project
from segstudio.workflows.benching.stopwatch import Timing, timed
from segstudio.workflows.toytown import generate

FORMATS = ("cityscapes", "coco-panoptic", "coco-instances", "class-id-png", "labelme", "cvat")
"""Measured on the demo: the field's main layouts of each kind."""


def bench_store(folder: Path) -> list[Timing]:
    """How long a stroke takes until it is on the disk of `folder`."""
    classes = ClassSet.of_names(["road", "car"])
    layer = Layer("labels", (1024, 2048))
    layer.ensure_class_segments(classes)
    strokes = iter(range(1000))
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".segstudio-bench-") as place,
        Project.create(Path(place) / "bench.segproj", class_set=classes) as project,
    ):
        project.add_images([ImageItem("image", None)])

        def stroke() -> None:
            transaction = Transaction(layer, "brush")
            number = next(strokes)
            at = 37 * number % 900
            transaction.paint(Rect(at, at, at + 100, at + 100), number % 2 + 1)
            edit = transaction.commit()
            if edit is not None:
                project.record("image", layer, edit).wait()

        return [timed("commit of a stroke to this disk", stroke, repeat=100, warmup=5)]


def bench_canvas(*, quick: bool = False) -> list[Timing]:
    """Frames, dabs and pans of 1600×1000 pixels on a picture of 8192² (`quick`: 2048²) with labels and outlines."""
    side = 2048 if quick else 8192
    chance = np.random.default_rng(0)
    classes = ClassSet.of_names([f"class {number}" for number in range(19)])
    photo = Pyramid(chance.integers(0, 256, (side, side, 3), dtype=np.uint8))
    photo.build()
    coarse = chance.integers(0, 20, (side // 128, side // 128), dtype=np.uint16)
    ids_hw = np.kron(coarse, np.ones((128, 128), np.uint16))
    table = segment_table(SegmentTable.for_classes(classes), classes, ColorOptions(style="both"))
    scene = Scene((side, side), photo, None, (RasterLayer(ids_hw, table, 1),))
    drawing = Compositor(1600, 1000)
    found = []
    for scale in (0.18, 1.0, 3.0):
        view = Viewport(1600, 1000, scale).centred_on(side / 2, side / 2)
        dab = Rect(side // 2 - 50, side // 2 - 50, side // 2 + 50, side // 2 + 50)
        works: list[tuple[str, Callable[[], object]]] = [
            (f"full frame, {side}², {scale:g}×", lambda view=view: drawing.full(view, scene)),  # type: ignore[misc]
            (f"redraw of a dab, radius 50, {scale:g}×", lambda dab=dab: drawing.update(dab)),  # type: ignore[misc]
            (f"pan by a few pixels, {scale:g}×", lambda: drawing.pan(9, 5)),
        ]
        drawing.full(view, scene)
        found += [timed(what, work, repeat=5 if quick else 30) for what, work in works]
    return found


def bench_formats(folder: Path, *, quick: bool = False) -> tuple[list[Timing], list[str]]:
    """Writing and reading painted scenes in the main layouts below `folder`, in milliseconds for each image.

    The second value says which could not be.
    """
    images = 2 if quick else 8
    found, refused = [], []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".segstudio-bench-") as place:
        demo = formats.read(generate(Path(place) / "demo", images=images, workers=1))
        for name in FORMATS:
            target = Path(place) / name

            def write(name: str = name, target: Path = target) -> None:
                formats.write(demo, target, name)

            def read(name: str = name, target: Path = target) -> None:
                for item in formats.read(target, name):
                    if item.read_annotation is not None:
                        item.read_annotation()

            try:
                written = timed(f"{name}: write one image", write, repeat=1, warmup=0)
                opened = timed(f"{name}: read one image", read, repeat=3, warmup=0)
            except SegStudioError as error:
                refused.append(f"{name}: {error.message}")
                continue
            found += [_for_each(one, images) for one in (written, opened)]
    return found, refused


def _for_each(timing: Timing, images: int) -> Timing:
    return replace(timing, median_ms=timing.median_ms / images, p95_ms=timing.p95_ms / images)
