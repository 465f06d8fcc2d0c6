"""Counting what a network costs."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.cost import PeakMemory, count_gmacs, measure


def test_multiply_accumulates_of_a_known_convolution(registry):
    # 1×1 convolution from 3 to 3 channels on 20×50 pixels: 9 per pixel.
    assert count_gmacs(registry, "tiny", (20, 50)) == pytest.approx(9 * 20 * 50 / 1e9)


def test_a_measurement_has_every_figure(registry):
    seen = []
    cost = measure(
        registry,
        "tiny",
        size_hw=(32, 64),
        device="cpu",
        repeat=5,
        warmup=1,
        progress=lambda done, total, text="": seen.append(total),
    )
    assert (cost.parameters, cost.size_hw, cost.device, cost.how) == (12, (32, 64), "cpu", "float32")
    assert 0 < cost.median_ms <= cost.p95_ms
    assert cost.fps == pytest.approx(1000 / cost.median_ms)
    assert cost.fps_p95 <= cost.fps
    assert seen == [6] * 6


def test_a_measurement_says_in_which_way_it_was_made(registry):
    chosen = PredictSettings(precision="bfloat16", channels_last=True)
    cost = measure(registry, "tiny", size_hw=(8, 8), device="cpu", settings=chosen, repeat=2, warmup=1)
    assert cost.how == "bfloat16, channels-last"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell the peak")
def test_the_peak_is_what_was_taken_on_the_way():
    gc.collect()
    peak = PeakMemory(torch.device("cpu"))
    kept = np.ones(64 << 20, np.uint8)
    del kept
    assert 60 << 20 < peak.bytes() < 200 << 20


def test_it_can_be_cancelled_and_names_what_cannot_run(registry):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        measure(registry, "tiny", size_hw=(8, 8), device="cpu", cancel=token)
    with pytest.raises(UserError, match="card only"):
        measure(registry, "tiny-later")


@pytest.mark.parametrize(
    ("name", "published", "share"),
    [
        ("lraspp-mobilenet-v3-large", 2.086, 0.01),
        ("deeplab-v3-mobilenet-v3", 10.452, 0.01),
        ("c3net", 3.15, 0.05),
        ("espnet-v2", 2.698, 0.01),
    ],
)
def test_counts_agree_with_the_published_ones(name, published, share):
    card = default_registry().card(name)
    assert count_gmacs(default_registry(), name, card.input_size) == pytest.approx(published, rel=share)
