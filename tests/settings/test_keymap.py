"""Keys by command: presets, a person's changes, and who has which key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.settings import SPECS
from segstudio.settings.folders import data_directory
from segstudio.settings.keymap import conflicts, differences, from_texts, normal, to_texts, with_changes, with_preset
from segstudio.settings.presets import PRESETS, TITLES

KEYS = st.sampled_from(["A", "B", "a", "Ctrl+Z", "Ctrl++", "Ctrl+=", "T, H", "Shift+Tab", "Shift+Backtab"])
KEYMAPS = st.dictionaries(st.sampled_from(["one.a", "one.b", "two.c", "two.d"]), st.lists(KEYS, max_size=3).map(tuple))


@given(KEYMAPS)
def test_conflicts_are_keys_with_two_owners(keymap):
    found = conflicts(keymap)
    for key, names in found.items():
        assert len(names) > 1
        assert all(normal(key) in {normal(k) for k in keymap[name]} for name in names)
    owners = [(normal(key), name) for name, keys in keymap.items() for key in {normal(k) for k in keys}]
    twice = {key for key, _ in owners if sum(other == key for other, _ in owners) > 1}
    assert {normal(key) for key in found} == twice


@given(KEYMAPS, KEYMAPS)
def test_changes_win_and_leave_no_conflict(base, changes):
    whole = {name: base.get(name, ()) for name in ("one.a", "one.b", "two.c", "two.d")}
    keymap = with_changes(whole, changes)
    assert keymap.keys() == whole.keys()
    first_of: dict[str, str] = {}
    for name, keys in changes.items():
        for key in keys:
            first_of.setdefault(normal(key), name)
    for key, name in first_of.items():
        assert key in {normal(k) for k in keymap[name]}
        assert all(key not in {normal(k) for k in keys} for other, keys in keymap.items() if other != name)


@given(KEYMAPS)
def test_changes_survive_the_settings_file(changes):
    assert from_texts(to_texts(changes)) == changes


def test_lines_that_say_nothing_are_left_out():
    assert from_texts(["nonsense", "tool.brush = B;  C", "tool.none="]) == {"tool.brush": ("B", "C"), "tool.none": ()}


def test_only_what_differs_is_kept():
    base = {"a": ("A",), "b": ("B",)}
    assert differences({"a": ("A",), "b": ()}, base) == {"b": ()}
    assert with_changes(base, {"gone": ("B",)}) == base


def test_a_preset_takes_its_keys_from_other_commands():
    keymap = with_preset({"image.next": ("D",), "tool.fill": ("F",), "image.previous": ("A",), "x.y": ("Q",)}, "cvat")
    assert keymap == {"image.next": ("F",), "tool.fill": (), "image.previous": ("D",), "x.y": ("Q",)}


def test_the_settings_offer_the_presets_that_there_are():
    assert SPECS["shortcuts"].choices == tuple(PRESETS) == tuple(TITLES)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_gives_one_key_twice(preset):
    assert conflicts(PRESETS[preset]) == {}


def test_the_data_folder_can_be_moved(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_DATA", str(tmp_path))
    assert data_directory() == tmp_path
    monkeypatch.delenv("SEGSTUDIO_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert data_directory().name == "segstudio"
