"""Class edits are taken back class by class."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_patch import ClassSetPatch
from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError

SETS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 255)), max_size=6, unique_by=lambda row: row[0]).flatmap(
    lambda rows: st.permutations([LabelClass(n, f"class {n}", (red, 0, 0)) for n, red in rows]).flatmap(
        lambda classes: st.sampled_from(["one", "two"]).map(lambda name: ClassSet(name, tuple(classes)))
    )
)


@given(SETS, SETS)
def test_back_and_forth_gives_the_very_sets(before: ClassSet, after: ClassSet) -> None:
    back, forth = ClassSetPatch.back_to(before, after).swap(after)
    assert back == before
    assert forth.swap(back)[0] == after


@given(SETS, SETS, st.integers(0, 255))
def test_a_class_that_came_meanwhile_stays(before: ClassSet, after: ClassSet, red: int) -> None:
    late = LabelClass(99, "late", (red, 1, 2))
    back, _ = ClassSetPatch.back_to(before, after).swap(after.with_class(late))
    assert back.classes == (*before.classes, late)


def test_a_name_that_was_given_away_is_not_given_twice() -> None:
    car, bus = LabelClass(1, "car", (0, 0, 0)), LabelClass(2, "car", (9, 9, 9))
    renamed = ClassSet("set", (LabelClass(1, "auto", (0, 0, 0)),))
    patch = ClassSetPatch.back_to(ClassSet("set", (car,)), renamed)
    with pytest.raises(UserError, match="name 'car' is used twice"):
        patch.swap(renamed.with_class(bus))
