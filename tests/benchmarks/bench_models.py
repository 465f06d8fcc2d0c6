"""What the engine adds to the bare forward pass of a network; each row is a ratio within one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from segstudio.core.layer import Layer, prediction_layer
from segstudio.models import create_model
from segstudio.models.backend import FAKE
from segstudio.models.host import ModelHost
from segstudio.models.jobs import BATCH
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.opening import open_predictor
from segstudio.models.torch_backend.pixels import to_input
from segstudio.models.torch_backend.predictor import Predictor
from segstudio.workflows.benching.engine import engine_times
from segstudio.workflows.benching.subjects import streets
from tests.benchmarks.table import Row, median_of

LIMIT = 1.1
THROUGHPUT = 0.9
FRAME_MS = 8.0
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


def _trained(name: str):
    """The model with weights of `../shared/weights` where they are, else with random ones."""
    files = {
        "espnet": "espnet_p2_q8_cityscapes.pth",
        "espnet-v2": "espnetv2_s2.0_cityscapes_1024x512.pth",
        "c3net": "c3net_cityscapes.pth",
        "sinet": "sinet_cityscapes.pth",
        "enet": "enet_zh320_cityscapes.pth",
    }
    file = Path(__file__).parents[2].parent / "shared" / "weights" / files[name]
    if file.is_file():
        return open_predictor(default_registry(), name, weights=str(file), settings=CPU)
    return Predictor(default_registry().card(name), create_model(name), choice=choose_device("cpu"), settings=CPU)


def bench_predict_against_bare_forward() -> list[Row]:
    """From a painted scene of 2048×1024 to the layer that the canvas shows, against the forward pass alone."""
    image = next(streets(1, size_hw=(1024, 2048))).image_hwc
    rows = []
    for name in ("espnet", "espnet-v2", "c3net", "sinet", "enet"):
        predictor = _trained(name)
        given = to_input(image, predictor.preprocess, torch.device("cpu")).pixels

        def bare(network=predictor.network, given=given):
            with torch.inference_mode():
                network(given)

        def whole(predictor=predictor, name=name):
            Layer.from_annotation(prediction_layer(name), predictor.predict(image).to_annotation(), locked=True)

        forward, layer = _alternating(bare, whole, repeat=9)
        ratio = statistics.median(one / other for one, other in zip(layer, forward, strict=True))
        what = f"predict to layer 2048×1024, {name}"
        reference = f"bare forward {statistics.median(forward):.0f} ms"
        rows.append(Row(what, statistics.median(layer), max(layer), reference, ratio, "≤ 1.1 ×", ratio <= LIMIT))
    return rows


def bench_batch_throughput() -> list[Row]:
    """Thirty files through decoding, model and writing, against the bare forward passes of as many images."""
    found = engine_times(default_registry(), "c3net", settings=CPU, quick=True, repeat=8)
    each, bare = found.batch_s * 1e3, found.bare_s * 1e3
    what, reference = f"one of {found.images} files 2048×1024, c3net", f"bare forward {bare:.0f} ms"
    limit = "≥ 90 % of its throughput"
    return [Row(what, each, each, reference, each / bare, limit, found.kept >= THROUGHPUT)]


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
