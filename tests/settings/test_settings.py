"""Settings: overrides only, bad values told and defaulted, replaced whole or not at all."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.errors import EnvironmentFault
from segstudio.settings import SPECS, Settings, load_settings, read_settings, save_settings, settings_path

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_missing_file_means_defaults(tmp_path):
    assert read_settings(tmp_path / "none.toml") == (Settings(), [])


def test_only_overrides_are_written(tmp_path):
    path = tmp_path / "deep" / "settings.toml"
    save_settings(replace(Settings(), theme="light", brush_size=99), path)
    assert tomllib.loads(path.read_text()) == {"theme": "light", "brush_size": 99}
    save_settings(Settings(), path)
    assert path.read_text() == ""


@given(person=TEXTS, recent=st.lists(TEXTS).map(tuple), scale=st.floats(0.5, 3.0), safe=st.booleans())
def test_round_trip(tmp_path_factory, person, recent, scale, safe):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    given_settings = replace(Settings(), person=person, recent=recent, font_scale=scale, safe_mode=safe)
    save_settings(given_settings, path)
    assert read_settings(path) == (given_settings, [])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('theme = "purple"', "theme must be one of dark, light, not 'purple'"),
        ("brush_size = 0", "brush_size must lie within 1 … 1000, not 0"),
        ('brush_size = "3"', "brush_size must be a whole number, not '3'"),
        ("brush_size = true", "brush_size must be a whole number, not True"),
        ("label_opacity = nan", "label_opacity must lie within 0 … 1, not nan"),
        ("recent = [1]", "recent must be a list of texts, not [1]"),
        ("colour = 3", "there is no setting 'colour'"),
    ],
)
def test_bad_value_is_told_and_defaulted(tmp_path, line, problem):
    path = tmp_path / "settings.toml"
    path.write_text(f"font_scale = 2\n{line}\n")
    settings, problems = read_settings(path)
    assert settings == replace(Settings(), font_scale=2.0)
    assert problems == [f"{path}: {problem}"]


def test_broken_file_is_told_in_one_line(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b"theme = \xff\xfe")
    settings, (problem,) = read_settings(path)
    assert settings == Settings()
    assert problem.startswith(f"{path}: cannot be read as settings")
    assert "\n" not in problem


@pytest.mark.allow_log
def test_problems_are_logged(tmp_path, caplog):
    path = tmp_path / "settings.toml"
    path.write_text("brush_size = -1")
    assert load_settings(path) == Settings()
    assert "brush_size must lie within" in caplog.text


def test_settings_of_a_newer_program_survive(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('holograms = "on"\n')
    save_settings(replace(Settings(), theme="light"), path)
    assert tomllib.loads(path.read_text()) == {"theme": "light", "holograms": "on"}


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "settings.toml"
    save_settings(replace(Settings(), theme="light"), path)

    def refuse(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(EnvironmentFault, match="the settings cannot be written: No space left"):
        save_settings(Settings(), path)
    assert load_settings(path).theme == "light"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_can_be_moved(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_CONFIG", str(tmp_path))
    assert settings_path() == tmp_path / "settings.toml"


def test_every_setting_has_a_sentence_and_a_default_that_fits():
    for name, spec in SPECS.items():
        assert spec.sentence.endswith("."), name
        assert spec.checked(spec.default) == spec.default
