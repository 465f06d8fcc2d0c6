"""The project's own Python files, parsed."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "segstudio"
PLUGINS = ROOT / "plugins"


def python_files(*folders):
    """Every .py file below these folders, sorted; relative names make test ids readable."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_modules(tree):
    """Yields (module, line) of every import, also those inside functions; `from a import b` yields `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module, node.lineno
            for alias in node.names:
                yield f"{module}.{alias.name}", node.lineno
