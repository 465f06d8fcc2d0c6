"""A team's project of an older schema is brought up to date whole or not at all, and older programs are told."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import create_engine, inspect

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.store import Project, guard, meta, migrations, server
from segstudio.store.place import TeamAddress
from segstudio.store.schema import VERSION
from segstudio.store.sharing import save_as_file, share
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same

_ADDED = {4: ("origin_base", "origin_sum"), 3: ("origin_base", "origin_sum", "image_version")}


class OldProject:
    """A project as an earlier program left it: two images painted, nobody connected."""

    def __init__(self, address, folder, version):
        self.place, self.version = TeamAddress.parse(address), version
        self.painters = {f"city/{i}": Painter(20 + i) for i in range(2)}
        with Project.create(address, class_set=CLASSES, name="streets") as made:
            made.add_images([ImageItem(f"city/{i}", folder / f"{i}.png", SIZE_HW) for i in range(3)])
            for key, painter in self.painters.items():
                paint(made, key, painter, 12)
            made.set_status("city/2", "reviewed")
        self.run(*(f"DROP TABLE {name}" for name in _ADDED[version]))
        with self.engine.begin() as connection:
            meta.put(connection, server.SCHEMA_KEY, version)
        self.rows = self.read_all(self.place.project)

    @property
    def engine(self):
        return server.writer_engine(self.place)

    def run(self, *statements):
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def read_all(self, project):
        """Every row of every table, as the server writes it, but for who works on what and the schema's number."""
        with self.engine.connect() as connection:
            names = sorted(set(inspect(connection).get_table_names(schema=project)) - {"image_lease"})
            query = 'SELECT CAST(t AS text) FROM "{}"."{}" t ORDER BY 1'
            rows = {name: connection.exec_driver_sql(query.format(project, name)).scalars().all() for name in names}
        rows["meta"] = [row for row in rows["meta"] if not row.startswith("(schema,")]
        return rows

    @property
    def stored_version(self):
        with self.engine.connect() as connection:
            return meta.get(connection, server.SCHEMA_KEY, self.place)

    @property
    def copies(self):
        with self.engine.connect() as connection:
            return [n for n in inspect(connection).get_schema_names() if n.startswith(f"{self.place.project}_")]

    def assert_untouched(self):
        assert self.stored_version == self.version
        assert self.read_all(self.place.project) == self.rows
        assert self.copies == []


@pytest.fixture(params=[4, 3])
def old(address, tmp_path, request):
    return OldProject(address, tmp_path, request.param)


@pytest.fixture
def of_4(address, tmp_path):
    return OldProject(address, tmp_path, 4)


def paint(project, key, painter, steps):
    for _ in range(steps):
        edit, undo = painter.step()
        project.record(key, painter.layer, edit, undo=undo)
    project.flush()


def columns_of(place):
    with server.writer_engine(place).connect() as connection:
        found = inspect(connection)
        return {
            name: (
                sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)),
                sorted((k["referred_table"], str(k["options"])) for k in found.get_foreign_keys(name)),
                sorted(str(sorted(k["column_names"])) for k in found.get_unique_constraints(name)),
                found.get_pk_constraint(name)["constrained_columns"],
            )
            for name in found.get_table_names()
        }


def test_first_opening_brings_it_up_to_date_and_keeps_it_as_it_was(old, address):
    with Project.open(address) as opened:
        copy = f"{old.place.project}_schema_{old.version}"
        assert opened.notes == (f"brought up to date; as it was: project {copy} in the same database",)
        for key, painter in old.painters.items():
            assert_same(painter.layer, opened.load(key, "labels"))
            assert {origin["person"] for origin, _ in opened.authors.regions(key, "labels")} == {"maria"}
            paint(opened, key, painter, 3)
            assert_same(painter.layer, opened.load(key, "labels"))
        assert [row.status for row in opened.images()] == ["to do", "to do", "reviewed"]
        assert opened.add_version("begun", key="city/1").image_key == "city/1"
    assert old.stored_version == VERSION
    assert old.read_all(copy) == old.rows
    with Project.open(address) as again:
        assert again.notes == ()


def test_its_tables_are_those_of_a_new_project(old, address, database):
    Project.open(address).close()
    fresh = f"{database}&project={old.place.project}_fresh"
    Project.create(fresh, class_set=CLASSES).close()
    assert columns_of(old.place) == columns_of(TeamAddress.parse(fresh))


def test_the_copy_is_a_project_of_its_own(of_4, address, database):
    """It opens, goes on counting where it was, and nothing of it hangs on the other."""
    with Project.open(address) as opened:
        newest = opened.edits()[-1].id
    server.drop(of_4.place)
    with Project.open(f"{database}&project={of_4.place.project}_schema_4") as copy:
        painter = of_4.painters["city/0"]
        assert_same(painter.layer, copy.load("city/0", "labels"))
        paint(copy, "city/0", painter, 1)
        assert copy.edits()[-1].id == newest + 1
        copy.people.take("city/1")


def test_what_earlier_programs_let_go_of_is_nobodys(of_4, address):
    of_4.run("DELETE FROM preimage WHERE edit_id <= (SELECT max(id) FROM edit WHERE image_id = 1) - 1")
    with Project.open(address) as opened:
        kinds = {origin.get("kind") for origin, _ in opened.authors.regions("city/0", "labels")}
        assert "unknown" in kinds
        assert "unknown" not in {origin.get("kind") for origin, _ in opened.authors.regions("city/1", "labels")}


def test_two_who_open_it_at_once_make_one_copy(of_4, address):
    start = threading.Barrier(2)

    def open_one(_):
        start.wait()
        return Project.open(address)

    with ThreadPoolExecutor(2) as pool:
        opened = list(pool.map(open_one, range(2)))
    try:
        assert sorted(len(project.notes) for project in opened) == [0, 1]
        assert of_4.copies == [f"{of_4.place.project}_schema_4"]
        paint(opened[0], "city/0", of_4.painters["city/0"], 2)
        paint(opened[1], "city/1", of_4.painters["city/1"], 2)
        for key, painter in of_4.painters.items():
            assert_same(painter.layer, opened[0].load(key, "labels"))
    finally:
        for project in opened:
            project.close()


def test_step_that_fails_leaves_it_as_it_was(of_4, address, monkeypatch):
    def half(connection):
        migrations._add_origins(connection)
        raise RuntimeError("a bug in a step")

    with monkeypatch.context() as broken:
        broken.setattr(migrations, "STEPS", {**migrations.STEPS, 4: half})
        with pytest.raises(RuntimeError, match="a bug in a step"):
            Project.open(address)
    of_4.assert_untouched()
    Project.open(address).close()
    assert of_4.stored_version == VERSION


_KILLED = """
import sys, time
from segstudio.store import Project, migrations
def stay(connection):
    migrations._add_origins(connection)
    print("in the middle", flush=True)
    time.sleep(60)
migrations.STEPS = {**migrations.STEPS, 4: stay}
Project.open(sys.argv[1])
"""


def test_kill_in_the_middle_leaves_it_as_it_was(of_4, address):
    child = subprocess.Popen([sys.executable, "-c", _KILLED, address], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "in the middle\n"
        with of_4.engine.connect() as connection:  # who only reads is not held up
            assert connection.exec_driver_sql("SELECT count(*) FROM edit").scalar_one() == 24
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    with Project.open(address) as opened:  # waits until the server has noticed
        assert opened.notes
    assert of_4.copies == [f"{of_4.place.project}_schema_4"]
    assert of_4.read_all(of_4.copies[0]) == of_4.rows


def test_nobody_is_interrupted(of_4, address):
    """An older program holds an image: the newer one waits for it to end, and says for whom."""
    of_4.run(
        "INSERT INTO image_lease SELECT 1, 'token', 'ana', 'lab-3', extract(epoch FROM clock_timestamp()) + 60",
    )
    with pytest.raises(UserError, match=r"schema 4\) that ana on lab-3 has open in an older program"):
        Project.open(address)
    of_4.assert_untouched()
    of_4.run("UPDATE image_lease SET until = 0")
    with Project.open(address) as opened:
        assert opened.notes


def test_older_program_that_is_still_connected_is_told_and_keeps_its_edit(of_4, address, monkeypatch):
    """It knows nothing of schemas on its connection, can read, and changes nothing."""
    with monkeypatch.context() as older:
        older.setattr(guard, "introduction", lambda: "SELECT 1")
        older.setattr(migrations, "VERSION", 4)
        connected = Project.open(address)
        assert not connected.read_only
        connected._lane.run(lambda c: None)
    painter = of_4.painters["city/0"]
    before = painter.layer.to_annotation()
    with Project.open(address) as newer:
        assert newer.notes
        edit, undo = painter.step()
        connected.record("city/0", painter.layer, edit, undo=undo)
        told = f"brought the project up to schema {VERSION}: update this program, then open it again"
        with pytest.raises(EnvironmentFault, match=told):
            connected.flush()
        with pytest.raises(EnvironmentFault, match=told):
            connected.set_status("city/1", "reviewed")
        assert np.array_equal(stored_layer(connected).labels_hw, before.labels_hw)
        assert len(newer.edits("city/0")) == 12
        with pytest.raises(EnvironmentFault, match=told):
            connected.close()
        connected.close(discard=True)


def stored_layer(project):
    """What `load` reads, though an edit is still owed."""
    return project._read(lambda connection: project._load(connection, "city/0", "labels"))


def test_newer_project_is_refused(address):
    Project.create(address, class_set=CLASSES).close()
    place = TeamAddress.parse(address)
    with server.writer_engine(place).begin() as connection:
        meta.put(connection, server.SCHEMA_KEY, VERSION + 1)
    with pytest.raises(UserError, match=rf"written by a newer SegStudio \(schema {VERSION + 1}, this program knows"):
        Project.open(address)


def test_older_file_is_not_shared_before_it_is_brought_up_to_date(project, address):
    project.close()
    raw = sqlite3.connect(project.path)
    raw.execute("PRAGMA user_version = 4")
    raw.commit()
    raw.close()
    with pytest.raises(UserError, match=r"work\.segproj: an older project must be opened for writing once"):
        share(project.path, TeamAddress.parse(address))
    with pytest.raises(UserError, match="no such project"):
        Project.open(address)


def test_opening_to_read_changes_nothing(of_4, address, tmp_path):
    for attempt in (lambda: Project.open(address, read_only=True), lambda: save_as_file(of_4.place, tmp_path / "a")):
        with pytest.raises(UserError, match=r"\(schema 4\) must be opened for writing once"):
            attempt()
    of_4.assert_untouched()
    assert not (tmp_path / "a").exists()


def test_only_its_owner_may_and_everybody_keeps_their_rights(of_4, database):
    project = of_4.place.project
    who = f"painter_{project}"
    of_4.run(
        f"CREATE ROLE {who} LOGIN",
        f"GRANT USAGE ON SCHEMA {project} TO {who}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {project} TO {who}",
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {project} TO {who}",
    )
    theirs = f"{database.replace('tester@', f'{who}@')}&project={project}"
    with pytest.raises(UserError, match="which tester must open once to bring it up to date"):
        Project.open(theirs)
    of_4.assert_untouched()
    Project.open(of_4.place).close()
    with Project.open(theirs) as opened:
        paint(opened, "city/0", of_4.painters["city/0"], 2)
        assert opened.authors.sums("labels")
        opened.add_version("theirs", key="city/0")


def test_the_guard_goes_with_the_project(of_4, address, database):
    Project.open(address).close()
    server.drop(of_4.place)
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert of_4.place.project not in inspect(connection).get_schema_names()
    engine.dispose()
