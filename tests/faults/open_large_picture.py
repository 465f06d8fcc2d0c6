"""A process of its own that opens one picture in a canvas, labels it, takes it back, and says how much memory it took.

    python -m tests.faults.open_large_picture PICTURE DATA_DIR

Prints one JSON object: `peak_mb` (the most that was resident at any time), `size_hw`, `painted` pixels.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

PAINTED = 2000
"""Side of the square that is labelled, in pixels."""


def main(picture: Path, data_dir: Path) -> dict[str, object]:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["SEGSTUDIO_CONFIG"] = str(data_dir / "config")
    import numpy as np
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from segstudio.app import make_application
    from segstudio.core.geometry import Rect
    from segstudio.session import Session
    from segstudio.ui import MainWindow

    app = make_application()
    session = Session(data_dir=data_dir, person="tester")
    window = MainWindow(session)
    window.resize(1600, 1000)
    window.show()
    faults: list[str] = []
    session.notify.told.connect(lambda notice: faults.append(notice.text) if notice.level != "info" else None)
    session.open_path(picture)
    while session.document is None or not session.document.pyramid.is_complete:
        if faults:
            raise SystemExit("; ".join(faults))
        QTest.qWait(20)
    canvas, document = window.canvas, session.document
    height, width = document.size_hw
    for scale in (canvas.viewport_now.scale, 0.3, 1.0, 6.0):
        canvas.scale_to(scale)
        canvas.repaint()
    canvas.fit()
    middle = canvas.to_widget(width / 2, height / 2).toPoint()
    session.view.set(tool="brush", brush_radius=300.0)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
    with document.begin("fill a square") as stroke:
        square = Rect(width // 4, height // 4, width // 4 + PAINTED, height // 4 + PAINTED)
        segment = stroke.segment_for_class(session.classes.current.classes[0].id)
        stroke.write(square, np.full((PAINTED, PAINTED), segment, np.uint16))
    QTest.qWait(300)
    painted = height * width - document.census.unlabelled
    session.undo()
    session.redo()
    QApplication.processEvents()
    window.close()
    app.processEvents()
    return {"peak_mb": _peak_mb(), "size_hw": [height, width], "painted": painted}


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6  # the kernel counts in KiB
    raise SystemExit("no VmHWM")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
