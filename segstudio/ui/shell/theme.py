"""The looks of the program: two sets of colours, one style sheet, and the palette that Qt's own drawing uses."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from segstudio.core.resources import resource_dir

THEMES = ("dark", "light")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by role, as "#rrggbb"."""

    name: str
    canvas: str
    ground: str
    panel: str
    raised: str
    hover: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str

    @property
    def is_dark(self) -> bool:
        return QColor(self.ground).lightness() < 128


@cache
def load_theme(name: str) -> Theme:
    """The theme called `name`; raises `KeyError` for one that does not ship with the program."""
    if name not in THEMES:
        raise KeyError(name)
    rows = tomllib.loads((resource_dir() / "themes" / f"{name}.toml").read_text(encoding="utf-8"))
    return Theme(**{f.name: str(rows[f.name]) for f in fields(Theme)})


def current_theme() -> Theme:
    """The theme in use."""
    app = QApplication.instance()
    name = app.property("segstudio_theme") if app is not None else None
    return load_theme(name if name in THEMES else "dark")


def apply_theme(app: QApplication, name: str) -> Theme:
    """Dress the whole program; widgets that paint by themselves read `current_theme` when they paint."""
    theme = load_theme(name)
    app.setProperty("segstudio_theme", name)
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    app.setStyleSheet(_style_sheet(theme))
    return theme


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colors = {
        role.Window: theme.ground,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.ground,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.dim,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.Mid: theme.line,
        role.Dark: theme.line,
        role.Light: theme.hover,
    }
    for key, value in colors.items():
        palette.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(theme.dim)
        faded.setAlpha(130)
        palette.setColor(QPalette.ColorGroup.Disabled, key, faded)
    return palette


def _style_sheet(t: Theme) -> str:
    return _frame_style(t) + _content_style(t)


def _frame_style(t: Theme) -> str:
    """Window, menus, bars and buttons."""
    chevron = (resource_dir() / "icons" / f"chevron-{t.name}.svg").as_posix()
    return f"""
    QMainWindow, QDialog {{ background: {t.ground}; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px 6px; }}
    QMenuBar {{ background: {t.ground}; padding: 2px 4px; }}
    QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
    QMenuBar::item:selected {{ background: {t.hover}; }}
    QMenu {{ background: {t.panel}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
    QMenu::item:disabled {{ color: {t.dim}; background: transparent; }}
    QMenu::icon {{ padding-left: 6px; }}
    QMenu::icon:checked {{ background: {t.accent}; border-radius: 4px; padding: 3px; margin-left: 3px; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
    QToolBar {{ background: {t.ground}; border: none; spacing: 3px; padding: 4px; }}
    QToolBar::separator {{ background: {t.line}; width: 1px; height: 1px; margin: 5px; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 5px; color: {t.text}; }}
    QToolButton#qt_toolbar_ext_button {{ image: url("{chevron}"); padding: 3px; width: 12px; }}
    QToolBar#tools {{ spacing: 1px; }}
    QToolBar#tools QToolButton {{ padding: 4px; }}
    QToolButton[role="outlined"] {{ border: 1px solid {t.line}; padding: 2px 7px; }}
    QToolButton:hover {{ background: {t.hover}; }}
    QToolButton:checked {{ background: {t.accent}; color: {t.on_accent}; }}
    QToolButton:focus {{ border: 1px solid {t.accent}; }}
    QToolButton:disabled {{ color: {t.dim}; }}
    QPushButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px; padding: 5px 12px; }}
    QPushButton:hover {{ background: {t.hover}; }}
    QPushButton:focus {{ border: 1px solid {t.accent}; }}
    QPushButton:default, QPushButton[accent="true"] {{
        background: {t.accent}; color: {t.on_accent}; border: 1px solid {t.accent}; font-weight: 600; }}
    QPushButton:disabled, QPushButton[accent="true"]:disabled {{
        background: {t.raised}; color: {t.dim}; border: 1px solid {t.line}; }}
    """


def _content_style(t: Theme) -> str:
    """Panels, lists, fields, sliders and the roles of labels."""
    tick = (resource_dir() / "icons" / f"tick-{t.name}.svg").as_posix()
    chevron = (resource_dir() / "icons" / f"chevron-{t.name}.svg").as_posix()
    return f"""
    QDockWidget {{ titlebar-close-icon: none; titlebar-normal-icon: none; font-weight: 600; }}
    QDockWidget::title {{ background: {t.ground}; padding: 6px 10px 4px 10px; text-align: left; }}
    QDockWidget > QWidget {{ background: {t.panel}; }}
    QMainWindow::separator {{ background: {t.ground}; width: 5px; height: 5px; }}
    QMainWindow::separator:hover {{ background: {t.accent}; }}
    QSplitter::handle {{ background: {t.ground}; }}
    QListView, QTreeView, QTableView, QScrollArea {{
        background: {t.panel}; border: 1px solid transparent; outline: none;
        selection-background-color: {t.hover}; selection-color: {t.text}; }}
    QListView:focus, QTreeView:focus, QTableView:focus {{ border: 1px solid {t.accent}; border-radius: 4px; }}
    QListView::item, QTreeView::item {{ padding: 2px; border-radius: 4px; }}
    QListView::item:hover, QTreeView::item:hover, QTableView::item:hover {{ background: {t.raised}; }}
    QListView::item:selected, QTreeView::item:selected, QTableView::item:selected {{
        background: {t.hover}; color: {t.text}; }}
    QHeaderView::section {{
        background: {t.panel}; color: {t.dim}; border: none; border-bottom: 1px solid {t.line}; padding: 4px 6px; }}
    QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit, QTextEdit {{
        background: {t.ground}; border: 1px solid {t.line}; border-radius: 6px; padding: 4px 7px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border: 1px solid {t.accent}; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QComboBox::down-arrow {{ image: url("{chevron}"); width: 12px; height: 12px; }}
    QToolButton[popupMode="2"] {{ padding-right: 18px; }}
    QToolButton::menu-indicator {{
        image: url("{chevron}"); width: 12px; height: 12px; subcontrol-position: right center; right: 4px; }}
    QComboBox QAbstractItemView {{ background: {t.panel}; border: 1px solid {t.line}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {t.line}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {t.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{
        background: {t.text}; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }}
    QCheckBox::indicator {{
        width: 14px; height: 14px; border: 1px solid {t.dim}; border-radius: 4px; background: {t.ground}; }}
    QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; image: url("{tick}"); }}
    QCheckBox:focus {{ color: {t.accent}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
    QTabBar::tab:selected:focus {{ background: {t.hover}; border-radius: 4px; }}
    QProgressBar {{ background: {t.raised}; border: none; border-radius: 4px; height: 8px; text-align: center; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 4px; }}
    QStatusBar {{ background: {t.ground}; color: {t.dim}; }}
    QStatusBar::item {{ border: none; }}
    QScrollBar {{ background: transparent; border: none; margin: 0; }}
    QScrollBar:vertical {{ width: 10px; }}
    QScrollBar:horizontal {{ height: 10px; }}
    QScrollBar::handle {{ background: {t.line}; border-radius: 4px; min-height: 28px; min-width: 28px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {t.dim}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; border: none; width: 0; height: 0; }}
    QTabBar::tab {{
        background: transparent; color: {t.dim}; padding: 5px 10px;
        border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
    QTabBar::tab:hover {{ color: {t.text}; }}
    QTabWidget::pane {{ border: none; }}
    QScrollArea > QWidget > QWidget {{ background: {t.panel}; }}
    QGroupBox {{ border: none; margin-top: 16px; font-weight: 600; }}
    QGroupBox::title {{ subcontrol-origin: margin; left: 0; }}
    QLabel[role="dim"] {{ color: {t.dim}; }}
    QLabel[role="title"] {{ font-size: 20px; font-weight: 600; }}
    QLabel[role="accent"] {{ color: {t.accent}; }}
    QLabel[role="good"] {{ color: {t.good}; }}
    QLabel[role="bad"] {{ color: {t.bad}; }}
    QFrame[role="card"] {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 10px; }}
    """
