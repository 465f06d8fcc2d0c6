"""A project that a team shares in PostgreSQL: nobody's edit is lost, doubled or overwritten."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import event

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EditConflict, EnvironmentFault, UserError
from segstudio.store import DatasetSource, Project
from segstudio.store.place import TeamAddress, is_team_address
from segstudio.store.renewal import Renewal
from segstudio.store.sharing import share
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same


@pytest.fixture
def shared(address, tmp_path):
    """A team's project with three images, opened by one person."""
    source = DatasetSource(tmp_path / "pictures", "cityscapes")
    with Project.create(address, class_set=CLASSES, name="streets", dataset_source=source) as made:
        made.add_images([ImageItem(f"city/{i}", tmp_path / f"pictures/{i}.png", SIZE_HW) for i in range(3)])
        yield made


def paint(project, key, seed, steps):
    painter = Painter(seed)
    for _ in range(steps):
        edit, undo = painter.step()
        project.record(key, painter.layer, edit, undo=undo)
    project.flush()
    return painter


def steal(project):
    """As if the lease had run out long ago."""
    project._lane.run(lambda c: c.exec_driver_sql("UPDATE image_lease SET until = 0"))


def test_what_one_person_paints_another_reads(shared, address):
    painter = paint(shared, "city/1", 3, 25)
    with Project.open(address) as other:
        assert other.name == "streets"
        assert other.class_set == CLASSES
        assert_same(painter.layer, other.load("city/1", "labels"))
        assert len(other.edits("city/1")) == 25
        assert [row.key for row in other.images()] == ["city/0", "city/1", "city/2"]
        before = other.edits("city/1")[9].id
        ten = Painter(3)
        for _ in range(10):
            ten.step()
        assert_same(ten.layer, other.state_after("city/1", "labels", before))


def test_address_hides_the_password_and_names_the_project():
    place = TeamAddress.parse("postgresql://ana:s%40cret@db.example:5433/labels?project=night&sslmode=require")
    assert (place.user, place.password, place.host, place.port) == ("ana", "s@cret", "db.example", 5433)
    assert (place.database, place.name, place.options) == ("labels", "night", (("sslmode", "require"),))
    assert str(place) == "postgresql://ana@db.example:5433/labels?project=night"
    assert "s@cret" not in repr(str(place))
    assert is_team_address("postgresql://x/y")
    assert not is_team_address("/home/postgresql.segproj")


@pytest.mark.parametrize(
    "url", ["postgresql://host", "postgresql://host/db?project=no-dashes", "postgresql://host:port/db", "mysql://h/d"]
)
def test_broken_address_is_one_clear_line(url):
    with pytest.raises(UserError):
        TeamAddress.parse(url)


def test_missing_project_and_second_creation_are_told(shared, address, database):
    with pytest.raises(UserError, match="no such project"):
        Project.open(f"{database}&project=nobody_made_it")
    with pytest.raises(UserError, match="of this name already"):
        Project.create(address, class_set=CLASSES)


def test_server_that_does_not_answer_is_told(tmp_path):
    pytest.importorskip("psycopg")
    with pytest.raises(EnvironmentFault, match="does not answer"):
        Project.open(f"postgresql://nobody@/postgres?host={tmp_path}")


def test_image_is_held_by_one_person_until_released(shared, address):
    with Project.open(address) as other:
        assert shared.people.take("city/0") is None
        holder = other.people.take("city/0")
        assert holder is not None
        assert holder.person == shared._opened.leases.person
        assert list(other.people.holders()) == ["city/0"]
        assert other.people.take("city/1") is None
        shared.people.release("city/0")
        assert other.people.take("city/0") is None


def test_lease_ends_with_the_opening_and_with_time(shared, address):
    other = Project.open(address)
    assert other.people.take("city/0") is None
    other.close()
    assert shared.people.take("city/0") is None
    with Project.open(address) as third:
        assert third.people.take("city/0") is not None
        steal(shared)
        assert third.people.take("city/0") is None
        assert shared.people.take("city/0") is not None


def test_edit_of_an_image_that_somebody_else_holds_is_refused(shared, address):
    with Project.open(address) as other:
        other.people.take("city/0")
        painter = Painter(1)
        edit, undo = painter.step()
        shared.record("city/0", painter.layer, edit, undo=undo)
        with pytest.raises(EditConflict, match="is being edited by"):
            shared.flush()
        assert other.load("city/0", "labels") is None
        paint(shared, "city/1", 2, 3)  # other images go on


def test_edit_on_a_state_that_somebody_changed_meanwhile_is_refused(shared, address):
    shared.people.take("city/0")
    assert shared.load("city/0", "labels") is None
    steal(shared)
    with Project.open(address) as other:
        assert other.people.take("city/0") is None
        theirs = paint(other, "city/0", 5, 4)
        other.people.release("city/0")
    painter = Painter(1)
    edit, undo = painter.step()
    shared.record("city/0", painter.layer, edit, undo=undo)
    with pytest.raises(EditConflict, match="changed by somebody else"):
        shared.flush()
    assert_same(theirs.layer, shared.load("city/0", "labels"))
    # Having seen theirs, one goes on from there.
    again = Painter(8, layer=theirs.layer)
    edit, undo = again.step()
    shared.record("city/0", again.layer, edit, undo=undo)
    shared.flush()
    assert_same(again.layer, shared.load("city/0", "labels"))


def test_lease_that_ran_out_while_nobody_came_costs_nothing(shared):
    painter = paint(shared, "city/0", 4, 3)
    shared._lane.run(lambda c: c.exec_driver_sql("DELETE FROM image_lease"))
    edit, undo = painter.step()
    shared.record("city/0", painter.layer, edit, undo=undo)
    shared.flush()
    assert_same(painter.layer, shared.load("city/0", "labels"))


def test_edit_whose_answer_was_lost_is_there_once(shared):
    """The server committed, the connection broke before it could say so: the edit is sent again."""
    painter = paint(shared, "city/0", 6, 2)
    lost = []

    def break_after(connection):
        if not lost:
            lost.append(True)
            connection.connection.driver_connection.commit()
            raise EnvironmentFault("the answer was lost")

    event.listen(shared._lane._engine, "commit", break_after)
    edit, undo = painter.step()
    shared.record("city/0", painter.layer, edit, undo=undo)
    shared.flush()
    assert lost
    assert len(shared.edits("city/0")) == 3
    assert_same(painter.layer, shared.load("city/0", "labels"))


def test_connection_that_broke_is_made_again(shared):
    painter = paint(shared, "city/0", 7, 2)
    shared._lane.run(lambda c: None)
    with pytest.raises(EnvironmentFault):
        shared._lane.run(lambda c: c.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())"))
    for _ in range(5):
        edit, undo = painter.step()
        shared.record("city/0", painter.layer, edit, undo=undo)
    shared.flush()
    assert len(shared.edits("city/0")) == 7
    assert_same(painter.layer, shared.load("city/0", "labels"))


def test_classes_that_two_people_add_are_both_kept(shared, address):
    with Project.open(address) as other:
        extra = [LabelClass(40, "tram", (1, 2, 3)), LabelClass(41, "dog", (4, 5, 6))]
        shared.set_class_set(ClassSet(CLASSES.name, (*CLASSES.classes, extra[0])))
        other.set_class_set(ClassSet(CLASSES.name, (*CLASSES.classes, extra[1])))
        assert [c.id for c in shared.refresh_class_set().classes[-2:]] == [40, 41]
        changed = ClassSet(CLASSES.name, (*other.class_set.classes, LabelClass(40, "metro", (1, 2, 3))))
        with pytest.raises(UserError, match="was changed by somebody else"):
            other.set_class_set(changed)


def test_review_keeps_every_word_and_counts_who_did_what(shared):
    painter = paint(shared, "city/0", 9, 6)
    shared.people.review("city/0", "rejected", person="ben", comment="the kerb is missing")
    shared.people.review("city/0", "reviewed", person="ana")
    said = shared.people.reviews("city/0")
    assert [(row.person, row.status, row.comment) for row in said] == [
        ("ben", "rejected", "the kerb is missing"),
        ("ana", "reviewed", ""),
    ]
    assert shared.images()[0].status == "reviewed"
    work = {row.person: row for row in shared.people.work()}
    done = [edit for edit in shared.edits() if not edit.is_undo]
    assert (work["maria"].edits, work["maria"].images, work["maria"].pixels) == (
        len(done),
        1,
        sum(edit.pixels for edit in done),
    )
    assert (work["ana"].reviews, work["ana"].edits) == (1, 0)
    assert painter.layer is not None


def test_file_becomes_a_team_project_and_a_file_again(project, address, tmp_path):
    painter = paint(project, "city/1", 11, 30)
    project.set_status("city/2", "reviewed")
    project.add_version("first", person="ana")
    edits = project.edits()
    project.close()
    assert share(project.path, TeamAddress.parse(address)) > 30
    with Project.open(address) as team:
        assert_same(painter.layer, team.load("city/1", "labels"))
        assert team.edits() == edits
        assert [v.name for v in team.versions()] == ["first"]
        edit, undo = painter.step()
        team.record("city/1", painter.layer, edit, undo=undo)
        team.save_copy(tmp_path / "back.segproj")
    with Project.open(tmp_path / "back.segproj") as back:
        assert_same(painter.layer, back.load("city/1", "labels"))
        assert len(back.edits()) == len(edits) + 1
        assert [row.status for row in back.images()] == ["to do", "to do", "reviewed"]


def test_layers_of_all_kinds_survive(shared):
    painter = paint(shared, "city/2", 13, 20)
    annotation = painter.layer.to_annotation()
    confident = np.random.default_rng(0).integers(0, 256, SIZE_HW, np.uint8)
    painter.layer.confidence_hw = confident
    shared.save_annotation("city/2", "prediction:a", painter.layer.to_annotation(), locked=True, run="a")
    stored = shared.load("city/2", "prediction:a")
    assert np.array_equal(stored.confidence_hw, confident)
    assert np.array_equal(stored.labels_hw, annotation.labels_hw)


def test_lease_is_kept_alive_while_the_project_is_open(shared, address):
    shared.people.take("city/0")
    shared._opened.renewal.stop()
    steal(shared)
    renewal = Renewal(shared._lane, shared._opened.leases, every=0.01)
    with Project.open(address) as other:
        while other.people.take("city/0") is None:
            other.people.release("city/0")
            shared.people.take("city/0")
            steal(shared)
        assert [holder.person for holder in other.people.holders().values()] == [shared._opened.leases.person]
    renewal.stop()


def test_history_of_a_team_is_trimmed_and_named_states_stay(shared):
    painter = paint(shared, "city/0", 1, 6)
    before = shared.load("city/0", "labels")
    named = shared.add_version("named", person="ana", key="city/0")
    for _ in range(4):
        edit, undo = painter.step()
        shared.record("city/0", painter.layer, edit, undo=undo)
    paint(shared, "city/1", 3, 5)
    assert shared.trim_history(0) == 11
    assert np.array_equal(shared.state_after("city/0", "labels", named.edit_id).labels_hw, before.labels_hw)
    assert [version.name for version in shared.versions("city/0")] == ["named"]
