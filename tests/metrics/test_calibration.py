"""Calibration: the fixtures' numbers, the bin of confidence 1, and uint8 confidences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics.calibration import Reliability


def curve(confidence, correct, bins=10):
    reliability = Reliability(bins)
    reliability.add(np.array(confidence), np.array(correct, bool))
    return reliability


def test_four_samples():
    reliability = curve([0.95, 0.95, 0.85, 0.60], [1, 0, 1, 1])
    assert reliability.expected_error() == pytest.approx(0.3625, abs=1e-12)
    assert reliability.maximum_error() == pytest.approx(0.45)
    assert reliability.counts.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 1, 2]
    assert reliability.accuracy()[9] == 0.5
    assert reliability.confidence()[9] == pytest.approx(0.95)


def test_confidence_one_belongs_to_the_last_bin():
    """A bin of its own for exactly 1 gives .525 instead."""
    assert curve([0.95, 1.0], [1, 0]).expected_error() == pytest.approx(0.475, abs=1e-12)


def test_void_does_not_count():
    reliability = Reliability(10)
    reliability.add(np.array([[0.9, 0.2]]), np.array([[True, False]]), np.array([[True, False]]))
    assert reliability.counts.sum() == 1
    assert reliability.expected_error() == pytest.approx(0.1)


@given(hnp.arrays(np.uint8, (7, 5)), hnp.arrays(bool, (7, 5)), st.integers(1, 20))
def test_bytes_mean_the_same_as_fractions(confidence, correct, bins):
    from_bytes, from_floats = Reliability(bins), Reliability(bins)
    from_bytes.add(confidence, correct)
    from_floats.add(confidence / 255, correct)
    assert from_bytes.counts.tolist() == from_floats.counts.tolist()
    assert from_bytes.expected_error() == pytest.approx(from_floats.expected_error())


@given(hnp.arrays(float, 30, elements=st.floats(0, 1)), hnp.arrays(bool, 30))
def test_images_merge_into_a_dataset(confidence, correct):
    whole = curve(confidence, correct)
    parts = curve(confidence[:11], correct[:11])
    parts.merge(curve(confidence[11:], correct[11:]))
    assert parts.counts.tolist() == whole.counts.tolist()
    assert parts.expected_error() == pytest.approx(whole.expected_error())


def test_nothing_is_undefined():
    assert math.isnan(Reliability().expected_error())
    assert math.isnan(Reliability().maximum_error())
    assert np.isnan(Reliability(4).accuracy()).all()


def test_bad_input_is_named():
    with pytest.raises(UserError, match="between 0 and 1"):
        curve([1.5], [1])
    with pytest.raises(UserError, match="between 0 and 1"):
        curve([math.nan], [1])
    with pytest.raises(UserError, match=r"\(2,\).*\(1,\)"):
        curve([0.5, 0.5], [1])
    with pytest.raises(UserError, match="10 and 15"):
        Reliability(10).merge(Reliability(15))
    with pytest.raises(UserError, match="at least one bin"):
        Reliability(0)
