"""What a person does to images from the table: open, flag, note, accept, send to labelling, say what they think."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from segstudio.session.document import Document

if TYPE_CHECKING:
    from segstudio.ui.dataset.table_view import DatasetTable
    from segstudio.ui.shell.main_window import MainWindow

_STATUS_OF = {"label": "to do", "review": "reviewed", "reject": "rejected"}


class Triage(QObject):
    """Does what `DatasetTable.triage` asks, to the images that are selected there."""

    def __init__(self, window: MainWindow, table: DatasetTable) -> None:
        super().__init__(table)
        self._window = window
        self._session = window.session
        self._table = table
        self._accepting: str | None = None
        self._session.document_changed.connect(self._on_document)
        table.triage.connect(self.do)

    def do(self, word: str) -> None:
        """One of the words of `table_view.TRIAGE`."""
        if word == "open":
            number = self._table.current()
            if number is not None:
                self._session.go(number)
        elif word == "next":
            self.next()
        elif word == "accept":
            self.accept()
        elif chosen := self._table.chosen():
            if word in _STATUS_OF:
                self._session.overview.set_status(chosen, _STATUS_OF[word])
            elif word == "flag":
                self._session.overview.toggle_flag(chosen)
            else:
                self._ask(word, chosen)

    def next(self) -> None:
        """Open the image in the row below: in an order by a score, the next worst one."""
        images, row = self._session.images, self._table.currentIndex().row()
        if row + 1 < images.num_shown:
            self._table.go_to(row + 1)
            self._session.go(images.index_at(row + 1))

    def accept(self) -> None:
        """Take the newest prediction of the image in whose row one is into its labels; it is opened for that."""
        number = self._table.current()
        document = self._session.document
        if number is None:
            number = self._session.index
        if number is None:
            return
        if document is not None and number == self._session.index:
            self._accept(document)
        else:
            self._accepting = self._session.images[number].key
            self._session.go(number)

    def _on_document(self, document: Document | None) -> None:
        if document is not None and self._accepting is not None:
            key, self._accepting = self._accepting, None
            if document.key == key:
                self._accept(document)

    def _accept(self, document: Document) -> None:
        if not document.predictions:
            text = f"there is no prediction of {document.item.name} to accept"
            self._session.notify.tell("warning", text, hint="run a model first (Ctrl+R)")
            return
        from segstudio.session.edits.accept_sparing import accept_whole

        accept_whole(self._session, document, list(document.predictions)[-1])

    def _ask(self, word: str, chosen: list[int]) -> None:
        images = self._session.images
        many = f" of {len(chosen)} images" if len(chosen) > 1 else f" of {images[chosen[0]].name}"
        dialog = QInputDialog(self._table)
        dialog.setWindowTitle("Note" if word == "note" else "Tags")
        remark = images.remark(chosen[0])
        if word == "note":
            dialog.setLabelText(f"Note{many}")
            dialog.setTextValue(remark.note)
        else:
            dialog.setLabelText(f"Tags{many}, with commas between")
            dialog.setTextValue(", ".join(remark.tags))
        dialog.resize(420, 110)
        self._asked = word, chosen
        dialog.textValueSelected.connect(self._on_answer)
        dialog.open()

    def _on_answer(self, text: str) -> None:
        word, chosen = self._asked
        overview = self._session.overview
        if word == "note":
            overview.set_note(chosen, text)
            return
        before = self._session.images.remark(chosen[0]).tags
        tags = [tag.strip() for tag in text.split(",") if tag.strip()]
        overview.change_tags(chosen, add=tags, remove=[tag for tag in before if tag not in tags])
