"""What a person can do with the project as a whole: a team's, words on images, the people, what moved or was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from PySide6.QtCore import QTimer

from segstudio.ui.shell.commands import Command, Later

if TYPE_CHECKING:
    from segstudio.session.jobs import Job
    from segstudio.session.recovery import RecoveredImage
    from segstudio.session.workspace import Workspace
    from segstudio.store import Project
    from segstudio.ui.shell.main_window import MainWindow

_LOOK_AGAIN_MS = 15_000


class ProjectCommands:
    """The commands, and a clock that looks who works on which image while a team's project is open."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._told: WeakSet[Project] = WeakSet()
        self._clock = QTimer(window)
        self._clock.setInterval(_LOOK_AGAIN_MS)
        self._clock.timeout.connect(window.session.team.look)
        window.session.opened.connect(self._on_opened)
        window.closing.connect(self._clock.stop)

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        window = self._window
        return [
            Command(
                "file.open_team",
                "Open a &team's project…",
                Later("segstudio.ui.shell.team_dialog", "open_team_project", window),
                icon="project",
                tip="A project in PostgreSQL that several people work on",
            ),
            Command(
                "image.comment",
                "Review with a &comment…",
                Later("segstudio.ui.shell.review_dialog", "review_with_comment", window),
                ("Ctrl+Shift+Return",),
                tip="Set the status with a comment, and read what was said before",
            ),
            Command(
                "inspect.people",
                "&People",
                lambda: window.docks.toggle("inspect.people"),
                checkable=True,
                tip="Who did how much, who works on which image now, and the last reviews",
            ),
            Command(
                "file.import_more",
                "&Import into this project…",
                Later("segstudio.ui.shell.open_dialogs", "import_more", window),
                icon="dataset",
                tip="Add the images and labels of a data set or a folder, in the background",
            ),
            Command(
                "file.find_folder",
                "&Find moved pictures…",
                Later("segstudio.ui.shell.missing_files_dialog", "find_moved", window),
                tip="Say where the folder of the pictures is now",
            ),
        ]

    def checks(self) -> dict[str, bool]:
        """Whether the people are shown."""
        return {"inspect.people": self._window.docks.is_shown("inspect.people")}

    def _on_opened(self, workspace: Workspace | None) -> None:
        if self._window.session.team.is_team:
            self._clock.start()
        else:
            self._clock.stop()
        if workspace is not None:
            self._look_after(workspace)

    def _look_after(self, workspace: Workspace) -> None:
        """Tell what was recovered after a crash, and ask for pictures that are not where they were."""
        window, session = self._window, self._window.session
        project, items = workspace.project, workspace.dataset.images

        def work(job: Job) -> tuple[list[RecoveredImage], bool]:
            from segstudio.session.recovery import recovered_images
            from segstudio.workflows.moved_folders import is_any_missing

            return recovered_images(project), is_any_missing(items)

        def told(found: tuple[list[RecoveredImage], bool]) -> None:
            recovered, is_missing = found
            if session.project is not project:
                return
            if recovered and project not in self._told:
                self._told.add(project)
                Later("segstudio.ui.shell.recovery_dialog", "show_recovered", window, recovered)()
            if is_missing:
                Later("segstudio.ui.shell.missing_files_dialog", "find_moved", window)()

        session.jobs.submit(work, done=told, failed=session.notify.fault, lane="batch", key="look-after")
