"""A small street of three pictures with class-id truth, and a session on it that does everything at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from tests.session.answering_host import AnsweringHost

CLASSES = ClassSet(
    "street",
    (
        LabelClass(0, "road", (128, 64, 128), train_id=0),
        LabelClass(1, "house", (70, 70, 70), train_id=1),
        LabelClass(2, "car", (0, 0, 142), train_id=2, is_thing=True),
        LabelClass(9, "void", (0, 0, 0), is_ignored=True),
    ),
)
SIZE_HW = (60, 90)


def truth_of(number: int) -> np.ndarray:
    """Class ids of picture `number`: house above, road below, a car that moves, a void strip."""
    truth_hw = np.zeros(SIZE_HW, np.uint8)
    truth_hw[:30] = 1
    truth_hw[35:45, 10 + 10 * number : 30 + 10 * number] = 2
    truth_hw[:, 85:] = 9
    return truth_hw


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A folder `images/` with PNGs and `labels/` with class ids."""
    root = tmp_path / "street"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    rng = np.random.default_rng(5)
    for number in range(3):
        picture = rng.integers(0, 255, (*SIZE_HW, 3), dtype=np.uint8)
        cv2.imwrite(str(root / "images" / f"view_{number}.png"), picture)
        cv2.imwrite(str(root / "labels" / f"view_{number}.png"), truth_of(number))
    return root


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    yield made
    made.close()


@pytest.fixture
def opened(session: Session, street: Path) -> Session:
    """The session with the street open on its first picture."""
    told: list[str] = []
    session.notify.told.connect(lambda notice: told.append(notice.text))
    session.open_path(street, format="class-id-png", class_set=CLASSES)
    assert session.document is not None, told
    return session
