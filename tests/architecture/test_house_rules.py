"""Names, docstrings and output: the habits that let a newcomer find a file in a minute."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source_tree import PACKAGE, PLUGINS, ROOT, imported_modules, name_of, parse, python_files

# They say where code was put, not what it does, and so everything ends up there.
_EMPTY_NAMES = {"utils", "util", "helpers", "helper", "managers", "manager", "common", "misc"}

_PACKAGES = sorted(path for path in PACKAGE.rglob("__init__.py"))
_PLUGIN_FILES = python_files(PLUGINS)


@pytest.mark.parametrize("init", _PACKAGES, ids=name_of)
def test_every_package_says_what_it_owns(init):
    docstring = ast.get_docstring(parse(init))
    assert docstring, "an __init__.py begins with what the room owns, what it may import and where to start"


def test_no_file_or_folder_has_an_empty_name():
    paths = [*PACKAGE.rglob("*"), *PLUGINS.rglob("*")]
    assert [name_of(p) for p in paths if p.stem.lower().strip("_") in _EMPTY_NAMES] == []


def test_only_the_command_line_prints():
    # The tour is the window's part of a command: what `segstudio demo --headless` tells the terminal.
    speaking = (PACKAGE / "cli", PACKAGE / "ui" / "tour.py")
    printing = []
    for path in python_files(PACKAGE):
        if any(path.is_relative_to(place) for place in speaking):
            continue
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                printing.append(f"{name_of(path)}:{node.lineno}")
    assert printing == []


def test_there_are_bundled_plugins_to_look_at():
    assert _PLUGIN_FILES, f"no Python file below {PLUGINS.relative_to(ROOT)}/"


@pytest.mark.parametrize("path", _PLUGIN_FILES, ids=name_of)
def test_a_plugin_imports_only_the_plugin_api(path):
    reached = [
        f"line {line}: {module}"
        for module, line in imported_modules(parse(path))
        if f"{module}.".startswith("segstudio.") and not f"{module}.".startswith("segstudio.plugins.api.")
    ]
    assert reached == []
