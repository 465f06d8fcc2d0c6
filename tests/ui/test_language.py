"""Other languages: commands, menus, panels and tools speak them, right to left where they are written so."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QDialogButtonBox

from segstudio.core.resources import resource_dir
from segstudio.session import Session
from segstudio.ui import MainWindow
from segstudio.ui.shell.commands import Command, Commands
from segstudio.ui.shell.docks import DOCKS
from segstudio.ui.shell.language import chosen_language, languages, say, use_language
from segstudio.ui.shell.palette import CommandPalette


@pytest.fixture
def persian(dressed):
    use_language(dressed, "fa")
    yield dressed
    use_language(dressed, "en")


def test_which_language_is_spoken():
    assert chosen_language("fa").is_rtl
    assert chosen_language("fa_IR").code == "fa"
    assert chosen_language("en").code == chosen_language("xx").code == "en"
    assert languages()["en"].name == "English"


def test_texts_keep_their_dots_and_lose_the_marks_of_menus(persian):
    told = json.loads((resource_dir() / "translations" / "fa.json").read_text(encoding="utf-8"))["texts"]
    assert say("&Undo") == told["Undo"]
    assert say("&Export…") == told["Export"] + "…"
    assert say("What nobody has translated") == "What nobody has translated"
    assert say("") == ""


def test_what_qt_says_stays_qts(persian):
    assert QCoreApplication.translate("QPlatformTheme", "Undo") == "Undo"
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    assert box.button(QDialogButtonBox.StandardButton.Close).text().replace("&", "") == "Close"


def test_the_window_in_persian(persian, tmp_path, qtbot):
    session = Session(data_dir=tmp_path, person="tester")
    window = MainWindow(session)
    qtbot.addWidget(window)
    assert window.layoutDirection() == Qt.LayoutDirection.RightToLeft
    texts = languages()["fa"].texts
    assert window.commands.action("edit.undo").text() == texts["Undo"]
    assert [window.tabs.tabText(n) for n in range(4)] == [texts[t] for t in ("Layers", "Model", "Objects", "History")]
    assert window.menuBar().actions()[0].text() == texts["File"]
    assert window.tool_bar.widgetForAction(window.commands.action("tool.brush")).accessibleName() == texts["Brush"]
    window.close()


def test_the_palette_finds_by_both_languages(persian, qtbot):
    from PySide6.QtWidgets import QMainWindow

    bench = QMainWindow()
    qtbot.addWidget(bench)
    commands = Commands(bench)
    commands.add(Command("edit.undo", "&Undo", lambda: None))
    commands.add(Command("edit.redo", "&Redo", lambda: None))
    palette = CommandPalette(commands, bench)
    for query in (say("Undo"), "undo"):
        palette.edit.setText(query)
        found = [palette.list.item(n).data(Qt.ItemDataRole.UserRole) for n in range(palette.list.count())]
        assert found == ["edit.undo"]


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_a_language_covers_the_table_of_commands(window, code):
    texts = languages()[code].texts
    wanted = {command.words.rstrip(" …") for command in window.commands.all()}
    wanted |= {entry.title for entry in DOCKS}
    missing = sorted(wanted - set(texts))
    assert len(missing) <= len(wanted) // 10, missing
    assert all(text.strip() and text != words for words, text in texts.items())
