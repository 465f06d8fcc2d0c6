"""Both themes are readable: contrast by the formula of WCAG 2.2, section 1.4.3."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QDoubleSpinBox, QSpinBox

from segstudio.ui.shell.docks import DOCKS
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.theme import THEMES, apply_theme, current_theme, load_theme


def luminance(color: str) -> float:
    channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(color).getRgbF()[:3]]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_every_text_is_readable_on_every_ground(name: str) -> None:
    theme = load_theme(name)
    for ground in (theme.ground, theme.panel, theme.raised):
        for text in (theme.text, theme.dim):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for text in (theme.good, theme.bad, theme.warn):
        assert contrast(text, theme.panel) >= 4.5, text
    assert contrast(theme.on_accent, theme.accent) >= 4.5


def test_icons_follow_the_theme(dressed) -> None:
    def darkest() -> int:
        image = icon("undo").pixmap(24, 24).toImage()
        return max(
            image.pixelColor(x, y).alpha() and image.pixelColor(x, y).lightness() for x in range(24) for y in range(24)
        )

    apply_theme(dressed, "dark")
    assert current_theme().is_dark
    on_dark = darkest()
    apply_theme(dressed, "light")
    assert not current_theme().is_dark
    assert on_dark > 200 > darkest()
    apply_theme(dressed, "dark")


def test_an_unknown_icon_is_an_error(dressed) -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


@pytest.mark.parametrize("kind", [QSpinBox, QDoubleSpinBox])
def test_numbers_can_be_read_in_their_fields(dressed, qtbot, kind):
    """A style sheet without rules for the arrows, or NoButtons with such rules, leaves the text a pixel of room."""
    field = kind(suffix=" min", value=5)
    qtbot.addWidget(field)
    field.show()
    line = field.lineEdit()
    assert line.width() >= line.fontMetrics().horizontalAdvance(field.text())


@pytest.mark.parametrize("name", [entry.id for entry in DOCKS])
def test_no_number_in_a_dock_is_cut(window, name):
    content = window.docks.show(name)
    QApplication.processEvents()
    for field in content.findChildren(QAbstractSpinBox):
        line = field.lineEdit()
        if field.isVisible():
            assert line.width() >= line.fontMetrics().horizontalAdvance(field.text()), field.accessibleName()
