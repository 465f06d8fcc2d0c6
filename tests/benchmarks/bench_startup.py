"""From starting the interpreter to the first painted window, against a window with nothing in it."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.table import Row, median_of

_LIMIT_MS = 500

_BARE = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
"""
_BARE_WITH_ARRAYS = "import cv2, numpy\n" + _BARE
_OURS = """
from PySide6.QtWidgets import QApplication
from segstudio.session import Session
from segstudio.ui import MainWindow
app = QApplication([])
window = MainWindow(Session())
"""
# Leaves without tearing down: what happens after the first paint is not what is measured.
_PAINT = """
window.resize(1600, 1000)
window.show()
app.processEvents()
import os
os._exit(0)
"""


def _start(code: str) -> None:
    subprocess.run([sys.executable, "-c", code + _PAINT], check=True)


def bench_first_paint() -> list[Row]:
    bare, bare_p95 = median_of(lambda: _start(_BARE), repeat=9, warmup=2)
    arrays, arrays_p95 = median_of(lambda: _start(_BARE_WITH_ARRAYS), repeat=9, warmup=2)
    ours, ours_p95 = median_of(lambda: _start(_OURS), repeat=9, warmup=2)
    limit = f"< {_LIMIT_MS} ms"
    return [
        Row("a bare PySide6 window", bare, bare_p95),
        Row("a bare window beside numpy and OpenCV", arrays, arrays_p95, "a bare window", arrays / bare),
        Row("the main window", ours, ours_p95, "a bare window", ours / bare, limit, ours < _LIMIT_MS),
    ]
