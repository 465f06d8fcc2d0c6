"""A real main window on the small street, offscreen, with a model host that answers on request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from segstudio.ui.shell.theme import apply_theme
from tests.session.answering_host import AnsweringHost
from tests.session.conftest import CLASSES, street  # noqa: F401 (a fixture)


@pytest.fixture
def dressed(qapp: QApplication) -> QApplication:
    """The application in the dark theme."""
    apply_theme(qapp, "dark")
    return qapp


@pytest.fixture
def window(dressed: QApplication, qtbot, street: Path, tmp_path: Path) -> Iterator[object]:  # noqa: F811
    """A shown window with the street open on its first picture."""
    from segstudio.ui import MainWindow

    session = Session(data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    window = MainWindow(session)
    window.resize(1280, 800)
    window.show()
    session.open_path(street, format="class-id-png", class_set=CLASSES)
    qtbot.waitUntil(lambda: session.document is not None, timeout=10_000)
    yield window
    window.close()
    window.deleteLater()
    dressed.processEvents()


@pytest.fixture
def opened(dressed: QApplication, street: Path, tmp_path: Path) -> Iterator[Session]:  # noqa: F811
    """A session that does everything at once, on the street, for panels without a window."""
    session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    session.open_path(street, format="class-id-png", class_set=CLASSES)
    assert session.document is not None
    yield session
    session.close()
