"""The named states of the open image and of the project: give a name, restore, forget."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QInputDialog, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from segstudio.core.errors import SegStudioError
from segstudio.session.document import Document
from segstudio.session.journal import restore_after
from segstudio.session.session import Session
from segstudio.store import VersionRow
from segstudio.ui.panels.journal import when_text

_VERSION = Qt.ItemDataRole.UserRole


class VersionsView(QWidget):
    """A list with four buttons under it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.list = QListWidget()
        self.list.setAccessibleName("Named states")
        self.name_image = QPushButton("Name this image…")
        self.name_image.setToolTip("Give the state of this image a name; it is kept whatever else is trimmed")
        self.name_project = QPushButton("Name all…")
        self.name_project.setToolTip("Give the state of all images a name")
        self.restore = QPushButton("Restore")
        self.restore.setToolTip("Make the labels of this image what they were; that is an edit, and can be undone")
        self.forget = QPushButton("Forget")
        self.forget.setToolTip("Take the name away; the state may be trimmed then")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list, 1)
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, button in enumerate((self.name_image, self.name_project, self.restore, self.forget)):
            grid.addWidget(button, number // 2, number % 2)
        layout.addLayout(grid)
        self.name_image.clicked.connect(self._ask_for_image)
        self.name_project.clicked.connect(self._ask_for_project)
        self.restore.clicked.connect(self._restore)
        self.forget.clicked.connect(self._forget)
        self.list.currentItemChanged.connect(self._enable)
        session.document_changed.connect(self._on_document)

    def refresh(self) -> None:
        """Read the names anew where somebody looks at them."""
        document, project = self._session.document, self._session.project
        if not self.isVisible():
            return
        self.list.clear()
        if document is not None and project is not None:
            try:
                for version in reversed(project.versions(document.key)):
                    self._add(version)
            except SegStudioError as error:
                self._session.notify.fault(error)
        self._enable()

    def add(self, name: str, *, key: str = "") -> None:
        """Name the state of image `key`, or of all, as it is now."""
        project = self._session.project
        if project is None or not name.strip():
            return
        try:
            project.add_version(name.strip(), person=self._session.person, key=key)
        except SegStudioError as error:
            self._session.notify.fault(error)
        self.refresh()

    def _add(self, version: VersionRow) -> None:
        whose = "this image" if version.image_key else "all images"
        item = QListWidgetItem(f"{version.name}\n{whose} · {version.person or 'someone'} · {when_text(version.when)}")
        item.setData(_VERSION, version)
        self.list.addItem(item)

    def _chosen(self) -> VersionRow | None:
        chosen = self.list.selectedItems()
        found = chosen[0].data(_VERSION) if chosen else None
        return found if isinstance(found, VersionRow) else None

    def _enable(self, *_: object) -> None:
        may = self._session.document is not None and not self._session.read_only
        for button in (self.name_image, self.name_project):
            button.setEnabled(may)
        for button in (self.restore, self.forget):
            button.setEnabled(may and self._chosen() is not None)

    def _ask_for_image(self) -> None:
        document = self._session.document
        if document is not None:
            self._ask(document.key, f"Name the state of {document.item.name}")

    def _ask_for_project(self) -> None:
        self._ask("", "Name the state of all images")

    def _ask(self, key: str, title: str) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText("Name")
        dialog.textValueSelected.connect(partial(self.add, key=key))
        dialog.open()

    def _restore(self) -> None:
        version = self._chosen()
        if version is not None:
            restore_after(self._session, version.edit_id, f"restore “{version.name}”")

    def _forget(self) -> None:
        version, project = self._chosen(), self._session.project
        if version is None or project is None:
            return
        try:
            project.remove_version(version.name, key=version.image_key)
        except SegStudioError as error:
            self._session.notify.fault(error)
        self.refresh()

    def _on_document(self, _: Document | None) -> None:
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.refresh()
