"""The page about filters names every field as the program knows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segstudio.session.dataset.query import parse
from segstudio.session.dataset.query_fields import FIELDS

PAGE = Path(__file__).parents[2] / "docs" / "query.md"


def test_the_table_of_fields_is_that_of_the_program():
    rows = re.findall(
        r"^\| `(\w+)` \| .*? \| (.*?) \| (.*?) \| `(.*?)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [name for name, *_ in rows] == list(FIELDS)
    for name, title, operators, example in rows:
        field = FIELDS[name]
        assert (title, example) == (field.title, field.example)
        assert tuple(re.findall(r"`(.+?)`", operators)) == field.operators


@pytest.mark.parametrize("text", re.findall(r"`([a-z-]+[:~<>=][^`]*)`", PAGE.read_text(encoding="utf-8")))
def test_every_example_is_understood(text):
    parse(text)
