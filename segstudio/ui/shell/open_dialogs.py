"""Choosing what to open, and where a copy of the project goes; dialogs never block the event loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

from segstudio.core.errors import SegStudioError
from segstudio.formats.report import AmbiguousFormat
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_PICTURES = "Images (*.png *.jpg *.jpeg *.tif *.tiff *.bmp *.webp *.gif);;All files (*)"


def open_demo(window: MainWindow) -> None:
    """Open Toytown, painting it first where it is not there yet."""
    session = window.session

    def work(job: Job) -> Path:
        from segstudio.workflows.demo import demo_dir, make_demo

        return make_demo(demo_dir(session.data_dir), progress=job.progress, cancel=job.cancel_token)

    def opened(folder: Path) -> None:
        session.open_path(folder)

    session.jobs.submit(
        work,
        done=opened,
        failed=session.notify.fault,
        lane="batch",
        key="demo",
        title="painting Toytown",
    )


def open_images(window: MainWindow) -> None:
    """Ask for a folder of pictures, or for one picture."""
    question = _Question(
        "Open images",
        "A folder of pictures, or one picture?",
        "All pictures of a folder become one project: D and A go from one to the next.",
        "Picture…",
        _PICTURES,
    )
    _folder_or_file(window, question)


def open_dataset(window: MainWindow) -> None:
    """Ask for a folder, or let the person choose an annotation file instead."""
    question = _Question(
        "Open a data set",
        "Is the data set a folder or one annotation file?",
        "Folder: Cityscapes, VOC, images with PNG masks … File: COCO JSON and the like.",
        "File…",
        "Annotations (*.json *.xml *.yaml *.csv);;All files (*)",
    )
    _folder_or_file(window, question)


def import_more(window: MainWindow) -> None:
    """Ask for a data set or a folder of pictures to add to the project that is open."""
    from segstudio.session.dataset.importing import import_into

    question = _Question(
        "Import into this project",
        "Is it a folder or one annotation file?",
        "New images come to the end of the list. Images of the same name get the labels where they have none yet.",
        "File…",
        "Annotations (*.json *.xml *.yaml *.csv);;All files (*)",
    )
    session = window.session
    _folder_or_file(window, question, lambda path: import_into(session, path))


@dataclass(frozen=True, slots=True)
class _Question:
    title: str
    text: str
    explanation: str
    file_button: str
    file_kinds: str


def _folder_or_file(window: MainWindow, question: _Question, take: Callable[[str], object] | None = None) -> None:
    box = QMessageBox(window)
    box.setWindowTitle(question.title)
    box.setText(question.text)
    box.setInformativeText(question.explanation)
    folder = box.addButton("Folder…", QMessageBox.ButtonRole.AcceptRole)
    file = box.addButton(question.file_button, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(folder)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    taken = take if take is not None else window.session.open_path

    def chosen(button: object) -> None:
        if button is folder:
            _ask_folder(window, question.title, taken)
        elif button is file:
            _ask_file(window, question.title, question.file_kinds, taken)

    box.buttonClicked.connect(chosen)
    box.open()


def open_project(window: MainWindow) -> None:
    _ask_file(window, "Open a project", "SegStudio projects (*.segproj)", window.session.open_path)


def choose_format(window: MainWindow, found: AmbiguousFormat) -> None:
    """Ask which of several formats a path is in, with what speaks for each, and open it so."""
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("Which format is it?")
    box.setText(f"{found.path.name} fits several formats.")
    box.setInformativeText("\n".join(f"{c.name}: {c.reason}" for c in found.candidates))
    names = {box.addButton(c.name, QMessageBox.ButtonRole.AcceptRole): c.name for c in found.candidates}
    box.addButton(QMessageBox.StandardButton.Cancel)

    def chosen(button: object) -> None:
        for known, name in names.items():
            if known is button:
                window.session.open_path(found.path, format=name)

    box.buttonClicked.connect(chosen)
    box.open()


def save_copy(window: MainWindow) -> None:
    """Write the project as it is now to another file."""
    session = window.session
    project = session.project
    if project is None:
        return
    dialog = QFileDialog(window, "Save a copy of the project", str(Path.home() / project.path.name))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter("SegStudio projects (*.segproj)")
    dialog.setDefaultSuffix("segproj")

    def write(name: str) -> None:
        try:
            project.save_copy(name)
        except SegStudioError as error:
            session.notify.fault(error)
        else:
            session.notify.info(f"a copy of the project is in {name}")

    _show(dialog, write)


def _ask_file(window: MainWindow, title: str, kinds: str, then: Callable[[str], object]) -> None:
    dialog = QFileDialog(window, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(kinds)
    _show(dialog, then)


def _ask_folder(window: MainWindow, title: str, then: Callable[[str], object]) -> None:
    dialog = QFileDialog(window, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
    _show(dialog, then)


def _show(dialog: QFileDialog, then: Callable[[str], object]) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def finished(result: int) -> None:
        names = dialog.selectedFiles()
        if result == QDialog.DialogCode.Accepted and names:
            then(names[0])

    dialog.finished.connect(finished)
    dialog.open()
