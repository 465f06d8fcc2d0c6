"""Expected calibration error against torchmetrics, where both agree on the bins."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.metrics.calibration import Reliability


def test_torchmetrics_agrees_below_one():
    torch = pytest.importorskip("torch")
    reference = pytest.importorskip("torchmetrics.functional.classification").binary_calibration_error
    rng = np.random.default_rng(3)
    for bins in (2, 10, 15):
        probability = rng.random(500).astype(np.float32) * 0.999
        target = rng.random(500) < probability**2
        ours = Reliability(bins)
        ours.add(probability, target)
        targets = torch.from_numpy(target.astype(int))
        theirs = reference(torch.from_numpy(probability), targets, n_bins=bins, norm="l1")
        assert ours.expected_error() == pytest.approx(float(theirs), abs=1e-6)
