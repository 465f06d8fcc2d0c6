"""Tables looked up strip by strip: the same numbers, in a fraction of the memory."""

import tracemalloc

import numpy as np
import pytest

from segstudio.core import lookup
from segstudio.core.lookup import look_up


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (1, 1), (37, 53), (1, 300)])
def test_strips_give_what_the_whole_gives(shape, dtype, monkeypatch):
    monkeypatch.setattr(lookup, "_STRIP_PIXELS", 100)
    chance = np.random.default_rng(0)
    table = chance.integers(0, 65536, 256).astype(np.uint16)
    numbers = chance.integers(0, 256, shape).astype(dtype)
    found = look_up(table, numbers)
    assert found.dtype == table.dtype
    np.testing.assert_array_equal(found, table[numbers])
    np.testing.assert_array_equal(look_up(table, numbers[::2, ::-1]), table[numbers[::2, ::-1]])


def test_a_large_raster_takes_no_more_than_its_result_and_a_strip():
    numbers = np.zeros((4000, 4000), np.uint8)
    tracemalloc.start()
    found = look_up(np.arange(256, dtype=np.uint8), numbers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= found.nbytes + 20 * lookup._STRIP_PIXELS
