"""The window over a team's project: opening it by its address, words on images, and the people at work."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from segstudio.session import Session
from segstudio.session.recent import recent_paths, recent_places
from segstudio.store.place import TeamAddress
from segstudio.store.sharing import share
from segstudio.ui.shell.recent_menu import short_place
from segstudio.ui.shell.review_dialog import ReviewDialog
from segstudio.ui.shell.team_dialog import TeamDialog
from tests.store.conftest import address, database  # noqa: F401 (fixtures)


@pytest.fixture
def dialog_of(window):
    """The dialog that a command opens."""

    def run(name, kind):
        window.commands.run(name)
        (found,) = [child for child in window.findChildren(kind) if child.isVisible()]
        return found

    return run


def test_a_broken_address_cannot_be_opened_and_says_why(window, dialog_of):
    dialog = dialog_of("file.open_team", TeamDialog)
    assert not dialog.go.isEnabled()
    dialog.line.setText("http://host/database")
    assert not dialog.go.isEnabled()
    assert "not the address of a team's project" in dialog.problem.text()
    dialog.line.setText("postgresql://ana@host/database?project=street")
    assert dialog.go.isEnabled()
    assert not dialog.problem.isVisible()
    dialog.reject()


def test_a_team_project_opens_by_its_address(window, dialog_of, qtbot, tmp_path, address):  # noqa: F811
    session = window.session
    path = session.project.path
    share(path, TeamAddress.parse(address))
    dialog = dialog_of("file.open_team", TeamDialog)
    dialog.line.setText(address)
    dialog.accept()
    qtbot.waitUntil(lambda: session.team.is_team and session.document is not None, timeout=20_000)
    assert "(team)" in window.windowTitle()
    assert isinstance(recent_places()[0], TeamAddress)
    assert recent_paths() == [place for place in recent_places() if not isinstance(place, TeamAddress)]
    assert "team" in short_place(recent_places()[0])
    other = Session(data_dir=tmp_path / "other", person="ben")
    try:
        other.open_path(address)
        while other.document is None:
            assert other.jobs.run_waiting(20)
        other.go(1)
        while other.index != 1:
            assert other.jobs.run_waiting(20)
        session.team.look()
        qtbot.waitUntil(lambda: bool(session.team.holders), timeout=20_000)
        assert list(session.team.holders) == [session.images[1].key]
        assert "held by" in window.filmstrip.model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
        session.go(1)
        qtbot.waitUntil(lambda: session.index == 1, timeout=20_000)
        assert "held by" in window.windowTitle()
    finally:
        other.close()


def test_rejecting_asks_why_and_keeps_every_word(window, dialog_of, qtbot):
    session = window.session
    dialog = dialog_of("image.rejected", ReviewDialog)
    assert not dialog.earlier.isVisible()
    dialog.comment.setPlainText("the kerb is missing")
    dialog.accept()
    assert session.images.badge(0).status == "rejected"
    again = dialog_of("image.comment", ReviewDialog)
    assert "tester · rejected: the kerb is missing" in again.earlier.toPlainText()
    again.choices["reviewed"].setChecked(True)
    again.accept()
    said = session.project.people.reviews(session.document.key)
    assert [(row.status, row.comment) for row in said] == [("rejected", "the kerb is missing"), ("reviewed", "")]
    people = window.docks.show("inspect.people")
    qtbot.waitUntil(lambda: people.reviews.rowCount() == 2, timeout=10_000)
    assert people.work.item(0, 0).text() == "tester"
    assert people.reviews.item(1, 4).text() == "the kerb is missing"


def test_a_cancelled_rejection_changes_nothing(window, dialog_of):
    dialog_of("image.rejected", ReviewDialog).reject()
    assert window.session.images.badge(0).status == "to do"
    assert window.session.project.people.reviews() == []
