"""How fast the metrics are, each beside a bare memory copy or the usual recipe on the same data."""

from __future__ import annotations

import cv2
import numpy as np

from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.errors_map import all_classes_error_map, class_error_map
from tests.benchmarks.table import Row, median_of

CLASSES = 19


def street(height=1024, width=2048):
    """Truth with large regions and void, and a prediction that is wrong at borders and in speckles."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, CLASSES + 1, (32, 64)).astype(np.uint8)
    truth = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
    truth[truth == CLASSES] = 255
    prediction = np.roll(truth, 3, axis=1)
    prediction[rng.random(prediction.shape) < 0.02] = 3
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


def bench_error_map() -> list[Row]:
    truth, prediction = street()
    copy, _ = median_of(lambda: (truth.copy(), prediction.copy()))
    one, one_p95 = median_of(lambda: class_error_map(truth, prediction, 3))
    all_of_them, all_p95 = median_of(lambda: all_classes_error_map(truth, prediction, num_classes=CLASSES))
    return [
        Row("error map of one class, 2048x1024", one, one_p95, "copying both rasters", one / copy),
        Row("error map of all classes, 2048x1024", all_of_them, all_p95, "copying both rasters", all_of_them / copy),
    ]
