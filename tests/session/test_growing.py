"""A large data set is shown with its first images at once; the others follow, also after a crash."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import Cancelled
from segstudio.formats import images as pictures
from segstudio.session import Session, workspace
from segstudio.session.dataset import growing
from segstudio.session.dataset.images import Walk
from segstudio.session.jobs import Jobs, SyncJobs
from segstudio.store import Project, project

COUNT = 23


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A folder that counts as large, of which five images are shown at first."""
    monkeypatch.setattr(pictures, "MANY", 10)
    monkeypatch.setattr(workspace, "AT_FIRST", 5)
    monkeypatch.setattr(project, "IMAGES_PER_TRANSACTION", 4)
    monkeypatch.setattr(growing, "_SECONDS", -1)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(COUNT):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((6, 8, 3), number, np.uint8))
    return folder


def run_until(jobs, condition):
    for _ in range(1000):
        if condition():
            return
        jobs.run_waiting(0.05)
    raise AssertionError("it never came to be so")


def test_first_images_are_shown_and_the_others_follow(many, tmp_path):
    session = Session(jobs=Jobs(), data_dir=tmp_path / "data", person="tester")
    grown = []
    session.images.grown.connect(grown.append)
    session.open_path(many)
    run_until(session.jobs, lambda: len(session.images) > 0)
    assert len(session.images) == 5
    run_until(session.jobs, lambda: session.document is not None and session.jobs.is_idle)
    assert [item.key for item in session.images] == [str(number) for number in range(COUNT)]
    assert grown[0] == 5
    assert grown == sorted(set(grown))
    assert [session.images.index_of(str(number)) for number in range(COUNT)] == list(range(COUNT))
    assert len(session.dataset.images) == COUNT
    assert not session.project.intake.is_unfinished
    assert len(session.project.images()) == COUNT
    session.close()


@pytest.mark.parametrize("way", ["folder", "project"])
def test_what_a_crash_interrupted_goes_on_at_the_next_opening(many, tmp_path, way, monkeypatch):
    first = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    add = Project.add_images

    def interrupted(self, items, **options):
        if len(items) > 5:
            add(self, items[:9])
            raise Cancelled
        return add(self, items, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Project, "add_images", interrupted)
        first.open_path(many)
    file = first.project.path
    assert first.project.intake.is_unfinished
    first.close()
    again = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    again.open_path(many if way == "folder" else file)
    assert [item.key for item in again.images] == [str(number) for number in range(COUNT)]
    assert not again.project.intake.is_unfinished
    again.close()


def test_new_pictures_of_a_large_folder_come_in_at_the_next_opening(many, tmp_path):
    for count in (COUNT, COUNT + 1):
        session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
        session.open_path(many)
        assert len(session.images) == count
        session.close()
        cv2.imwrite(str(many / f"{COUNT}.png"), np.zeros((6, 8, 3), np.uint8))


def test_what_is_asked_for_stays_while_images_come(many, tmp_path):
    session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    session.open_path(many)
    images, held = session.images, session.project
    images.show(Walk(np.array([4, 2], np.intp), "some"))
    held.add_images([ImageItem("later", None, (6, 8))])
    images.grow(images.items.grown(held.intake.rows_after(images.items.rows)))
    assert len(images) == COUNT + 1
    assert (images.num_shown, images.index_at(0), images.place_of(2)) == (2, 4, 1)
    assert images.place_of(COUNT) is None
    session.close()
