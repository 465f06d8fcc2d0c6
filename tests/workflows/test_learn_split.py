"""Which images are held out: exactly so many, always the same, never one that was trained on while others are new."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from segstudio.workflows.learning.data import held_out_of
from segstudio.workflows.learning.versions import Split, Versions

sizes = st.integers(2, 60)
shares = st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.9])


def keys_of(count, prefix="view"):
    return [f"{prefix}_{number:02d}" for number in range(count)]


@given(sizes, shares, st.text(max_size=5))
def test_a_fifth_is_a_fifth_of_small_sets_too(count, share, prefix):
    held = held_out_of(keys_of(count, prefix), share, Split())
    assert len(held) == min(count - 1, math.ceil(count * share))
    assert held == held_out_of(reversed(keys_of(count, prefix)), share, Split())


def test_tenths_are_not_rounded_up_for_nothing():
    assert [len(held_out_of(keys_of(count), 0.2, Split())) for count in (2, 5, 10, 15, 20, 35)] == [1, 1, 2, 3, 4, 7]
    assert len(held_out_of(keys_of(70), 0.1, Split())) == 7


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_growing_sets_stay_exact_and_nothing_changes_sides(steps, random):
    """Whichever images come next: sides are kept, and every round measures on what no round was trained on."""
    coming = keys_of(2 + sum(steps))
    random.shuffle(coming)
    held, trained, count = frozenset(), frozenset(), 2
    for step in [0, *steps]:
        count += step
        now = held_out_of(coming[:count], 0.2, Split(held, trained))
        assert len(now) == math.ceil(count / 5)
        assert held <= now
        assert not now & trained
        held, trained = now, trained | (set(coming[:count]) - now)


def test_what_was_held_out_stays_so_where_fewer_are_wanted():
    keys = keys_of(10)
    half = held_out_of(keys, 0.5, Split())
    assert held_out_of(keys, 0.2, Split(held_out=half)) == half
    assert held_out_of(sorted(half), 0.2, Split(held_out=half)) == half


def test_the_split_is_kept_beside_the_versions(tmp_path):
    versions = Versions(tmp_path / "town.learn")
    assert versions.split() == Split()
    versions.note_split(held_out=["a"], trained=["b", "c"])
    versions.note_split(held_out=["d"], trained=["c"])
    assert versions.split() == Split(frozenset("ad"), frozenset("bc"))
    versions.split_file.write_text('{"held_out": 3}', encoding="utf-8")
    assert versions.split() == Split()
