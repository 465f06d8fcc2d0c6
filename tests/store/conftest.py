"""A small project to work on."""

from __future__ import annotations

import itertools
import os

import pytest

from segstudio.core.dataset import ImageItem
from segstudio.store import Project
from tests.store.painting import CLASSES, SIZE_HW
from tests.store.postgres import programs, running_server


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "work.segproj", class_set=CLASSES) as made:
        made.add_images([ImageItem(f"city/{i}", tmp_path / f"city/{i}.png", SIZE_HW, "val") for i in range(3)])
        yield made


@pytest.fixture(scope="session")
def database():
    """The address of an empty PostgreSQL; skips where none is installed."""
    bin_dir = programs()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    with running_server(bin_dir) as address:
        yield address


_numbers = itertools.count(1)


@pytest.fixture
def address(database):
    """The address of a project that is not there yet."""
    return f"{database}&project=team_{os.getpid()}_{next(_numbers)}"
