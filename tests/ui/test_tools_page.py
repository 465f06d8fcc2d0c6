"""The page about the tools: it tells of every tool with its key, and its pictures are there and small."""

import re
from pathlib import Path

import pytest

from segstudio.ui.canvas.tools import TOOLS

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"
MOST = 150_000
"""Bytes of a picture."""


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.key], ids=lambda tool: tool.id)
def test_every_tool_has_a_heading_with_its_key(tool):
    headings = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert any(f"({tool.key})" in heading for heading in headings)


def test_pictures_are_there_small_and_said_in_words():
    pictures = re.findall(r"!\[(.*)\]\((.*)\)", PAGE.read_text(encoding="utf-8"))
    assert len(pictures) >= 15
    for words, path in pictures:
        assert words
        assert (PAGE.parent / path).stat().st_size <= MOST
    shown = {(PAGE.parent / path).resolve() for _, path in pictures}
    assert {path.resolve() for path in (PAGE.parent / "images" / "tools").iterdir()} == shown
