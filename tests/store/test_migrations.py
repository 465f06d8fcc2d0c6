"""An older file is brought up to date after a copy was kept; a step that fails changes nothing."""

from __future__ import annotations

import sqlite3

import pytest

from segstudio.core.errors import UserError
from segstudio.store import Project, migrations, opening
from segstudio.store.image_facts import ImageFacts
from segstudio.store.schema import VERSION


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
    for statement in [f"DROP TABLE {name}" for name in ("image_facts", "review", "image_lease", "image_version")]:
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
