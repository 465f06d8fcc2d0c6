"""A stack of pages: each is an image of its own, whose labels are as durable as any others."""

import numpy as np
import pytest
import tifffile

from segstudio import formats
from segstudio.core.geometry import Rect
from segstudio.ops.image import read_image
from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from segstudio.workflows.reading import opened
from tests.session.answering_host import AnsweringHost

PAGES = np.random.default_rng(4).integers(200, 5000, (4, 50, 70), dtype=np.uint16)


@pytest.fixture
def stack(tmp_path):
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, PAGES, photometric="minisblack")
    return path


def begin(tmp_path):
    return Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")


def paint(session, rect):
    with session.document.begin("paint") as stroke:
        segment = stroke.segment_for_class(session.classes.current.classes[0].id)
        stroke.write(rect, np.full((rect.height, rect.width), segment, np.uint16))


def test_pages_are_images_in_order_with_their_own_samples(tmp_path, stack):
    session = begin(tmp_path)
    session.open_path(stack)
    assert [item.name for item in session.images] == [f"cells_p{n:03}" for n in (1, 2, 3, 4)]
    for page in range(4):
        session.go(page)
        np.testing.assert_array_equal(session.document.pyramid.samples, PAGES[page])
    session.close()


def test_labels_of_a_page_stay_with_it(tmp_path, stack):
    session = begin(tmp_path)
    session.open_path(stack)
    session.go(2)
    paint(session, Rect(5, 6, 25, 36))
    session.close()
    again = begin(tmp_path)
    again.open_path(stack)
    for page in range(4):
        again.go(page)
        labelled = again.document.labels.raster.ids_hw > 0
        assert labelled.sum() == (600 if page == 2 else 0)
        assert page != 2 or labelled[6:36, 5:25].all()
    again.close()


def test_exported_pages_are_pictures_of_their_own(tmp_path, stack):
    session = begin(tmp_path)
    session.open_path(stack)
    session.go(1)
    paint(session, Rect(0, 0, 10, 10))
    project = session.project.path
    session.close()
    with opened(project) as dataset:
        formats.write(dataset, tmp_path / "out", "class-id-png", images="copy")
    back = formats.read(tmp_path / "out", "class-id-png").by_key["cells_p002"]
    np.testing.assert_array_equal(read_image(back.path).source, PAGES[1])
