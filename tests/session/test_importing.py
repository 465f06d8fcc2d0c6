"""A data set imported into the project that is open: new images at the end, labels for those that have none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.session import Session
from segstudio.session.dataset.importing import import_into
from segstudio.session.jobs import SyncJobs
from segstudio.store import Project
from segstudio.workflows import importing
from tests.session.conftest import CLASSES
from tests.workflows.conftest import dataset


@pytest.fixture
def session(tmp_path):
    """A session on a folder of two pictures, the first of them shown."""
    folder = tmp_path / "first"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"im{number}.png"), np.full((40, 60, 3), 9, np.uint8))
    made = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    made.open_path(folder, class_set=CLASSES)
    yield made
    made.close()


@pytest.fixture
def coco(tmp_path):
    """Four images with a car each; the first two are called as those of the session."""
    from segstudio import formats

    formats.write(dataset(tmp_path / "pictures", objects=True), tmp_path / "coco", "coco-instances")
    return tmp_path / "coco"


def test_images_and_labels_come_in(session, coco, monkeypatch):
    monkeypatch.setattr(importing, "SAVED_AT_ONCE", 3)
    told = []
    session.notify.told.connect(lambda notice: told.append(notice.text))
    assert session.document.is_bare
    import_into(session, coco)
    assert [item.key for item in session.images] == ["im0", "im1", "im2", "im3"]
    assert told == ["coco: 2 new images, 4 with labels; 2 were here already, by their names"]
    assert len(session.document.labels.objects) == 1, "what is open shows the labels that came"
    for index in range(4):
        session.go(index)
        assert len(session.document.labels.objects) == 1


def test_an_import_twice_and_over_work_changes_nothing(session, coco):
    with session.document.begin("road") as stroke:
        stroke.paint(stroke.layer.raster.bounds, stroke.segment_for_class(CLASSES.classes[0].id))
    import_into(session, coco)
    painted = session.document.labels.to_annotation()
    assert painted.objects == ()
    edits = len(session.project.edits())
    import_into(session, coco)
    assert len(session.images) == 4
    assert len(session.project.edits()) == edits
    with Project.open(session.project.path, read_only=True) as seen:
        assert np.array_equal(seen.load("im0", "labels").labels_hw, painted.labels_hw)


def test_what_is_cancelled_leaves_what_came_in(session, coco, monkeypatch):
    monkeypatch.setattr(importing, "SAVED_AT_ONCE", 1)
    save = type(session.project.intake).save

    def once(self, *args, **options):
        keys = save(self, *args, **options)
        import_job.cancel()
        return keys

    submit = session.jobs.submit
    jobs = []

    def follow(work, **options):
        def noted(job):
            jobs.append(job)
            return work(job)

        return submit(noted, **options)

    class import_job:  # noqa: N801
        cancel = staticmethod(lambda: jobs[-1].cancel())

    monkeypatch.setattr(session.jobs, "submit", follow)
    monkeypatch.setattr(type(session.project.intake), "save", once)
    import_into(session, coco)
    assert len(session.images) == 4
    assert len(session.project.keys_with("labels")) == 1


def test_nothing_open_is_told(tmp_path, coco):
    told = []
    bare = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    bare.notify.told.connect(lambda notice: told.append(notice.text))
    assert import_into(bare, coco) is None
    assert "open a project" in told[0]
    bare.close()
