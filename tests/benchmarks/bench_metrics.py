"""How fast the metrics are, each beside a bare memory copy or the usual recipe on the same data."""

from __future__ import annotations

import contextlib
import io
import itertools
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from segstudio.core.class_set import ClassSet
from segstudio.metrics import ConfusionMatrix, average_precision
from segstudio.metrics.error_kind_map import error_kind_map
from segstudio.metrics.error_kinds import error_kinds
from segstudio.metrics.error_regions import error_regions
from segstudio.metrics.errors_map import all_classes_error_map, class_error_map
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from segstudio.metrics.live_ap import LiveAveragePrecision
from segstudio.metrics.live_panoptic import LivePanoptic
from segstudio.metrics.paired import CountedImages, paired_statistics
from segstudio.metrics.panoptic import Segment
from segstudio.metrics.segment_overlaps import SegmentOverlaps
from tests.benchmarks.table import Row, median_of

CLASSES = 19


def street(height=1024, width=2048, *, speckles=0.02):
    """Truth with large regions and void, and a prediction that is wrong at borders and in a share of speckles."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, CLASSES + 1, (32, 64)).astype(np.uint8)
    truth = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
    truth[truth == CLASSES] = 255
    prediction = np.roll(truth, 3, axis=1)
    prediction[rng.random(prediction.shape) < speckles] = 3
    return truth, prediction


def bincount_confusion(truth, prediction):
    """The usual recipe: mask the valid pixels, count the joint codes."""
    valid = truth < CLASSES
    codes = truth[valid].astype(np.int64) * CLASSES + np.minimum(prediction[valid], CLASSES - 1)
    return np.bincount(codes, minlength=CLASSES * CLASSES)


def bench_confusion() -> list[Row]:
    truth, prediction = street()
    matrix = ConfusionMatrix(CLASSES)
    median, p95 = median_of(lambda: matrix.add(truth, prediction))
    copy, _ = median_of(lambda: (truth.copy(), prediction.copy()))
    bincount, _ = median_of(lambda: bincount_confusion(truth, prediction))
    what = "confusion matrix, 2048x1024, 19 classes"
    rows = [
        Row(what, median, p95, "copying both rasters", median / copy),
        Row(what, median, p95, "masked numpy.bincount", median / bincount, "<= 0.5", median <= 0.5 * bincount),
    ]
    wide = truth.astype(np.uint16), prediction.astype(np.uint16)
    median, p95 = median_of(lambda: matrix.add(*wide))
    rows.append(Row("confusion matrix, uint16", median, p95, "masked numpy.bincount", median / bincount))
    return rows


def bench_live_update() -> list[Row]:
    truth, prediction = street()
    matrix = ConfusionMatrix(CLASSES)
    matrix.add(truth, prediction)
    rows = []
    for side, limit in ((64, 0.1), (100, 0.1), (256, 0.2)):
        window = np.s_[101 : 101 + side, 203 : 203 + side]
        before = prediction[window].copy()
        after = before.copy()
        cv2.circle(after, (side // 2, side // 2), side // 2, 4, -1)
        region = truth[window]
        median, p95 = median_of(lambda r=region, b=before, a=after: matrix.replace(r, b, a), repeat=200)
        copy, _ = median_of(lambda r=region: (r.copy(), r.copy(), r.copy()), repeat=200)
        rows.append(
            Row(
                f"live update, {side}x{side}",
                median,
                p95,
                "copying three views",
                median / copy,
                f"<= {limit} ms",
                median <= limit,
            )
        )
    return rows


def bench_live_panoptic() -> list[Row]:
    truth, prediction = street()
    truth, prediction = np.where(truth == 255, 0, truth + 1), np.where(prediction == 255, 0, prediction + 1)
    truth, prediction = truth.astype(np.uint16), prediction.astype(np.uint16)
    classes = ClassSet.of_names([str(number) for number in range(CLASSES)], first_id=1)
    table = {number: Segment(number) for number in range(1, CLASSES + 1)}
    live = LivePanoptic(classes)
    live.begin_image("a", truth, table, prediction, table)
    window = np.s_[101:357, 203:459]
    before = prediction[window].copy()
    after = before.copy()
    cv2.circle(after, (128, 128), 128, 4, -1)
    states = itertools.cycle(((before, after), (after, before)))

    def stroke():
        live.update(truth[window], *next(states))
        return live.image

    median, p95 = median_of(stroke, repeat=100)
    whole, _ = median_of(lambda: SegmentOverlaps.of(truth, prediction), repeat=5)
    return [Row("live PQ, 256x256 of 2048x1024", median, p95, "recount", median / whole, "<= 16 ms", median <= 16)]


def bench_live_ap() -> list[Row]:
    images = object_dataset(images=500)
    live = LiveAveragePrecision()
    for image in images:
        live.set_image(image.name, image)
    live.ap()
    image, class_id = images[0], images[0].truth[0].class_id
    truth = [item for item in image.truth if item.class_id == class_id]
    found = [item for item in image.detections if item.class_id == class_id]

    def edit():
        live.rematch(image.name, class_id, truth, found)
        return live.ap()

    median, p95 = median_of(edit, repeat=30)
    whole, _ = median_of(lambda: average_precision(images), repeat=3, warmup=1)
    what = "live AP, one object of 500 images x 10"
    return [Row(what, median, p95, "recount", median / whole, "<= 16 ms", median <= 16)]


def bench_error_kind_map() -> list[Row]:
    truth, prediction = street(512, 1024)
    median, p95 = median_of(lambda: error_kind_map(truth, prediction, num_classes=CLASSES), repeat=3, warmup=1)
    all_of_them, _ = median_of(lambda: all_classes_error_map(truth, prediction, num_classes=CLASSES))
    return [Row("kinds of all errors, 1024x512 (worker)", median, p95, "plain error map", median / all_of_them)]


def bench_error_map() -> list[Row]:
    truth, prediction = street()
    copy, _ = median_of(lambda: (truth.copy(), prediction.copy()))
    one, one_p95 = median_of(lambda: class_error_map(truth, prediction, 3))
    all_of_them, all_p95 = median_of(lambda: all_classes_error_map(truth, prediction, num_classes=CLASSES))
    return [
        Row("error map of one class, 2048x1024", one, one_p95, "copying both rasters", one / copy),
        Row("error map of all classes, 2048x1024", all_of_them, all_p95, "copying both rasters", all_of_them / copy),
    ]


def unique_confusion(truth, prediction, matrix):
    """Counting as Cityscapes' Python path does: unique joint codes, then a loop over them."""
    base = int(max(truth.max(), prediction.max())) + 1
    values, counts = np.unique(truth.astype(np.int32) * base + prediction, return_counts=True)
    for value, count in zip(values, counts, strict=True):
        matrix[value // base, value % base] += count


def bench_semantic_evaluation() -> list[Row]:
    """From two PNG files to counts, against decoding alone and against Cityscapes' way of counting."""
    truth, prediction = street()
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("truth.png", "prediction.png")]
        for file, raster in zip(files, (truth, prediction), strict=True):
            cv2.imwrite(file, raster)
        matrix, reference = ConfusionMatrix(CLASSES), np.zeros((256, 256), np.int64)

        def decode():
            return [cv2.imread(file, cv2.IMREAD_UNCHANGED) for file in files]

        decoding, _ = median_of(decode, repeat=15)
        ours, p95 = median_of(lambda: matrix.add(*decode()), repeat=15)
        counting, _ = median_of(lambda: matrix.add(truth, prediction), repeat=15)
        theirs, _ = median_of(lambda: unique_confusion(truth, prediction, reference), repeat=5, warmup=1)
    what = "semantic evaluation of one 2048x1024 image"
    return [
        Row(what, ours, p95, "decoding both PNGs alone", ours / decoding, "<= 1.5", ours <= 1.5 * decoding),
        Row(
            "  its counting",
            counting,
            counting,
            "unique joint codes",
            counting / theirs,
            "<= 0.1",
            counting <= 0.1 * theirs,
        ),
    ]


def object_dataset(images=1000, objects=10, classes=80, seed=0):
    """Instances as ellipses, detections displaced by a few pixels, some in the wrong class, some crowds."""
    rng = np.random.default_rng(seed)

    def ellipse(centre, axes, angle):
        mask = np.zeros((480, 640), np.uint8)
        cv2.ellipse(mask, [int(v) for v in centre], [int(v) for v in axes], float(angle), 0, 360, 1, -1)
        return coco_mask.encode(np.asfortranarray(mask))

    out = []
    for number in range(images):
        truths, found = [], []
        for _ in range(objects):
            centre, axes, angle = rng.integers((20, 20), (620, 460)), rng.integers(4, 80, 2), rng.integers(0, 180)
            class_id = int(rng.integers(1, classes + 1))
            truths.append(TruthInstance(class_id, ellipse(centre, axes, angle), bool(rng.random() < 0.03)))
            guess = class_id if rng.random() < 0.9 else int(rng.integers(1, classes + 1))
            moved = ellipse(centre + rng.integers(-4, 5, 2), axes + rng.integers(0, 5, 2), angle)
            found.append(DetectedInstance(guess, float(rng.random()), moved))
        out.append(InstanceImage(str(number), truths, found))
    return out


def pycocotools_seconds(images):
    """Evaluate and accumulate; loading is not counted."""
    annotations, results = [], []
    for number, image in enumerate(images, 1):
        for item in image.truth:
            row = {"id": len(annotations) + 1, "image_id": number, "category_id": item.class_id, "bbox": [0, 0, 1, 1]}
            row |= {"iscrowd": int(item.is_crowd), "area": float(coco_mask.area(item.rle)), "segmentation": item.rle}
            annotations.append(row)
        for item in image.detections:
            row = {"image_id": number, "category_id": item.class_id, "score": item.score}
            results.append(row | {"segmentation": dict(item.rle)})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        sizes = [{"id": number, "height": 480, "width": 640} for number in range(1, len(images) + 1)]
        categories = [{"id": class_id} for class_id in range(1, 81)]
        truth.dataset = {"info": {}, "images": sizes, "annotations": annotations, "categories": categories}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "segm")
        start = time.perf_counter()
        evaluation.evaluate()
        evaluation.accumulate()
        return time.perf_counter() - start


def bench_average_precision() -> list[Row]:
    images = object_dataset()
    reference = 1000 * min(pycocotools_seconds(images) for _ in range(2))
    median, p95 = median_of(lambda: average_precision(images), repeat=5, warmup=1)
    what = "COCO segm AP, 1,000 images x 10 objects"
    return [Row(what, median, p95, "pycocotools", median / reference, "<= 0.2", median <= 0.2 * reference)]


def bench_cityscapes_script() -> list[Row]:
    """The Cityscapes script's own Python path, from two files to counts, where it is installed."""
    try:
        setattr(np, "in1d", np.isin)  # noqa: B010 (numpy removed the alias that the script calls)
        from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as script
    except ImportError:
        return []
    # Networks draw regions, not noise, which would make this a benchmark of inflating PNGs.
    truth, prediction = street(speckles=0)
    ids = np.full(256, 0, np.uint8)
    ids[:CLASSES] = [label.id for label in script.labels if 0 <= label.trainId < CLASSES][:CLASSES]
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / name) for name in ("x_gtFine_labelIds.png", "x_pred.png")]
        for name, raster in zip(names, (truth, prediction), strict=True):
            cv2.imwrite(name, ids[raster])
        cv2.imwrite(names[0].replace("labelIds", "instanceIds"), ids[truth].astype(np.uint16))
        confusion = script.generateMatrix(script.args)
        statistics = script.generateInstanceStats(script.args)
        script.CSUPPORT, script.args.JSONOutput = False, False

        def theirs():
            script.evaluatePair(names[1], names[0], confusion, statistics, {}, script.args)

        def decode():
            return [cv2.imread(name, cv2.IMREAD_UNCHANGED) for name in names]

        matrix = ConfusionMatrix(34)
        reference, _ = median_of(theirs, repeat=5, warmup=1)
        files = (*names, names[0].replace("labelIds", "instanceIds"))
        opening, _ = median_of(lambda: [np.array(Image.open(name)) for name in files], repeat=5)
        median, p95 = median_of(lambda: matrix.add(*decode()), repeat=15)
        rasters = decode()
        counting, counting_p95 = median_of(lambda: matrix.add(*rasters), repeat=15)
    ratio = counting / (reference - opening)
    return [
        Row("semantic evaluation, files to counts", median, p95, "cityscapesscripts' Python path", median / reference),
        Row("  its counting", counting, counting_p95, "the same without decoding", ratio, "<= 0.1", ratio <= 0.1),
    ]


def bench_paired_bootstrap() -> list[Row]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 100_000, (500, CLASSES)) * (rng.random((500, CLASSES)) < 0.6)

    def model(quality):
        hits = rng.binomial(truth, quality)
        return np.stack([hits, truth, hits + rng.integers(0, 20_000, hits.shape)], axis=1)

    counts = model(0.7), model(0.71)
    sides = [CountedImages(one) for one in counts]
    median, p95 = median_of(lambda: paired_statistics(*sides), repeat=7, warmup=1)
    weights, data = np.ones((2000, 500)), counts[0].reshape(500, -1).astype(float)
    product, _ = median_of(lambda: weights @ data, repeat=7)
    what = "paired bootstrap and permutation, 2,000 x 500 images"
    return [Row(what, median, p95, "one bare matrix product", median / product, "<= 300 ms", median <= 300)]


def bench_inspection() -> list[Row]:
    truth, prediction = street()
    matrix = ConfusionMatrix(CLASSES)
    matrix.add(truth, prediction)
    copy, _ = median_of(lambda: (truth.copy(), prediction.copy()))
    rows = []
    for what, work in (
        ("error regions of one confusion, 2048x1024", lambda: error_regions(truth, prediction, matrix, pairs=[(4, 3)])),
        ("error kinds of one class, 2048x1024", lambda: error_kinds(truth, prediction, 3)),
        ("joint counts of segments, 2048x1024", lambda: SegmentOverlaps.of(truth, prediction)),
    ):
        median, p95 = median_of(work, repeat=5, warmup=1)
        rows.append(Row(what, median, p95, "copying both rasters", median / copy))
    return rows
