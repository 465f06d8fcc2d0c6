"""Formats against bare parsing and against the field's own tools, on files of real size made on the spot."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import orjson
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.formats.cityscapes_polygons import painted_values, read_polygons
from segstudio.ops.image import write_png
from tests.benchmarks.table import Row, median_of

ANNOTATIONS, IMAGES = 100_000, 5_000
SIZE_HW = (1024, 2048)


def bench_coco_read() -> list[Row]:
    """A file of 100,000 polygons: every object built, against orjson and bare construction; opened, against COCO()."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "instances.json")
        path.write_bytes(orjson.dumps(_coco_document()))

        def bare() -> None:
            document = orjson.loads(path.read_bytes())
            for row in document["annotations"]:
                rings = [np.array(ring, np.float64).reshape(-1, 2) for ring in row["segmentation"]]
                extra = {"area": row["area"], "bbox": row["bbox"]}
                SegObject(row["id"], row["category_id"], PolygonShape.of(*rings), extra=extra)

        def ours() -> None:
            for item in formats.read(path, "coco-instances"):
                assert item.read_annotation is not None
                item.read_annotation()

        def theirs() -> None:
            from pycocotools.coco import COCO

            with contextlib.redirect_stdout(io.StringIO()):
                COCO(str(path))

        bare_ms, _ = median_of(bare, repeat=3, warmup=1)
        all_ms, all_p95 = median_of(ours, repeat=3, warmup=1)
        open_ms, open_p95 = median_of(lambda: formats.read(path, "coco-instances"), repeat=3, warmup=1)
        coco_ms, _ = median_of(theirs, repeat=3, warmup=1)
    built, opened = all_ms / bare_ms, open_ms / coco_ms
    reference = "orjson.loads and bare objects"
    return [
        Row("COCO, 100,000 polygons, all read", all_ms, all_p95, reference, built, "≤ 1.5", built <= 1.5),
        Row("COCO, 100,000 polygons, opened", open_ms, open_p95, "pycocotools.COCO()", opened, "< 1", opened < 1),
    ]


def _coco_document() -> dict[str, object]:
    rng = np.random.default_rng(0)
    images = [{"id": i, "file_name": f"{i:012d}.jpg", "height": 480, "width": 640} for i in range(IMAGES)]
    rows = []
    for number in range(ANNOTATIONS):
        ring = np.round(rng.uniform(0, 400, (30, 2)), 2)
        low, high = ring.min(axis=0), ring.max(axis=0)
        rows.append(
            {
                "id": number,
                "image_id": number % IMAGES,
                "category_id": 1 + number % 80,
                "segmentation": [ring.reshape(-1).tolist()],
                "area": 100.5,
                "bbox": [*low.tolist(), *(high - low).tolist()],
                "iscrowd": 0,
            }
        )
    categories = [{"id": i, "name": f"class {i}"} for i in range(1, 81)]
    return {"images": images, "annotations": rows, "categories": categories}


def bench_cityscapes_rasters() -> list[Row]:
    """labelIds and instanceIds of one 2048×1024 image from its polygons, against Cityscapes' converters."""
    from cityscapesscripts.helpers.annotation import Annotation
    from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
    from cityscapesscripts.preparation.json2labelImg import createLabelImage

    class_set = ClassSet.load("cityscapes")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x_gtFine_polygons.json")
        path.write_text(json.dumps(_polygons(class_set)))

        def painted() -> tuple[np.ndarray, np.ndarray]:
            file = read_polygons(path, class_set)
            return painted_values(file.size_hw, file.objects, class_set)

        def written() -> None:
            labels_hw, instances_hw = painted()
            write_png(Path(folder, "labels.png"), labels_hw, flush=False)
            write_png(Path(folder, "instances.png"), instances_hw, flush=False)

        # Each of their converters reads the file anew; they cannot write 32-bit PNGs with today's Pillow.
        def their_images() -> list[Image.Image]:
            images = []
            for create in (createLabelImage, createInstanceImage):
                annotation = Annotation()
                annotation.fromJsonFile(str(path))
                images.append(create(annotation, "ids"))
            return images

        def their_files() -> None:
            labels, instances = their_images()
            labels.save(Path(folder, "their_labels.png"))
            instances.convert("I;16").save(Path(folder, "their_instances.png"))

        rows = []
        # What their converters do is from JSON to files; how much of it is painting is told beside it.
        for what, limit, ours, theirs in (
            ("painted", 1.0, painted, their_images),
            ("written", 0.2, written, their_files),
        ):
            ours_ms, p95 = median_of(ours, repeat=20)
            theirs_ms, _ = median_of(theirs, repeat=10, warmup=1)
            ratio = ours_ms / theirs_ms
            named = f"Cityscapes rasters {what}"
            rows.append(Row(named, ours_ms, p95, "Cityscapes' converters", ratio, f"≤ {limit:g}", ratio <= limit))
        return rows


def _polygons(class_set: ClassSet) -> dict[str, object]:
    """A street scene's worth of polygons: large stuff first, then many small things."""
    rng = np.random.default_rng(1)
    names = [c.name for c in class_set.evaluated]
    objects = []
    for number in range(90):
        radius = 600 / (1 + number / 6)
        middle = rng.uniform((0, 0), (SIZE_HW[1], SIZE_HW[0]))
        angles = np.sort(rng.uniform(0, 2 * np.pi, 60))
        ring = middle + radius * rng.uniform(0.6, 1.0, (60, 1)) * np.stack((np.cos(angles), np.sin(angles)), axis=1)
        points = np.clip(np.round(ring), 0, (SIZE_HW[1] - 1, SIZE_HW[0] - 1)).astype(int).tolist()
        objects.append({"label": names[number % len(names)], "polygon": points})
    return {"imgHeight": SIZE_HW[0], "imgWidth": SIZE_HW[1], "objects": objects}
