"""Counting values against NumPy's own count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.ops import value_counts as module
from segstudio.ops.value_counts import value_counts


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 65535), st.sampled_from(["u1", "u2", "i4"]), st.data())
def test_counts_are_numpys(height, width, greatest, kind, data):
    greatest = min(greatest, np.iinfo(kind).max)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    wide_hw = rng.integers(0, greatest + 1, (height, 2 * width)).astype(kind)
    for values_hw in (wide_hw, wide_hw[:, ::2], wide_hw.T):
        np.testing.assert_array_equal(value_counts(values_hw), np.bincount(values_hw.reshape(-1)))


def test_more_pixels_of_one_value_than_float32_counts(monkeypatch):
    values_hw = np.zeros((4100, 4100), np.uint8)
    values_hw[0, 0] = 3
    assert value_counts(values_hw).tolist() == [4100 * 4100 - 1, 0, 0, 1]
    monkeypatch.setattr(module, "_EXACT", 1)
    np.testing.assert_array_equal(value_counts(values_hw[:7, :5]), [34, 0, 0, 1])


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_no_pixels_have_no_values(kind):
    assert value_counts(np.zeros((0, 5), kind)).size == 0
