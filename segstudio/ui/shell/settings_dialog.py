"""The settings: looks and brush on one page, keys on the other; what is chosen holds at once and is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.settings import SPECS, load_settings, settings_path
from segstudio.ui.shell.language import languages
from segstudio.ui.shell.preferences import change
from segstudio.ui.shell.shortcut_editor import ShortcutEditor

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow


class SettingsDialog(QDialog):
    """General and Keys."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings")
        self.resize(680, 560)
        self.general = GeneralPage(window)
        self.keys = ShortcutEditor(window)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Pages of the settings")
        self.tabs.addTab(self.general, "General")
        self.tabs.addTab(self.keys, "Keys")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)


class GeneralPage(QWidget):
    """How the program looks, how the brush behaves, and where work is kept."""

    def __init__(self, window: MainWindow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = window
        settings = load_settings()
        self.theme = QComboBox()
        for name in SPECS["theme"].choices:
            self.theme.addItem(name.capitalize(), name)
        self.theme.setCurrentText(settings.theme.capitalize())
        self.theme.setAccessibleName("Theme")
        self.theme.activated.connect(self._on_theme)
        self.text_size = QSpinBox()
        self.text_size.setRange(50, 300)
        self.text_size.setSingleStep(10)
        self.text_size.setSuffix(" %")
        self.text_size.setValue(round(100 * settings.font_scale))
        self.text_size.lineEdit().setTextMargins(6, 0, 0, 0)
        self.text_size.setKeyboardTracking(False)
        self.text_size.setAccessibleName("Size of texts in percent")
        self.text_size.valueChanged.connect(self._on_text_size)
        self.language = QComboBox()
        self.language.addItem("As the system", "")
        for language in languages().values():
            self.language.addItem(language.name, language.code)
        self.language.setCurrentIndex(max(0, self.language.findData(settings.language)))
        self.language.setAccessibleName("Language")
        self.language.setToolTip("Spoken from the next start")
        self.language.activated.connect(self._on_language)
        self.safe = QCheckBox("Colours that colour-blind people can tell apart")
        self.safe.setChecked(window.session.view.now.colour_blind)
        self.safe.toggled.connect(self._on_safe)
        self.brush = QCheckBox("The brush keeps its size on the screen when the zoom changes")
        self.brush.setChecked(window.session.view.now.brush_in_screen_pixels)
        self.brush.toggled.connect(self._on_brush)
        form = QFormLayout(self)
        form.setContentsMargins(14, 14, 14, 14)
        form.setVerticalSpacing(12)
        form.addRow("Theme", self.theme)
        form.addRow("Size of texts", self.text_size)
        form.addRow("Language, from the next start", self.language)
        form.addRow("Colours", self.safe)
        form.addRow("Brush", self.brush)
        note = QLabel(
            "Every edit is written to the project at once; there is nothing to save, and a crash loses nothing."
        )
        note.setWordWrap(True)
        form.addRow("Saving", note)
        project = window.session.project
        places = {
            "This project": str(project.path) if project is not None else "",
            "Data folder": str(window.session.data_dir),
            "Settings": str(settings_path()),
        }
        for title, place in places.items():
            if place:
                form.addRow(title, _place(title, place))

    def _on_theme(self, index: int) -> None:
        change(self._window, theme=self.theme.itemData(index))

    def _on_language(self, index: int) -> None:
        change(self._window, language=self.language.itemData(index))

    def _on_text_size(self, percent: int) -> None:
        change(self._window, font_scale=percent / 100)

    def _on_safe(self, on: bool) -> None:
        change(self._window, safe_colors=on)

    def _on_brush(self, on: bool) -> None:
        change(self._window, brush_follows_zoom=on)


def _place(title: str, place: str) -> QLineEdit:
    """A path to read and to copy."""
    field = QLineEdit(place)
    field.setReadOnly(True)
    field.setCursorPosition(0)
    field.setToolTip(place)
    field.setAccessibleName(title)
    return field


def show_settings(window: MainWindow) -> None:
    SettingsDialog(window).open()
