"""The language of the window: its texts by their English words, from one file for each language, and its direction.

`resources/translations/<code>.json` holds `language` (its own name), `direction` ("ltr" or "rtl") and `texts`: English
words, without the marks of menus, to theirs. A text that is not in the file stays English.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QCoreApplication, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from segstudio.core.resources import resource_dir

ENGLISH = "en"
_CONTEXT = "SegStudio"
_INSTALLED = "segstudio_language"


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its code ("fa"): its own name, whether it is written from right to left, and its texts."""

    code: str
    name: str
    is_rtl: bool
    texts: Mapping[str, str]


class Words(QTranslator):
    """Answers Qt's question for a text, so that `QCoreApplication.translate` works everywhere."""

    def __init__(self, language: Language, parent: QApplication) -> None:
        super().__init__(parent)
        self._texts = language.texts

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str | None:  # type: ignore[override]
        """The text in this language; None, Qt's null string, where there is none or where Qt itself asks."""
        if context != _CONTEXT:
            return None
        words = source.replace("&", "")
        found = self._texts.get(words.rstrip(" …"))
        return found + "…" if found and words.endswith("…") else found

    def isEmpty(self) -> bool:  # noqa: N802 (Qt's name)
        """Without it Qt takes a translator that read no file of Qt's for an empty one."""
        return False


@cache
def languages() -> dict[str, Language]:
    """Every language that there is, by its code, English first."""
    found = {ENGLISH: Language(ENGLISH, "English", False, {})}
    for path in sorted((resource_dir() / "translations").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = Language(path.stem, told["language"], told["direction"] == "rtl", told["texts"])
    return found


def chosen_language(wanted: str) -> Language:
    """The language of a setting: an empty one follows the system; English where there is no file for it."""
    code = wanted or QLocale.system().name()
    return languages().get(code.partition("_")[0], languages()[ENGLISH])


def use_language(app: QApplication, wanted: str) -> Language:
    """Speak this language from now on; windows that are there keep the words they have."""
    language = chosen_language(wanted)
    before = app.property(_INSTALLED)
    if isinstance(before, QTranslator):
        app.removeTranslator(before)
    words = Words(language, app) if language.texts else None
    if words is not None:
        app.installTranslator(words)
    app.setProperty(_INSTALLED, words)
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if language.is_rtl else Qt.LayoutDirection.LeftToRight)
    return language


def say(text: str) -> str:
    """The text in the language in use; marks of menus ("&") go with the English words that they belong to."""
    return QCoreApplication.translate(_CONTEXT, text) if text else ""
