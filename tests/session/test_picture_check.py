"""A picture is known by its content: one that changed after it was labelled is told, and so is a wrong folder."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.ops.picture_identity import identity_of
from segstudio.session import Session
from segstudio.session.dataset.row_item import RowItem
from segstudio.session.jobs import SyncJobs
from segstudio.store.records import IDENTITY
from segstudio.workflows.moved_folders import look_in
from tests.session.conftest import CLASSES, SIZE_HW

OTHER = "not the one that was labelled"
HERE = Rect(0, 0, 5, 5)


def paint(session: Session, rect: Rect = HERE) -> None:
    with session.document.begin("brush", tool="brush") as stroke:
        stroke.write(rect, np.full((rect.height, rect.width), stroke.segment_for_class(1), np.uint16))


def change_picture(path) -> None:
    cv2.imwrite(str(path), np.random.default_rng(99).integers(0, 255, (*SIZE_HW, 3), dtype=np.uint8))


@pytest.fixture
def reopened(opened, street, tmp_path):
    """Closes what is open and opens the street anew; what was told since is returned with the session."""
    made = [opened]

    def call() -> tuple[Session, list[str]]:
        made[-1].close()
        session, told = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester"), []
        session.notify.told.connect(lambda notice: told.append(notice.text))
        made.append(session)
        session.open_path(street, format="class-id-png", class_set=CLASSES)
        return session, told

    yield call
    made[-1].close()


def test_identity_is_noted_when_a_picture_is_first_opened(opened):
    rows = opened.project.images()
    assert rows[0].extra[IDENTITY] == identity_of(opened.images[0].path)
    assert [IDENTITY in row.extra for row in rows] == [True, False, False]


def test_changed_picture_is_told_until_it_is_edited(opened, reopened):
    paint(opened)
    path = opened.document.item.path
    session, told = reopened()
    assert told == []
    change_picture(path)
    for _ in range(2):
        session, told = reopened()
        assert [text for text in told if OTHER in text] == [f"{path}: this picture is {OTHER}"]
    paint(session, Rect(9, 9, 12, 12))
    session.undo()
    assert session.project.images()[0].extra[IDENTITY] == identity_of(path)
    session.go(1)
    session.go(0)
    assert sum(OTHER in text for text in told) == 1
    session, told = reopened()
    assert told == []


def test_changed_picture_without_labels_is_taken_as_it_is(opened, reopened):
    path = opened.document.item.path
    change_picture(path)
    session, told = reopened()
    assert told == []
    assert session.project.images()[0].extra[IDENTITY] == identity_of(path)


def test_folder_with_other_pictures_of_the_same_size_is_not_taken(opened, street, tmp_path):
    opened.go(1)
    items = [RowItem.of(row) for row in opened.project.images()]
    now = tmp_path / "now"
    street.rename(now)
    found = look_in(now, items)
    assert (found.fits, found.compared, found.measured, found.found) == (True, 2, 2, 3)
    change_picture(now / "images" / "view_1.png")
    found = look_in(now, items)
    assert (found.fits, found.wrong) == (False, ("view_1",))
