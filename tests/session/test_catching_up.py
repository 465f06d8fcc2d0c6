"""A project of very many images is shown before its list is checked, its truth found and its scores read."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.session import Session, workspace
from segstudio.session.jobs import Jobs, SyncJobs
from tests.session.answering_host import AnsweringHost


@pytest.fixture
def path(opened, monkeypatch):
    """The street's project, painted and closed; a project of its three images counts as large from now on."""
    stroke = opened.document.begin("brush", tool="brush")
    stroke.write(Rect(0, 0, 20, 20), np.full((20, 20), stroke.segment_for_class(1), np.uint16))
    stroke.commit()
    opened.go(1)
    path = opened.project.path
    opened.close()
    monkeypatch.setattr(workspace, "AT_ONCE", 1)
    return path


def reopened(tmp_path, path, jobs):
    session = Session(jobs=jobs, data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    session.told = []
    session.notify.told.connect(session.told.append)
    session.open_path(path)
    return session


def test_truth_and_scores_arrive(path, tmp_path):
    session = reopened(tmp_path, path, SyncJobs())
    assert session.document.truth is not None
    assert session.images[2].read_annotation is not None
    session.go(1)
    assert session.images.badge(0).mean_iou is not None
    assert session.live.matrix_of("view_0") is not None
    session.close()


def test_open_image_gets_the_truth_that_comes_later(path, tmp_path):
    """What is painted before the truth is there stays, and is scored once it is."""
    jobs = Jobs()
    session = reopened(tmp_path, path, jobs)
    while session.document is None:
        assert jobs.run_waiting(20)
    if session.document.truth is None:
        stroke = session.document.begin("brush")
        stroke.write(Rect(40, 40, 50, 50), np.full((10, 10), stroke.segment_for_class(2), np.uint16))
        stroke.commit()
        assert session.live.score() is None
    document = session.document
    while document.truth is None:
        assert jobs.run_waiting(20)
    assert session.document is document
    assert session.live.score().image.mean_iou > 0
    session.close()


def test_damaged_row_is_told(path, tmp_path):
    from segstudio.store import Project

    with Project.open(path) as project:
        project._writer.run(lambda c: c.exec_driver_sql("UPDATE image SET split = 'other' WHERE id = 2"))
    session = reopened(tmp_path, path, SyncJobs())
    assert any("damaged: the row of image 'view_1'" in notice.text for notice in session.told)
    session.close()


def test_missing_data_set_is_told(path, street, tmp_path):
    street.rename(tmp_path / "elsewhere")
    session = reopened(tmp_path, path, SyncJobs())
    assert any("the ground truth is not there" in notice.text for notice in session.told)
    session.close()
