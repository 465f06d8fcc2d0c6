"""What a fresh interpreter loads: Qt and torch come in only where they are needed, and late."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from segstudio.core.plugin_code import PREFIX
from tests.architecture.source_tree import ROOT

_HEAVY = ("torch", "torchvision", "shapely", "sqlalchemy", "pyqtgraph", "scipy", "matplotlib")


def loaded_after(code):
    """Names of the top-level packages that a fresh interpreter has loaded after running this code."""
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "room",
    [
        "core",
        "ops",
        "formats",
        "metrics",
        "models",
        "render",
        "settings",
        "store",
        "workflows",
        "session",
        "plugins",
        "cli",
    ],
)
def test_a_room_below_the_window_loads_neither_qt_nor_torch(room):
    loaded = loaded_after(f"import segstudio.{room}")
    assert not loaded & {"PySide6", "shiboken6", "torch", "torchvision"}


def test_the_session_class_loads_neither_qt_nor_torch():
    """The room's `__init__` is lazy; the class behind it has to keep the promise too."""
    assert not loaded_after("from segstudio.session import Session") & {"PySide6", "torch", "torchvision"}


def test_listing_models_loads_no_torch():
    assert not loaded_after("from segstudio.models import list_models\nassert list_models()") & {"torch", "torchvision"}


def test_answering_from_the_command_line_loads_neither_qt_nor_torch():
    code = """
import sys
import segstudio.app
sys.argv = ["segstudio", "--version"]
try:
    segstudio.app.main()
except SystemExit as end:
    assert not end.code
"""
    assert not loaded_after(code) & {"PySide6", *_HEAVY}


def test_the_main_window_comes_up_without_the_heavy_packages_and_without_plugins():
    code = """
import os
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtWidgets import QApplication
from segstudio.session import Session
from segstudio.ui import MainWindow
app = QApplication([])
window = MainWindow(Session())
window.show()
app.processEvents()
assert window.isVisible()
"""
    loaded = loaded_after(code)
    assert "PySide6" in loaded
    assert not loaded & set(_HEAVY)
    assert [name for name in loaded if name.startswith(PREFIX)] == []
