"""Every control of the window, its docks and its dialogs has a name for screen readers; errors can be told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QMenu,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.render.lut import AGREEMENT_COLORS, ERROR_COLORS_COLOR_BLIND, color_blind_color
from segstudio.ui.canvas.picture_view import PictureView
from segstudio.ui.shell.class_dialog import ClassDialog
from segstudio.ui.shell.docks import DOCKS
from segstudio.ui.shell.export_dialog import ExportDialog
from segstudio.ui.shell.help_dialogs import KeysDialog
from segstudio.ui.shell.palette import CommandPalette
from segstudio.ui.shell.settings_dialog import SettingsDialog

CONTROLS = (
    *(QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QTextEdit),
    PictureView,
)
PARTS_OF_OTHERS = (QScrollBar, QHeaderView, QTabBar)


def is_part(widget: QWidget) -> bool:
    """Whether Qt made it as a part of a control that has the name: the field of a spin box, the list of a combo box."""
    if isinstance(widget, PARTS_OF_OTHERS) or widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    # The menu that plots bring with them, from pyqtgraph's own forms.
    if any(isinstance(above, QMenu) for above in ancestors(widget)):
        return True
    if isinstance(widget, QAbstractItemView):
        return any(isinstance(above, QComboBox) for above in ancestors(widget))
    return isinstance(parent, (QAbstractSpinBox, QComboBox, QLineEdit, QTabBar, QMenu, QDialogButtonBox))


def ancestors(widget: QWidget) -> list[QWidget]:
    found = []
    while (widget := widget.parentWidget()) is not None:
        found.append(widget)
    return found


def nameless(root: QWidget) -> list[str]:
    found = []
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, CONTROLS) or is_part(widget):
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (widget.accessibleName() or text.strip()):
            place = " < ".join(type(above).__name__ for above in ancestors(widget)[:3])
            found.append(f"{type(widget).__name__} {widget.objectName()!r} in {place}")
    return found


def test_the_window(window):
    window.objects.refresh()
    assert nameless(window) == []


@pytest.mark.parametrize("entry", DOCKS, ids=lambda entry: entry.id)
def test_docks(window, entry):
    window.docks.show(entry.id)
    assert nameless(window) == []
    window.docks.hide_all()


@pytest.mark.parametrize(
    "make",
    [
        lambda w: SettingsDialog(w),
        lambda w: ClassDialog(w, None),
        lambda w: ExportDialog(w),
        lambda w: KeysDialog(w),
        lambda w: CommandPalette(w.commands, w),
    ],
    ids=["settings", "class", "export", "keys", "palette"],
)
def test_dialogs(window, make):
    dialog: QDialog = make(window)
    assert dialog.windowTitle() or dialog.windowFlags() & Qt.WindowType.Popup
    assert nameless(dialog) == []


def tab_stops(window):
    """What Tab goes to from the canvas until it is back there."""
    window.activateWindow()
    window.canvas.setFocus()
    stops = []
    for _ in range(200):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is window.canvas:
            return stops
        stops.append(QApplication.focusWidget())
    raise AssertionError("Tab does not come back to the canvas")


def test_tab_goes_round_once_to_things_with_names_from_above_to_below(window):
    window.session.document.layers_changed.emit("truth")
    stops = tab_stops(window)
    assert len(stops) == len(set(stops))
    assert [type(stop).__name__ for stop in stops if not (stop.accessibleName() or stop.text())] == []
    for panel in (window.layers, window.tool_bar):
        inside = [stop for stop in stops if panel.isAncestorOf(stop)]
        assert inside
        heights = [stop.mapTo(window, stop.rect().center()).y() for stop in inside]
        assert all(after > before - 12 for before, after in itertools.pairwise(heights))


def test_what_the_state_means_is_said(window):
    window.session.view.set(paint_mode="unlabelled")
    QApplication.processEvents()
    assert "only what is unlabelled" in window.status.paint.mode.accessibleName()
    assert "unlabelled" in window.tool_options.paint.accessibleName()
    assert "5,400 unlabelled" in window.status.paint.gaps.accessibleName()


# Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009),
# severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "none": np.eye(3).tolist(),
}


def linear(color):
    part = np.asarray(color, float) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* (D65) of linear RGB."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    ratio = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen(color, matrix):
    return lab(np.array(matrix) @ linear(color))


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize(
    "colors",
    [ERROR_COLORS_COLOR_BLIND, AGREEMENT_COLORS, {n: color_blind_color(n) for n in range(8)}],
    ids=["errors", "agreement", "classes"],
)
def test_no_two_colours_look_alike(colors, deficiency):
    """A difference of 2.3 is just noticeable side by side; 12 is plain at a glance, also across a picture."""
    matrix = DEFICIENCIES[deficiency]
    close = {
        (a, b): float(np.linalg.norm(seen(colors[a], matrix) - seen(colors[b], matrix)))
        for a, b in itertools.combinations(colors, 2)
    }
    assert min(close.values()) >= 12, close


def test_the_safe_palette_is_used_where_it_is_chosen(window):
    classes = ClassSet("many", tuple(LabelClass(n, f"c{n}", (n, 0, 0)) for n in range(3)))
    from segstudio.render.lut import class_colors

    assert list(class_colors(classes, "color-blind").values()) == [color_blind_color(n) for n in range(3)]
    window.commands.run("view.colour_blind")
    assert window.session.view.now.colour_blind
