"""One kind per wrong pixel: drawn cases of every kind, and what must hold for any pair of rasters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics.error_kind_map import WRONG_KINDS, RegionKind, error_kind_map

GROUND, THING, OTHER = 0, 1, 2


def scene():
    truth = np.zeros((60, 80), np.uint8)
    return truth, truth.copy()


def kinds_of(truth, labels, distance=1):
    return error_kind_map(truth, labels, num_classes=3, distance=distance)


def test_a_shifted_border_is_boundary():
    truth, labels = scene()
    truth[20:40, 20:50] = THING
    labels[20:40, 21:51] = THING
    kinds = kinds_of(truth, labels)
    assert set(np.unique(kinds[truth != labels])) == {RegionKind.BOUNDARY}


def test_a_thing_that_nothing_says_is_a_missed_region_where_the_ground_goes_on():
    truth, labels = scene()
    truth[20:40, 20:50] = THING
    kinds = kinds_of(truth, labels)
    assert (kinds[20:40, 20:50] == RegionKind.MISSED_REGION).all()
    assert (kinds[:20] == RegionKind.RIGHT).all()


def test_a_thing_that_is_not_labelled_at_all_is_missed_too():
    truth, labels = scene()
    truth[20:40, 20:50] = THING
    labels[20:40, 20:50] = 255
    assert (kinds_of(truth, labels)[20:40, 20:50] == RegionKind.MISSED_REGION).all()


def test_a_thing_where_there_is_only_ground_is_spurious():
    truth, labels = scene()
    labels[20:40, 20:50] = THING
    assert (kinds_of(truth, labels)[20:40, 20:50] == RegionKind.SPURIOUS_REGION).all()


def test_a_thing_that_is_said_to_be_another_is_a_class_swap():
    truth, labels = scene()
    truth[20:40, 20:50] = THING
    labels[20:40, 20:50] = OTHER
    assert (kinds_of(truth, labels)[20:40, 20:50] == RegionKind.CLASS_SWAP).all()


def test_half_a_thing_is_extent():
    truth, labels = scene()
    truth[20:40, 20:50] = THING
    labels[20:40, 20:35] = THING
    kinds = kinds_of(truth, labels)
    assert (kinds[23:37, 40:48] == RegionKind.EXTENT).all()


def test_a_gap_through_a_thing_is_a_split():
    truth, labels = scene()
    truth[20:40, 20:60] = THING
    labels[20:40, 20:60] = THING
    labels[20:40, 35:45] = GROUND
    kinds = kinds_of(truth, labels)
    assert (kinds[23:37, 36:44] == RegionKind.SPLIT).all()


def test_a_bridge_between_two_things_is_a_merge():
    truth, labels = scene()
    truth[20:40, 10:30] = THING
    truth[20:40, 45:65] = THING
    labels[20:40, 10:65] = THING
    kinds = kinds_of(truth, labels)
    assert (kinds[23:37, 33:42] == RegionKind.MERGE).all()


def test_void_is_nothing():
    truth, labels = scene()
    truth[:30] = 255
    labels[:30] = THING
    kinds = kinds_of(truth, labels)
    assert (kinds[:30] == RegionKind.VOID).all()
    assert (kinds[30:] == RegionKind.RIGHT).all()


def test_rasters_of_different_shape_are_refused():
    with pytest.raises(UserError):
        kinds_of(np.zeros((3, 3), np.uint8), np.zeros((3, 4), np.uint8))


rasters = hnp.arrays(np.uint8, (9, 11), elements=st.sampled_from([0, 1, 2, 255]))


@given(rasters, rasters)
def test_every_wrong_pixel_has_one_kind_of_error_and_no_other_pixel_has(truth, labels):
    kinds = kinds_of(truth, labels)
    wrong = (truth != labels) & (truth != 255)
    assert np.array_equal(np.isin(kinds, WRONG_KINDS), wrong)
    assert np.array_equal(kinds == RegionKind.VOID, truth == 255)


@given(rasters, rasters)
def test_mirrored_rasters_have_mirrored_kinds(truth, labels):
    assert np.array_equal(kinds_of(truth[:, ::-1], labels[:, ::-1]), kinds_of(truth, labels)[:, ::-1])


@given(rasters, rasters)
def test_without_void_missed_and_spurious_and_split_and_merge_change_places_with_the_sides(truth, labels):
    truth, labels = np.minimum(truth, 2), np.minimum(labels, 2)
    other = np.arange(10, dtype=np.uint8)
    other[[RegionKind.MISSED_REGION, RegionKind.SPURIOUS_REGION]] = RegionKind.SPURIOUS_REGION, RegionKind.MISSED_REGION
    forth, back = kinds_of(truth, labels), kinds_of(labels, truth)
    told_apart = ~np.isin(forth, (RegionKind.SPLIT, RegionKind.MERGE))
    assert np.array_equal(other[forth][told_apart], back[told_apart])
    assert np.isin(back[~told_apart], (RegionKind.SPLIT, RegionKind.MERGE)).all()
