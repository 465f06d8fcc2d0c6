"""From starting the interpreter to the first painted window, against a window with nothing in it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks.table import Row, median_of

_LIMIT_MS = 500

# Each leaves at the first paint without tearing down, which is not what is measured.
_BARE = """
import os
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1600, 1000)
window.show()
app.processEvents()
os._exit(0)
"""
_BARE_WITH_ARRAYS = "import cv2, numpy\n" + _BARE
_OURS = """
import os
import segstudio.app as composition

make_application = composition.make_application

def make_application_that_leaves():
    app = make_application()
    type(app).exec = lambda *_: (app.processEvents(), os._exit(0))
    return app

composition.make_application = make_application_that_leaves
composition.open_window()
"""


def _start(code: str) -> None:
    # What was compiled once is kept, as it is for every user.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL, check=True)


def bench_first_paint() -> list[Row]:
    bare, bare_p95 = median_of(lambda: _start(_BARE), repeat=9, warmup=2)
    arrays, arrays_p95 = median_of(lambda: _start(_BARE_WITH_ARRAYS), repeat=9, warmup=2)
    ours, ours_p95 = median_of(lambda: _start(_OURS), repeat=9, warmup=2)
    return [
        Row("a bare PySide6 window", bare, bare_p95),
        Row("a bare window beside numpy and OpenCV", arrays, arrays_p95, "a bare window", arrays / bare),
        Row("the main window", ours, ours_p95, "a bare window", ours / bare, f"< {_LIMIT_MS} ms", ours < _LIMIT_MS),
    ]
