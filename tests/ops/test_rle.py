"""Run lengths against pycocotools, over the whole image and over rectangles of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape
from segstudio.ops import rle
from tests.ops.strategies import masks, rects, view_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools.decode


def coco(mask_hw):
    return coco_mask.encode(np.asfortranarray(mask_hw.astype(np.uint8)))


@given(masks())
def test_encoding_is_pycocotools_encoding(mask_hw):
    shape = rle.mask_shape(mask_hw, size_hw=mask_hw.shape)
    assert shape.counts == coco(mask_hw)["counts"]
    assert shape.box == Rect.of_mask(mask_hw)
    assert rle.area(shape) == np.count_nonzero(mask_hw)


@given(masks(max_side=9), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_a_crop_encodes_as_its_whole_image(mask_hw, left, top, right, bottom):
    whole = np.pad(mask_hw, ((top, bottom), (left, right)))
    height, width = mask_hw.shape
    shape = rle.mask_shape(mask_hw, size_hw=whole.shape, at=Rect(left, top, left + width, top + height))
    assert shape.counts == coco(whole)["counts"]
    assert shape.box == Rect.of_mask(whole)


@given(masks(), rects())
def test_decoding_a_rectangle_is_cropping_the_whole(mask_hw, rect):
    whole = coco_mask.decode(coco(mask_hw)).astype(bool)
    shape = MaskShape(*mask_hw.shape, coco(mask_hw)["counts"])
    assert np.array_equal(rle.decode(shape), whole)
    assert np.array_equal(rle.decode(shape, rect), view_of(whole, rect))


@given(masks())
def test_both_json_forms_come_back(mask_hw):
    shape = rle.mask_shape(mask_hw, size_hw=mask_hw.shape)
    assert rle.from_string(rle.to_string(shape), mask_hw.shape) == shape
    assert rle.from_counts(rle.to_counts(shape), mask_hw.shape) == shape


def test_lengths_that_need_many_characters_survive():
    mask_hw = np.zeros((3000, 4000), bool)
    mask_hw[1234:2345, 3000:3900] = True
    assert rle.mask_shape(mask_hw, size_hw=mask_hw.shape).counts == coco(mask_hw)["counts"]
    assert np.array_equal(rle.decode(MaskShape(3000, 4000, coco(mask_hw)["counts"])), mask_hw)


@pytest.mark.parametrize(
    "counts",
    [[], [3, 3], [10**9, 2], [-1, 13], [2**62, 2**62], ["a"], [[5, 7], [1]], None, [12, 0, 10**18]],
    ids=str,
)
def test_uncompressed_counts_that_lie_are_refused(counts):
    with pytest.raises(UserError, match="mask"):
        rle.from_counts(counts, (3, 4))


@pytest.mark.parametrize("counts", ["", "5", "~~~~", "o" * 4000, "\u2603", b"\xff\xff", "PPPPPPPPPPPP0", " "], ids=repr)
def test_compressed_counts_that_lie_are_refused(counts):
    with pytest.raises(UserError, match="mask"):
        rle.from_string(counts, (3, 4))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_and_never_crash(packed):
    try:
        shape = rle.from_string(packed, (5, 6))
    except UserError:
        return
    assert rle.decode(shape).shape == (5, 6)
    assert Rect.of_mask(rle.decode(shape)) == shape.box


@pytest.mark.parametrize("size_hw", [(0, 5), (5, 0), (-1, -12), (10**6, 10**6)])
def test_sizes_that_cannot_be_are_refused(size_hw):
    with pytest.raises(UserError, match="cannot be held"):
        rle.from_counts([12], size_hw)


def test_a_mask_that_does_not_fit_its_place_is_a_bug():
    with pytest.raises(ValueError, match="does not fit"):
        rle.mask_shape(np.ones((2, 2), bool), size_hw=(4, 4), at=Rect(3, 3, 5, 5))
