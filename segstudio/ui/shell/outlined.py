"""Buttons with a frame, as they stand beside tables and lists."""

from __future__ import annotations

from PySide6.QtWidgets import QToolButton


def outlined_button(text: str, tip: str) -> QToolButton:
    """A framed button of its text's size."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("role", "outlined")
    return button
