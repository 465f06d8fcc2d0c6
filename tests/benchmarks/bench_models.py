"""What the engine adds to the bare forward pass of a network."""

from __future__ import annotations

import numpy as np
import torch

from segstudio.models import create_model
from segstudio.models.backend import FAKE
from segstudio.models.host import ModelHost
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.pixels import to_input
from segstudio.models.torch_backend.predictor import Predictor
from tests.benchmarks.table import Row, median_of

LIMIT = 1.1


def _street() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.kron(rng.integers(0, 256, (64, 128, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))


def bench_predict_against_bare_forward() -> list[Row]:
    """From an image of 2048×1024 to labels and confidence, against the forward pass alone."""
    image = _street()
    rows = []
    for name in ("espnet", "espnet-v2", "c3net", "sinet", "enet"):
        card = default_registry().card(name)
        network = create_model(name)
        predictor = Predictor(card, network, choice=choose_device("cpu"), settings=PredictSettings(device="cpu"))
        given = to_input(image, card.preprocess, torch.device("cpu")).pixels
        with torch.inference_mode():
            bare, _ = median_of(lambda given=given, network=network: network(given), repeat=5, warmup=1)
        median, p95 = median_of(lambda predictor=predictor: predictor.predict(image), repeat=5, warmup=1)
        ratio = median / bare
        rows.append(
            Row(
                f"predict 2048×1024, {name}",
                median,
                p95,
                f"bare forward {bare:.0f} ms",
                ratio,
                "≤ 1.1 ×",
                ratio <= LIMIT,
            )
        )
    return rows


def bench_host_round_trip() -> list[Row]:
    """An image to the model process and its labels back, without a network in between."""
    image = _street()
    copied, _ = median_of(lambda: image.copy())
    with ModelHost((), backend=FAKE) as host:
        host.submit(PredictRequest("bands", image)).wait()
        median, p95 = median_of(lambda: host.submit(PredictRequest("bands", image)).wait())
    return [Row("host round trip 2048×1024", median, p95, f"copy of the image {copied:.2f} ms", median / copied)]
