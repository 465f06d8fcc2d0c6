"""The import-linter contracts of pyproject.toml hold, and would notice if they did not."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.architecture.source_tree import PACKAGE, ROOT

_LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command; lint_imports_command()",
    "--no-cache",
]


def _lint(folder):
    # A fresh interpreter in that folder, so that it reads the copy of the package there and not the installed one.
    return subprocess.run(_LINT, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy_of_the_package(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "segstudio", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept():
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core", "import segstudio.ops", "Imports go down"),
        ("metrics", "import segstudio.formats", "Imports go down"),
        ("session", "import segstudio.ui", "Imports go down"),
        ("session", "def f():\n    import PySide6.QtCore", "Qt only in ui and app"),
        ("models", "def f():\n    import torch", "torch only in models.torch_backend"),
        ("ops", "import shapely.wkt, sqlalchemy", "ops adds only"),
        ("core", "import cv2", "core is the standard library and numpy"),
    ],
)
def test_a_planted_import_is_caught(copy_of_the_package, module, line, contract):
    (copy_of_the_package / "segstudio" / module / "planted.py").write_text(line + "\n")
    result = _lint(copy_of_the_package)
    broken = [row for row in result.stdout.splitlines() if " BROKEN" in row]
    assert len(broken) == 1, result.stdout + result.stderr
    assert broken[0].startswith(contract)


def test_a_new_room_without_a_place_is_caught(copy_of_the_package):
    new = copy_of_the_package / "segstudio" / "attic"
    new.mkdir()
    (new / "__init__.py").write_text('"""Nobody gave this a layer."""\n')
    result = _lint(copy_of_the_package)
    assert result.returncode != 0
    assert "attic" in result.stdout + result.stderr
