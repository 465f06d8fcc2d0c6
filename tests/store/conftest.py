"""A small project to work on."""

from __future__ import annotations

import pytest

from segstudio.core.dataset import ImageItem
from segstudio.store import Project
from tests.store.painting import CLASSES, SIZE_HW


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "work.segproj", class_set=CLASSES) as made:
        made.add_images([ImageItem(f"city/{i}", tmp_path / f"city/{i}.png", SIZE_HW, "val") for i in range(3)])
        yield made
