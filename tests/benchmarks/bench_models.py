"""What the engine adds to the bare forward pass of a network; each row is a ratio within one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from segstudio.models import create_model
from segstudio.models.backend import FAKE
from segstudio.models.host import ModelHost
from segstudio.models.jobs import BATCH
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.pixels import to_input
from segstudio.models.torch_backend.predictor import Predictor
from tests.benchmarks.table import Row, median_of

LIMIT = 1.1
THROUGHPUT = 0.9
FRAME_MS = 8.0
IMAGES = 16
CPU = PredictSettings(device="cpu")


def _street(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 256, (64, 128, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))


def _alternating(first, second, *, repeat: int) -> tuple[list[float], list[float]]:
    """Milliseconds of both by turns, so that what else the machine does falls on both alike."""
    times: tuple[list[float], list[float]] = ([], [])
    first(), second()
    for _ in range(repeat):
        for call, taken in zip((first, second), times, strict=True):
            began = time.perf_counter()
            call()
            taken.append((time.perf_counter() - began) * 1e3)
    return times


def bench_predict_against_bare_forward() -> list[Row]:
    """From an image of 2048×1024 to the layer that the canvas shows, against the forward pass alone."""
    image = _street()
    rows = []
    for name in ("espnet", "espnet-v2", "c3net", "sinet", "enet"):
        card = default_registry().card(name)
        network = create_model(name)
        predictor = Predictor(card, network, choice=choose_device("cpu"), settings=CPU)
        given = to_input(image, card.preprocess, torch.device("cpu")).pixels

        def bare(network=network, given=given):
            with torch.inference_mode():
                network(given)

        def whole(predictor=predictor):
            return predictor.predict(image).to_annotation()

        forward, layer = _alternating(bare, whole, repeat=7)
        ratio = statistics.median(one / other for one, other in zip(layer, forward, strict=True))
        what = f"predict to layer 2048×1024, {name}"
        reference = f"bare forward {statistics.median(forward):.0f} ms"
        rows.append(Row(what, statistics.median(layer), max(layer), reference, ratio, "≤ 1.1 ×", ratio <= LIMIT))
    return rows


def bench_batch_throughput() -> list[Row]:
    """Many files through decoding, model and writing, against the bare forward passes of as many images."""
    from segstudio.workflows.predict import predict

    name = "c3net"
    card, network = default_registry().card(name), create_model(name)
    given = to_input(_street(), card.preprocess, torch.device("cpu")).pixels

    def forward() -> float:
        with torch.inference_mode():
            return median_of(lambda: network(given), repeat=6, warmup=1)[0]

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        weights = home / "weights.pth"
        torch.save(network.state_dict(), weights)
        for count in (4, IMAGES):
            (home / str(count)).mkdir()
            for number in range(count):
                cv2.imwrite(str(home / str(count) / f"{number}.png"), _street(number))

        def run(count: int) -> float:
            began = time.perf_counter()
            predict(name, home / str(count), home / f"out-{count}-{began}", weights=str(weights), device="cpu")
            return (time.perf_counter() - began) * 1e3

        run(4)
        before, few, many, after = forward(), run(4), run(IMAGES), forward()
    each, bare = (many - few) / (IMAGES - 4), (before + after) / 2
    kept = bare / each
    row = Row(
        f"one of {IMAGES} files 2048×1024, {name}",
        each,
        each,
        f"bare forward {bare:.0f} ms",
        each / bare,
        "≥ 90 % of its throughput",
        kept >= THROUGHPUT,
    )
    return [row]


def bench_host_round_trip() -> list[Row]:
    """An image to the model process and its labels back, without a network in between."""
    image = _street()
    copied, _ = median_of(lambda: image.copy())
    with ModelHost((), backend=FAKE) as host:
        host.submit(PredictRequest("bands", image)).wait()
        median, p95 = median_of(lambda: host.submit(PredictRequest("bands", image)).wait())
    return [Row("host round trip 2048×1024", median, p95, f"copy of the image {copied:.2f} ms", median / copied)]


def bench_cached_prediction() -> list[Row]:
    """A prediction that was made before, from the disk, against making it again."""
    image = _street()
    card, network = default_registry().card("espnet"), create_model("espnet")
    predictor = Predictor(card, network, choice=choose_device("cpu"), settings=CPU)
    made, _ = median_of(lambda: predictor.predict(image), repeat=3, warmup=1)
    prediction = predictor.predict(image)
    with tempfile.TemporaryDirectory() as folder:
        cache = ResultCache(Path(folder))
        kept, kept_p95 = median_of(lambda: cache.put("k", prediction), repeat=10)
        median, p95 = median_of(lambda: cache.get("k"), repeat=10)
    return [
        Row("prediction 2048×1024 from the cache", median, p95, f"made again {made:.0f} ms", median / made),
        Row("prediction 2048×1024 into the cache", kept, kept_p95, f"made {made:.0f} ms", kept / made),
    ]


def bench_brush_while_a_model_runs() -> list[Row]:
    """Frames of a brush stroke while the model process computes image after image, against those without it."""
    from PySide6.QtCore import QEvent

    from tests.benchmarks.bench_canvas import _canvas, _painted, _send

    def frames(canvas) -> tuple[float, float]:
        place = [1000.0]

        def frame() -> None:
            place[0] += 9
            _send(canvas, QEvent.Type.MouseMove, place[0], 2000 + place[0] / 3)
            _painted()

        _send(canvas, QEvent.Type.MouseButtonPress, 1000, 2000)
        measured = median_of(frame, repeat=150, warmup=10)
        _send(canvas, QEvent.Type.MouseButtonRelease, place[0], 2000, held=False)
        _painted()
        return measured

    with tempfile.TemporaryDirectory() as folder, _canvas() as canvas, ModelHost() as host:
        weights = Path(folder) / "weights.pth"
        torch.save(create_model("espnet").state_dict(), weights)
        quiet, _ = frames(canvas)
        request = PredictRequest("espnet", _street(), str(weights), CPU)
        host.submit(request).wait()
        jobs = [host.submit(request, priority=BATCH) for _ in range(20)]
        median, p95 = frames(canvas)
        ran = not all(job.ended for job in jobs)
    what = "brush frame while a model runs" if ran else "brush frame (the model ended too early)"
    return [Row(what, median, p95, f"without it {quiet:.2f} ms", median / quiet, "95 % ≤ 8 ms", p95 <= FRAME_MS)]
