"""What the filter line understands, in one table of fields with an example each."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from segstudio.session.dataset.query_fields import FIELDS
from segstudio.ui.shell.theme import current_theme

_RULES = (
    ("class:car area&gt;5000 iou&lt;0.6", "all hold, and of the same class and object"),
    ("status:todo or is:flagged", "one of them holds; parentheses group"),
    ("-tag:night", "not so: of no class and no object of the image"),
    ("frankfurt", "a word alone is looked for in the name"),
    ('tag:"bad weather"', "quotation marks hold words together"),
    ("fp&gt;10k miou&lt;60%", "k, m and % after a number"),
)
_GRAINS = {"image": "of the image", "class": "of one class in it", "object": "of one object in it"}


def show_help(parent: QWidget) -> QDialog:
    """Open the table beside the line; gives the dialog."""
    dialog = QDialog(parent)
    dialog.setWindowTitle("What a filter can ask")
    dialog.resize(680, 560)
    browser = QTextBrowser()
    browser.setHtml(help_html())
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    column = QVBoxLayout(dialog)
    column.addWidget(browser)
    column.addWidget(buttons)
    dialog.open()
    return dialog


def help_html() -> str:
    """The table as HTML in the theme's colours."""
    theme = current_theme()
    code = f"style='font-family:monospace; color:{theme.accent}'"
    rows = [f"<tr><td {code}>{text}&nbsp;&nbsp;</td><td>{said}</td></tr>" for text, said in _RULES]
    for grain, title in _GRAINS.items():
        rows.append(f"<tr><td colspan=2><br><b>{title[0].upper()}{title[1:]}</b></td></tr>")
        rows += [
            f"<tr><td {code}>{escape(one.example)}&nbsp;&nbsp;</td><td>{escape(one.title)}</td></tr>"
            for one in FIELDS.values()
            if one.grain == grain
        ]
    return f"<table cellpadding=2>{''.join(rows)}</table>"
