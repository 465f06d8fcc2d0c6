"""An older file is brought up to date after a copy was kept; a step that fails changes nothing."""

from __future__ import annotations

import sqlite3

import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.transaction import Transaction
from segstudio.store import Project, migrations, opening
from segstudio.store.image_facts import ImageFacts
from segstudio.store.schema import VERSION
from tests.store.painting import SIZE_HW

_OF_ORIGINS = ("origin_base", "origin_sum")
_SINCE_THE_FIRST = ("image_facts", "review", "image_lease", "image_version", *_OF_ORIGINS)


@pytest.fixture
def newer_program(monkeypatch):
    """A program that knows one schema more, which adds a column."""

    def add_column(connection):
        connection.exec_driver_sql("ALTER TABLE image ADD COLUMN weather TEXT")

    for module in (migrations, opening):
        monkeypatch.setattr(module, "VERSION", VERSION + 1)
    monkeypatch.setattr(migrations, "STEPS", {VERSION: add_column})
    return migrations


def version_of(path):
    raw = sqlite3.connect(path)
    try:
        columns = [row[1] for row in raw.execute("PRAGMA table_info(image)")]
        return raw.execute("PRAGMA user_version").fetchone()[0], "weather" in columns
    finally:
        raw.close()


def test_old_file_is_brought_up_to_date_after_a_copy(project, newer_program):
    project.set_status("city/1", "reviewed")
    project.close()
    with Project.open(project.path) as reopened:
        assert f"as it was: work.schema-{VERSION}.segproj" in reopened.notes[0]
        assert reopened.images()[1].status == "reviewed"
    assert version_of(project.path) == (VERSION + 1, True)
    assert version_of(project.path.with_name(f"work.schema-{VERSION}.segproj")) == (VERSION, False)


def test_old_file_cannot_be_opened_read_only(project, newer_program):
    project.close()
    with pytest.raises(UserError, match="an older project must be opened for writing once"):
        Project.open(project.path, read_only=True)


def test_step_that_fails_changes_nothing(project, newer_program, monkeypatch):
    project.close()

    def half(connection):
        connection.exec_driver_sql("ALTER TABLE image ADD COLUMN weather TEXT")
        raise RuntimeError("a bug in a step")

    monkeypatch.setattr(migrations, "STEPS", {VERSION: half})
    with pytest.raises(RuntimeError, match="a bug in a step"):
        Project.open(project.path)
    assert version_of(project.path) == (VERSION, False)
    monkeypatch.setattr(opening, "VERSION", VERSION)
    monkeypatch.setattr(migrations, "VERSION", VERSION)
    with Project.open(project.path) as again:
        assert not again.read_only


def test_file_of_the_first_schema_gets_the_table_of_facts(project):
    project.close()
    raw = sqlite3.connect(project.path)
    for statement in [f"DROP TABLE {name}" for name in _SINCE_THE_FIRST]:
        raw.execute(statement)
    raw.execute("DROP INDEX edit_by_token")
    raw.execute("ALTER TABLE edit DROP COLUMN token")
    raw.execute("PRAGMA user_version = 1")
    raw.commit()
    raw.close()
    with Project.open(project.path) as reopened:
        assert "as it was: work.schema-1.segproj" in reopened.notes[0]
        reopened.put_facts([("city/1", "labels", ImageFacts(mean_iou=0.5)), ("nowhere", "labels", ImageFacts())])
        assert [(row.key, row.layer) for row in reopened.facts()] == [("city/1", "labels")]
        assert reopened.add_version("begun", key="city/1").image_key == "city/1"


@pytest.mark.parametrize("trimmed", [False, True])
def test_file_of_schema_4_tells_who_painted_what_its_history_still_holds(project, trimmed):
    """Where an earlier program had let go of what edits replaced, what they made is nobody's; the rest is known."""
    layer = Layer("labels", SIZE_HW)
    for number, person in enumerate(("ana", "bo")):
        stroke = Transaction(layer, "brush", provenance={"person": person, "tool": "brush"})
        stroke.paint(Rect(0, 20 * number, 300, 20 * number + 30), 1 + number)
        project.record("city/0", layer, stroke.commit())
    project.close()
    raw = sqlite3.connect(project.path)
    for name in _OF_ORIGINS:
        raw.execute(f"DROP TABLE {name}")
    if trimmed:
        raw.execute("DELETE FROM preimage WHERE edit_id = 1")
    raw.execute("PRAGMA user_version = 4")
    raw.commit()
    raw.close()
    with Project.open(project.path) as reopened:
        assert "as it was: work.schema-4.segproj" in reopened.notes[0]
        found = reopened.authors.raster("city/0", "labels")
        assert found.at(5, 25)["person"] == found.at(299, 49)["person"] == "bo"
        first = found.at(5, 5)
        assert first == {"kind": "unknown"} if trimmed else first["person"] == "ana"
        assert found.at(5, 60) in ({}, None)
