"""The line in which one asks for images: completion, errors at their place, kept filters, and whose facts are asked."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import SegStudioError
from segstudio.core.layer import LABELS, TRUTH
from segstudio.session.dataset.overview import BEST_KNOWN
from segstudio.session.dataset.query import QueryError
from segstudio.session.dataset.query_fields import FIELDS, STATES
from segstudio.session.session import Session
from segstudio.store.records import STATUSES
from segstudio.ui.dataset.query_help import show_help
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.outlined import outlined_button


class QueryLine(QLineEdit):
    """A line with completion of the word under the cursor: fields first, then the values that there are."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._words = QStringListModel(self)
        self._popup = QCompleter(self._words, self)
        self._list = QListView()
        self._popup.setPopup(self._list)
        self._popup.setWidget(self)
        self._popup.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._popup.activated.connect(self._insert)
        self.textEdited.connect(self._complete)

    def suggestions(self, word: str) -> list[str]:
        """What a word that was begun may become."""
        word = word.lstrip("-(")
        name, mark, begun = word.partition(":")
        if not mark:
            names = [f"{one.name}{one.operators[0]}" for one in FIELDS.values()]
            return [text for text in names if text.startswith(word.lower()) and text != word.lower()]
        values = [f'"{value}"' if " " in value else value for value in self._values(name.lower())]
        matching = [value for value in values if begun.lower().strip('"') in value.lower() and value != begun]
        return [f"{name}:{value}" for value in matching]

    def _values(self, field: str) -> list[str]:
        images, table = self._session.images, self._session.overview.table
        if field in ("class", "worst"):
            return [one.name for one in self._session.classes.current.classes]
        if field == "status":
            return list(STATUSES)
        if field == "is":
            return list(STATES)
        if field == "tag":
            return sorted({tag for remark in images.remarks.values() for tag in remark.tags})
        if table is not None and field in table.words:
            return sorted(word for word in table.words[field].words if word)
        return []

    def _word_start(self) -> int:
        before = self.text()[: self.cursorPosition()]
        return max(before.rfind(letter) for letter in " (|") + 1

    def _complete(self, _: str) -> None:
        start = self._word_start()
        word = self.text()[start : self.cursorPosition()]
        found = self.suggestions(word) if word.strip("-(") else []
        if found and not word.endswith('"'):
            self._words.setStringList(found)
            self._popup.setCompletionPrefix("")
            self._popup.complete()
        else:
            self._list.hide()

    def _insert(self, text: str) -> None:
        start, end = self._word_start(), self.cursorPosition()
        lead = self.text()[start:end]
        lead = lead[: len(lead) - len(lead.lstrip("-("))]
        self.setText(self.text()[:start] + lead + text + self.text()[end:])
        self.setCursorPosition(start + len(lead) + len(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Escape and self._list.isVisible():
            self._list.hide()
            return
        super().keyPressEvent(event)


class FilterBar(QWidget):
    """Asks the overview when Enter is pressed. `asked` tells that other images are shown now."""

    asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.line = QueryLine(session)
        self.line.setPlaceholderText("Filter, e.g.  class:car area>5000 iou<0.6 status:todo -tag:night")
        self.line.setAccessibleName("Filter")
        self.line.setClearButtonEnabled(True)
        self.line.addAction(icon("search", "dim"), QLineEdit.ActionPosition.LeadingPosition)
        self.line.returnPressed.connect(self.apply)
        self.line.textChanged.connect(self._on_text)
        self.count = QLabel()
        self.count.setProperty("role", "dim")
        self.error = QLabel()
        self.error.setProperty("role", "bad")
        self.error.setAccessibleName("What is wrong with the filter")
        self.error.hide()
        self.kept = outlined_button("Filters", "Filters that were kept under a name")
        self.kept.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.kept)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.kept.setMenu(self.menu)
        self.help = outlined_button("?", "What can be asked")
        self.help.clicked.connect(self._help)
        self.layer = QComboBox()
        self.layer.setAccessibleName("Facts of")
        self.layer.setToolTip("Whose facts are shown and asked: of the labels, of the truth, or of a model's run")
        self.layer.activated.connect(self._choose_layer)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.line, 1), (self.count, 0), (self.layer, 0), (self.kept, 0), (self.help, 0)):
            row.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.error)
        self._row = row
        session.images.walk_changed.connect(self._on_walk)
        session.images.reset.connect(self._on_walk)
        session.overview.ready.connect(self._fill_layers)
        session.predictions.changed.connect(self._fill_layers)
        self._fill_layers()
        self._on_walk()

    def add(self, widget: QWidget) -> None:
        """Put another control at the end of the line."""
        self._row.addWidget(widget)

    def apply(self, *, order: str | None = None, descending: bool = False) -> bool:
        """Ask for what the line says, in the given order or the one of before; whether it was understood."""
        overview = self._session.overview
        before = overview.asked
        order, descending = (before.order, before.descending) if order is None else (order, descending)
        try:
            overview.ask(self.line.text(), order=order, descending=descending)
        except QueryError as error:
            self.error.setText(f"{error.message}. {error.hint}" if error.hint else error.message)
            self.error.show()
            self.line.setFocus()
            self.line.setCursorPosition(error.column - 1)
            return False
        self._say_count()
        self.asked.emit()
        return True

    def ask(self, text: str) -> bool:
        """Put a filter into the line, and apply it."""
        self.line.setText(text)
        return self.apply()

    def _on_text(self, text: str) -> None:
        self.error.hide()
        if not text and self._session.overview.asked.query:
            self.apply()

    def _on_walk(self, _: object = None) -> None:
        query = self._session.overview.asked.query
        if self._session.images.walk is None and self.line.text() and not query:
            self.line.clear()
        self._say_count()

    def _say_count(self) -> None:
        images = self._session.images
        total = f"{len(images):,}".replace(",", "\u202f")
        shown = f"{images.num_shown:,}".replace(",", "\u202f")
        self.count.setText(f"{total} images" if images.num_shown == len(images) else f"{shown} of {total}")

    def _fill_layers(self, _: object = None) -> None:
        project = self._session.project
        names = [BEST_KNOWN, LABELS, TRUTH]
        if project is not None:
            names += [f"prediction:{run.name}" for run in project.runs()]
        if names != [self.layer.itemData(place) for place in range(self.layer.count())]:
            titles = {BEST_KNOWN: "Best known", LABELS: "Labels", TRUTH: "Ground truth"}
            self.layer.clear()
            for name in names:
                self.layer.addItem(titles.get(name, name.partition(":")[2]), name)
        self.layer.setCurrentIndex(max(0, self.layer.findData(self._session.overview.layer)))

    def _choose_layer(self, place: int) -> None:
        self._session.overview.choose_layer(self.layer.itemData(place))

    # ── filters under names ──────────────────────────────────────────────────────────────────────────────────────────

    def _fill_menu(self) -> None:
        self.menu.clear()
        project, text = self._session.project, self.line.text().strip()
        saved = {} if project is None else dict(project.saved_filters)
        for name, query in sorted(saved.items()):
            action = self.menu.addAction(name)
            action.setToolTip(query)
            action.setData(query)
            action.triggered.connect(self._take)
        if saved:
            self.menu.addSeparator()
        keep = self.menu.addAction("Keep this filter…")
        keep.setEnabled(bool(text) and project is not None and not project.read_only)
        keep.triggered.connect(self._keep)
        if saved and project is not None and not project.read_only:
            forget = self.menu.addMenu("Forget")
            for name in sorted(saved):
                action = forget.addAction(name)
                action.setData(name)
                action.triggered.connect(self._forget)

    def _take(self) -> None:
        self.ask(self.sender().data())  # type: ignore[attr-defined]

    def _keep(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Keep the filter")
        dialog.setLabelText("Name")
        dialog.textValueSelected.connect(self.keep_as)
        dialog.open()

    def keep_as(self, name: str) -> None:
        """Keep what the line says under a name."""
        if name.strip():
            self._write(name.strip(), self.line.text().strip())

    def _forget(self) -> None:
        self._write(self.sender().data(), None)  # type: ignore[attr-defined]

    def _write(self, name: str, query: str | None) -> None:
        project = self._session.project
        try:
            if project is not None:
                project.save_filter(name, query)
        except SegStudioError as error:
            self._session.notify.fault(error)

    def _help(self) -> None:
        show_help(self)
