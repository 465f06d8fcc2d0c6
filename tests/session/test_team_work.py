"""Two people with a session each on one project of a team."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from segstudio.store.place import TeamAddress
from segstudio.store.sharing import share
from tests.session.answering_host import AnsweringHost
from tests.store.conftest import address, database  # noqa: F401 (fixtures)


@pytest.fixture
def join(opened, street, tmp_path, address):  # noqa: F811
    """Opens the street's project, shared, as a person; what they were told is in `told`."""
    path = opened.project.path
    opened.close()
    share(path, TeamAddress.parse(address))
    sessions = []

    def as_person(name):
        session = Session(jobs=SyncJobs(), data_dir=tmp_path / name, make_host=AnsweringHost, person=name)
        session.told = []
        session.notify.told.connect(session.told.append)
        session.open_path(address)
        sessions.append(session)
        return session

    yield as_person
    for session in sessions:
        session.close()


def paint(session, rect, class_id):
    with session.document.begin("brush", tool="brush") as stroke:
        segment = stroke.segment_for_class(class_id)
        stroke.write(rect, np.full((rect.height, rect.width), segment, np.uint16))


def classes_in(session, rect):
    layer = session.document.labels
    ids = np.unique(layer.raster.ids_hw[rect.slices])
    return {layer.segments.get(int(i)).class_id for i in ids if i}


SQUARE = Rect(10, 10, 20, 20)


def test_what_one_paints_the_other_finds(join):
    ana = join("ana")
    paint(ana, SQUARE, 2)
    ana.go(1)
    ben = join("ben")
    assert ben.document.key == ana.images[0].key
    assert classes_in(ben, SQUARE) == {2}
    assert [edit.person for edit in ben.project.edits()] == ["ana"]


def test_image_that_somebody_has_open_can_only_be_looked_at(join):
    ana = join("ana")
    ben = join("ben")
    assert "is being edited by" in ben.told[-1].text
    with pytest.raises(UserError, match="locked"):
        paint(ben, SQUARE, 2)
    ana.go(1)
    ben.go(2)
    ben.go(0)
    paint(ben, SQUARE, 1)
    ben.project.flush()
    ana.go(0)
    assert "is being edited by" in ana.told[-1].text
    assert classes_in(ana, SQUARE) == {1}


def test_labels_that_came_too_late_are_kept_beside(join):
    """Ana's machine slept for an hour with an image open; Ben took it meanwhile."""
    ana = join("ana")
    ana.project._lane.run(lambda c: c.exec_driver_sql("UPDATE image_lease SET until = 0"))
    ben = join("ben")
    paint(ben, SQUARE, 1)
    ben.close()
    paint(ana, SQUARE, 2)
    ana.go(1)
    assert any("changed by somebody else" in notice.text for notice in ana.told)
    ana.go(0)
    assert classes_in(ana, SQUARE) == {1}
    (own,) = [layer for name, layer in ana.document.predictions.items() if "mine" in name]
    found = own.segments.get(int(own.raster.ids_hw[15, 15]))
    assert found.class_id == 2
    assert ana.undo() is None


def test_conflict_while_drawing_shows_theirs_at_once(join):
    ana = join("ana")
    ana.project._lane.run(lambda c: c.exec_driver_sql("UPDATE image_lease SET until = 0"))
    ben = join("ben")
    paint(ben, SQUARE, 1)
    ben.close()
    paint(ana, SQUARE, 2)
    paint(ana, Rect(30, 30, 40, 40), 2)
    assert classes_in(ana, SQUARE) == {1}
    assert any("mine" in name for name in ana.document.predictions)
    paint(ana, Rect(30, 30, 40, 40), 2)
    ana.project.flush()
    assert len(ana.project.edits()) == 2


def test_class_that_another_adds_arrives_with_the_next_image(join):
    from segstudio.core.class_set import ClassSet, LabelClass

    ana = join("ana")
    ben = join("ben")
    more = (*ana.classes.current.classes, LabelClass(40, "tram", (1, 2, 3)))
    ana.document.change_classes("add a class", ClassSet(ana.classes.current.name, more))
    ana.project.flush()
    assert 40 not in ben.classes.current.by_id
    ben.go(1)
    assert ben.classes.current.by_id[40].name == "tram"
