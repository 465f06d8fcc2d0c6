"""What the window says after a crash, and how moved pictures are found again."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.session import Session
from segstudio.store import Project
from segstudio.ui import MainWindow
from segstudio.ui.shell.missing_files_dialog import MissingFilesDialog
from segstudio.ui.shell.recovery_dialog import RecoveryDialog
from tests.session.answering_host import AnsweringHost


def paint(session, rect, class_id):
    with session.document.begin("brush", tool="brush") as stroke:
        segment = stroke.segment_for_class(class_id)
        stroke.write(rect, np.full((rect.height, rect.width), segment, np.uint16))


@pytest.fixture
def another_window(dressed, qtbot, tmp_path):
    """Opens windows on a path, with a data folder of their own, and closes them."""
    made = []

    def open_on(path):
        session = Session(data_dir=tmp_path / "another", make_host=AnsweringHost, person="ana")
        window = MainWindow(session)
        window.show()
        session.open_path(path)
        made.append(window)
        return window

    yield open_on
    for window in made:
        window.close()
        window.deleteLater()
    dressed.processEvents()


def dialog_in(window, kind):
    return next((child for child in window.findChildren(kind) if child.isVisible()), None)


def crashed_copy(project, target):
    """A copy of the files of an open project is what a crash leaves."""
    project.flush()
    shutil.copyfile(project.path, target)
    log = project.path.with_name(project.path.name + "-wal")
    shutil.copyfile(log, target.with_name(target.name + "-wal"))
    return target


def test_a_crash_is_followed_by_what_was_recovered(opened, another_window, qtbot, tmp_path):
    paint(opened, Rect(0, 0, 9, 9), 1)
    opened.go(1)
    paint(opened, Rect(0, 0, 9, 9), 1)
    opened.undo()
    path = crashed_copy(opened.project, tmp_path / "crashed.segproj")
    window = another_window(path)
    qtbot.waitUntil(lambda: dialog_in(window, RecoveryDialog) is not None, timeout=20_000)
    dialog = dialog_in(window, RecoveryDialog)
    assert "3 edits on 2 images" in dialog.words.text()
    assert [dialog.table.item(row, 0).text() for row in range(2)] == ["view_1", "view_0"]
    assert [dialog.table.item(row, 1).text() for row in range(2)] == ["2", "1"]
    dialog.reject()


def test_a_sitting_that_ended_well_is_followed_by_nothing(opened):
    paint(opened, Rect(0, 0, 9, 9), 1)
    path = opened.project.path
    opened.close()
    with Project.open(path) as project:
        assert project.recovered() == []


def test_moved_pictures_are_found_again_by_one_dialog(opened, street, another_window, qtbot, tmp_path):
    path = opened.project.path
    opened.close()
    now = tmp_path / "elsewhere" / "here"
    now.parent.mkdir()
    street.rename(now)
    window = another_window(path)
    session = window.session
    qtbot.waitUntil(lambda: dialog_in(window, MissingFilesDialog) is not None, timeout=20_000)
    dialog = dialog_in(window, MissingFilesDialog)
    dialog.folder.setText(str(tmp_path))
    dialog.look()
    qtbot.waitUntil(lambda: "none of the 3 missing pictures" in dialog.told.text(), timeout=10_000)
    assert not dialog.use.isEnabled()
    dialog.folder.setText(str(now))
    dialog.look()
    qtbot.waitUntil(dialog.use.isEnabled, timeout=10_000)
    assert dialog.told.text().startswith("3 of 3 found")
    dialog.accept()
    qtbot.waitUntil(lambda: session.document is not None and session.document.truth is not None, timeout=20_000)
    assert session.images[2].path == now / "images" / "view_2.png"
    assert session.project.dataset_source.path == street  # the project itself says what it said


def test_another_picture_of_that_name_is_not_taken(opened, street, tmp_path):
    from segstudio.workflows.moved_folders import look_in

    items = list(opened.images.items)
    opened.project.update_images({item.key: {"size_hw": (60, 90)} for item in items})
    items = [opened.images[0].__class__(item.key, item.path, (60, 90)) for item in items]
    now = tmp_path / "now"
    street.rename(now)
    assert look_in(now, items).fits
    cv2.imwrite(str(now / "images" / "view_1.png"), np.zeros((10, 10, 3), np.uint8))
    found = look_in(now, items)
    assert found.wrong == ("view_1",)
    assert not found.fits
