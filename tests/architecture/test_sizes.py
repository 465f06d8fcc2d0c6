"""A file is one idea and a function one thought: neither may outgrow the size at which a reader loses the thread."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import PACKAGE, PLUGINS, name_of, parse, python_files

_FILE_LINES = 450
_FUNCTION_LINES = 80


def test_no_file_is_too_long():
    lengths = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in python_files(PACKAGE, PLUGINS)}
    assert {name: lines for name, lines in lengths.items() if lines > _FILE_LINES} == {}


def test_no_function_is_too_long():
    long = {}
    for path in python_files(PACKAGE, PLUGINS):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > _FUNCTION_LINES:
                    long[f"{name_of(path)}:{node.name}"] = lines
    assert long == {}
