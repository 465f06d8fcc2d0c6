"""Truth and prediction find each other by name, and never the wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.workflows.pairing import bare_name, pair


def paired(truth, prediction):
    found = pair({key: key for key in truth}, {key: key for key in prediction})
    return {key: other for key, _, other in found.pairs}, [one.name for one in found.missing], found.unused


@pytest.mark.parametrize(
    "name",
    [
        "x_leftImg8bit",
        "x_gtFine_labelIds",
        "x_pred",
        "x_leftImg8bit_prediction",
        "x_gtFine_labelTrainIds",
        "x_mask",
        "x",
    ],
)
def test_endings_are_taken_off(name):
    assert bare_name(f"val/frankfurt/{name}") == "x"


def test_an_ending_alone_is_a_name():
    assert bare_name("a/_pred") == "_pred"


def test_same_key_goes_before_the_same_bare_name():
    pairs, missing, unused = paired(["a/x", "b/x"], ["b/x", "a/x"])
    assert pairs == {"a/x": "a/x", "b/x": "b/x"}
    assert (missing, unused) == ([], 0)


def test_ambiguous_bare_names_are_not_guessed():
    pairs, missing, _ = paired(["x"], ["a/x_pred", "b/x_pred"])
    assert pairs == {}
    assert missing == ["x"]


def test_beginning_counts_only_up_to_a_boundary():
    assert paired(["im_1"], ["im_1_net-v2", "im_10"])[0] == {"im_1": "im_1_net-v2"}
    assert paired(["im_1"], ["im_10"])[0] == {}


def test_numbers_pair_where_names_do_not():
    numbers = {"photo": 42, "000000000042": 42, "other": 7}
    found = pair({"photo": "photo"}, {"000000000042": "000000000042", "other": "other"}, number_of=numbers.get)
    assert [other for _, _, other in found.pairs] == ["000000000042"]
    assert found.unused == 1


@given(st.lists(st.text("abc/_1", min_size=1), unique=True))
def test_identical_sides_pair_with_themselves(keys):
    pairs, missing, unused = paired(keys, keys)
    assert pairs == {key: key for key in keys}
    assert (missing, unused) == ([], 0)
