"""A person's settings at work: brought into the window at the start, and again with each change in the dialog."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication

from segstudio.core.errors import EnvironmentFault
from segstudio.core.layer import LABELS
from segstudio.settings import Settings, load_settings, save_settings
from segstudio.settings.keymap import from_texts, with_changes, with_preset
from segstudio.ui.shell.commands import Command, Later
from segstudio.ui.shell.theme import apply_theme

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_SYSTEM_SIZE = "segstudio_system_font_size"


def dress(app: QApplication, settings: Settings) -> None:
    """The theme, and texts of the chosen size."""
    size = app.property(_SYSTEM_SIZE)
    if not isinstance(size, float):
        size = app.font().pointSizeF()
        app.setProperty(_SYSTEM_SIZE, size)
    font = app.font()
    if size > 0 and font.pointSizeF() != size * settings.font_scale:
        font.setPointSizeF(size * settings.font_scale)
        app.setFont(font)
    apply_theme(app, settings.theme)


def begin_with(window: MainWindow, settings: Settings) -> None:
    """What a window starts with: keys, brush, opacity, colours."""
    use_keys(window, settings)
    view = window.session.view
    view.set(
        brush_radius=settings.brush_size / 2,
        brush_in_screen_pixels=settings.brush_follows_zoom,
        colour_blind=settings.safe_colors,
        opacity={**view.now.opacity, LABELS: settings.label_opacity},
    )


def use_keys(window: MainWindow, settings: Settings) -> None:
    """The preset's keys with what the person changed."""
    commands = window.commands
    commands.use_keys(with_changes(with_preset(commands.own_keys, settings.shortcuts), from_texts(settings.keys)))


def change(window: MainWindow, **values: Any) -> None:
    """Choose some settings by name; a file that cannot be written is told, and the choice holds for this time."""
    settings = replace(load_settings(), **values)
    try:
        save_settings(settings)
    except EnvironmentFault as fault:
        window.session.notify.fault(fault)
    view = window.session.view
    if values.keys() & {"theme", "font_scale"}:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        dress(app, settings)
        window.canvas.restyle()
    if values.keys() & {"shortcuts", "keys"}:
        use_keys(window, settings)
    if "safe_colors" in values:
        view.set(colour_blind=settings.safe_colors)
    if "brush_follows_zoom" in values:
        view.set(brush_in_screen_pixels=settings.brush_follows_zoom)


class PreferenceCommands:
    """The way to the settings."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def rows(self) -> list[Command]:
        show = Later("segstudio.ui.shell.settings_dialog", "show_settings", self._window)
        return [Command("file.settings", "Se&ttings…", show, ("Ctrl+,",), "settings")]

    def checks(self) -> dict[str, bool]:
        return {}
