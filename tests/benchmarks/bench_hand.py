"""What each tool makes the hand wait for on an 8192² picture with live IoU: from the event to painted pixels, worker
included, in a canvas of 1600×1000.
"""

from __future__ import annotations

from functools import partial
from itertools import count

import cv2
import numpy as np

from segstudio.core.geometry import Rect
from tests.benchmarks.bench_canvas import SIDE, _canvas, _painted, _send
from tests.benchmarks.table import Row, median_of


def _held(what, fn, limit_ms, *, repeat=30, warmup=3) -> Row:
    """A row that holds the median against a promise in milliseconds."""
    median, p95 = median_of(fn, repeat=repeat, warmup=warmup)
    return Row(what, median, p95, limit=f"<= {limit_ms} ms", ok=median <= limit_ms)


def _picture() -> np.ndarray:
    """Broad fields of colour with soft borders and some grain: what a wand and scissors find something in."""
    chance = np.random.default_rng(7)
    coarse = chance.integers(0, 256, (SIDE // 256, SIDE // 256, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(cv2.resize(coarse, (1024, 1024), interpolation=cv2.INTER_NEAREST), (0, 0), 2)
    picture = cv2.resize(smooth, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    grain = chance.integers(0, 10, (SIDE // 16, SIDE // 16, 3), dtype=np.uint8)
    return cv2.add(picture, np.tile(grain, (16, 16, 1)))


def bench_fill() -> list[Row]:
    """A click into a piece of two million pixels, in the labels of a picture of 2 and of 67 million."""
    from PySide6.QtCore import QEvent

    with _canvas() as canvas:
        session, document = canvas.session, canvas.document
        piece = Rect(2048, 2048, 4096, 3072)
        with document.begin("piece") as stroke:
            stroke.paint(piece, 5)
        session.view.set(tool="fill")
        canvas.scale_to(0.2)
        _painted()
        classes = count(1)

        def click() -> None:
            session.view.set(active_class=next(classes) % 19)
            _send(canvas, QEvent.Type.MouseButtonPress, 3000, 2500)
            _send(canvas, QEvent.Type.MouseButtonRelease, 3000, 2500, held=False)

        return [
            _held("fill: click to labels and IoU, 2 Mpx of 8192²", click, 20),
            _held("fill: undo of it", lambda: (session.undo(), session.redo())[0], 40),
        ]


def bench_previews() -> list[Row]:
    """One move of the hand with each tool that shows what it would take."""
    rows = []
    with _canvas(picture=_picture()) as canvas:
        for scale in (0.13, 1.0):
            canvas.scale_to(scale)
            _painted()
            rows += _previews(canvas, scale)
        canvas.session.view.set(tool="fill")
        rows.append(_held("fill: hover over a new piece, 1×", _mover(canvas, 1.0, held=False), 30))
    return rows


def _mover(canvas, scale, *, held):
    """A function that moves the mouse by a few pixels of the screen, to the painted picture."""
    from PySide6.QtCore import QEvent

    steps = count()

    def move() -> None:
        at = next(steps)
        x, y = SIDE / 2 + at % 40 * 4 / scale, SIDE / 2 + 60 * np.sin(at / 5)
        _send(canvas, QEvent.Type.MouseMove, x, y, held=held)
        _painted()

    return move


def _previews(canvas, scale) -> list[Row]:
    from PySide6.QtCore import QEvent

    from segstudio.ops.superpixels import MIN_CELL, superpixels
    from segstudio.ui.canvas.tools.sample import sample_of
    from segstudio.ui.canvas.tools.superpixel import _CELL, _MAX_PIXELS

    session, middle, rows = canvas.session, SIDE / 2, []
    drag, hover = _mover(canvas, scale, held=True), _mover(canvas, scale, held=False)

    def choose(tool: str, *, click: bool = False) -> None:
        session.view.set(tool=tool)
        _painted()
        if click:
            _send(canvas, QEvent.Type.MouseButtonPress, middle, middle)
            _send(canvas, QEvent.Type.MouseButtonRelease, middle, middle, held=False)

    session.view.set(brush_radius=20 / scale)
    for tool, what, limit in (("wand", "wand: one step of a drag", 30), ("smart_brush", "smart brush: a move", 8)):
        choose(tool)
        _send(canvas, QEvent.Type.MouseButtonPress, middle, middle)
        rows.append(_held(f"{what}, {scale:g}×", drag, limit))
        _send(canvas, QEvent.Type.MouseButtonRelease, middle, middle, held=False)
        session.undo()
    choose("scissors", click=True)
    rows.append(_held(f"scissors: one step of the line, {scale:g}×", hover, 16))
    choose("superpixel")
    sample = sample_of(canvas.tools[0].context, _MAX_PIXELS)
    side = max(MIN_CELL, round(_CELL / scale / sample.step))
    divide = partial(superpixels, sample.image_hwc, cell=side)
    rows.append(_held(f"superpixels of the visible part, in a worker, {scale:g}×", divide, 150, repeat=10))
    hover()
    rows.append(_held(f"superpixels: hover, {scale:g}×", hover, 8))
    return rows


def bench_long_stroke() -> list[Row]:
    """Undo of a stroke across the whole picture, and a brush of radius 200 with live IoU."""
    from PySide6.QtCore import QEvent

    with _canvas() as canvas:
        session = canvas.session
        session.view.set(tool="brush", brush_radius=50.0)
        canvas.scale_to(0.13)
        _send(canvas, QEvent.Type.MouseButtonPress, 200, 200)
        for at in range(200, SIDE - 200, 100):
            _send(canvas, QEvent.Type.MouseMove, at, 200 + (at * 3) % (SIDE - 400))
        _send(canvas, QEvent.Type.MouseButtonRelease, SIDE - 200, 400, held=False)
        _painted()
        first, second = median_of(lambda: (session.undo(), session.redo()), repeat=9)
        edit = canvas.document.history.next_undo()
        pixels = f"{edit.pixels / 1e6:.1f} Mpx in {len(edit.patches)} tiles"
        rows = [Row(f"undo and redo of a zigzag over 8192², {pixels}", first, second)]
        session.undo()
        session.view.set(brush_radius=20.0)
        _send(canvas, QEvent.Type.MouseButtonPress, 2000, 2000)
        for at in range(2000, 6000, 40):
            _send(canvas, QEvent.Type.MouseMove, at, 2000 + 900 * np.sin(at / 300))
        _send(canvas, QEvent.Type.MouseButtonRelease, 6000, 2000, held=False)
        _painted()
        edit = canvas.document.history.next_undo()
        median, p95 = median_of(lambda: (session.undo(), session.redo()), repeat=15)
        what = f"undo of a long stroke ({edit.pixels / 1e6:.1f} Mpx in {len(edit.patches)} tiles)"
        rows.append(Row(what, median / 2, p95 / 2, limit="<= 20 ms", ok=median / 2 <= 20))
    return rows
