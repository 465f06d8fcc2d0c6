"""AI points on a real canvas: from a click to the repaint with the mask, and what the event loop feels meanwhile.

*Held* is the longest time that the GUI thread computed between two turns of the event loop, in its own processor time,
which a busy machine does not change.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtWidgets import QApplication

from segstudio.core.geometry import Rect
from segstudio.models.interactive.tasks import EverythingSettings
from segstudio.session import Session
from segstudio.session.assist.prompt_ahead import encode_ahead
from segstudio.session.assist.prompt_runs import find_everything
from segstudio.session.assist.prompting import Prompting
from segstudio.ui.canvas.canvas import Canvas
from segstudio.ui.shell.job_bridge import GuiHop
from tests.benchmarks.table import Row
from tests.ui.canvas_stage import CAR, CLASSES, Hand, make_document, show

SIZE_HW = (1024, 2048)
LARGE_HW = (8192, 8192)


class Window:
    """A canvas with AI points in hand, on a picture of a size."""

    def __init__(self, segmenter: str, folder: str, size_hw: tuple[int, int]) -> None:
        self.app = QApplication.instance() or QApplication([])
        self.session = Session(data_dir=Path(folder), person="bench")
        self.canvas = Canvas(self.session)
        self.hop = GuiHop(self.canvas)
        self.session.jobs.bind(self.hop)
        self.session.classes.replace(CLASSES)
        self.session.view.set(active_class=2, mode="objects", tool="ai")
        self.canvas.resize(1280, 720)
        self.canvas.show()
        document = make_document(self.session, size_hw)
        if size_hw == LARGE_HW and document.truth is not None:
            document.truth.raster.writable(Rect(3500, 3500, 4500, 4500))[...] = CAR
        show(self.session, document)
        self.hand = Hand(self.canvas)
        self.prompting = self.session.prompting
        self.prompting.choose(segmenter)
        self.held_ms: list[float] = []

    @property
    def proposal(self) -> object:
        return self.canvas.tool.proposal  # type: ignore[attr-defined]

    def spin(self, until: Callable[[], object], limit_s: float) -> float:
        """Turn the event loop until something is so; milliseconds that it took."""
        started = time.perf_counter()
        while not until() and time.perf_counter() - started < limit_s:
            before = time.thread_time()
            self.app.processEvents()
            self.held_ms.append((time.thread_time() - before) * 1000)
            time.sleep(0.0005)
        return (time.perf_counter() - started) * 1000

    def embed(self) -> float:
        """Have the picture embedded; milliseconds, with the start of the process and the opening of the segmenter."""
        self.prompting.prepare()
        return self.spin(lambda: self.prompting.state == "ready" or self.prompting.problem, 300)

    def click(self, x: float, y: float) -> float:
        """Milliseconds from the press to the painted mask."""
        started = time.perf_counter()
        before = time.thread_time()
        self.hand.click(x, y)
        self.held_ms.append((time.thread_time() - before) * 1000)
        self.spin(lambda: self.proposal is not None, 30)
        self.canvas.repaint()
        return (time.perf_counter() - started) * 1000

    def processor_ms(self) -> float:
        """Milliseconds that this process and the segmenter's have computed."""
        own, pid = time.process_time() * 1000, self.prompting.host.pid  # type: ignore[attr-defined]
        if pid is None or not Path("/proc").exists():
            return own
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return own + (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.session.close()
        self.hop.close()
        self.canvas.close()


def _row(what: str, times: list[float], limit_ms: float | None = None) -> Row:
    ranked = sorted(times)
    p95 = ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]
    limit = "" if limit_ms is None else f"≤ {limit_ms:g} ms"
    return Row(what, ranked[len(ranked) // 2], p95, limit=limit, ok=None if limit_ms is None else p95 <= limit_ms)


def _held(what: str, window: Window, limit_ms: float = 50) -> Row:
    longest = max(window.held_ms)
    limit = f"≤ {limit_ms:g} ms"
    return Row(what, float(np.median(window.held_ms)), longest, limit=limit, ok=longest <= limit_ms)


def bench_warm_clicks() -> list[Row]:
    """Clicks after the embedding, and the pointer's moves."""
    rows = []
    for name in ("oracle", "random-weights"):
        with tempfile.TemporaryDirectory() as folder:
            window = Window(name, folder, SIZE_HW)
            window.embed()
            window.held_ms.clear()
            times = []
            for _ in range(33):
                times.append(window.click(900, 700))
                window.canvas.tool.cancel()  # type: ignore[attr-defined]
            rows.append(_row(f"click to painted mask, {name}, 2048×1024", times[3:], 60))
            rows.append(_held(f"event loop held meanwhile, {name}", window))
            moves = []
            for number in range(200):
                before = time.thread_time()
                window.hand.hover(300 + 5 * number, 500)
                moves.append((time.thread_time() - before) * 1000)
            rows.append(_row(f"move of the pointer, {name}", moves, 8))
            window.close()
    return rows


def bench_cold_clicks() -> list[Row]:
    """A click when nothing runs yet: the process starts, the segmenter opens, the picture is embedded."""
    rows = []
    for name in ("oracle", "random-weights"):
        with tempfile.TemporaryDirectory() as folder:
            window = Window(name, folder, SIZE_HW)
            rows.append(_row(f"cold click to painted mask, {name}", [window.click(900, 700)]))
            rows.append(_held(f"event loop held by a cold click, {name}", window))
            window.close()
    return rows


def bench_large_picture() -> list[Row]:
    """A picture of 8192² is embedded, and then the part in view; clicks on a small thing, and masks that fill it."""
    rows = []
    for name in ("random-weights", "oracle"):
        with tempfile.TemporaryDirectory() as folder:
            window = Window(name, folder, LARGE_HW)
            rows.append(_row(f"embedding of 8192², with the start of the process, {name}", [window.embed()]))
            if name == "oracle":
                rows += _clicks_in_large(window, "on a thing of 1000² in 8192², all of it in view, oracle", 60)
            for _ in range(14):
                window.hand.wheel(4000, 4000)
            started = time.perf_counter()
            window.hand.hover(4001, 4001)
            window.spin(lambda window=window: window.prompting.finer > 1, 60)
            rows.append(_row(f"embedding of the part in view, {name}", [(time.perf_counter() - started) * 1000]))
            if name == "oracle":
                rows += _clicks_in_large(window, "on a thing of 1000² in 8192², looked at closely, oracle", 60)
            else:  # its masks fill the picture and are noise at every place: the worst that there is
                rows += _clicks_in_large(window, "with a mask of all of 8192², random weights", None)
            rows.append(_held(f"event loop held in 8192², {name}", window))
            window.close()
    return rows


def _clicks_in_large(window: Window, what: str, limit_ms: float | None) -> list[Row]:
    """Clicks at one place, by the clock and in the processor time of this process and the segmenter's."""
    times, worked = [], []
    for _ in range(20):
        before = window.processor_ms()
        times.append(window.click(4000, 4000))
        worked.append(window.processor_ms() - before)
        window.canvas.tool.cancel()  # type: ignore[attr-defined]
    mean = float(np.mean(worked[3:]))
    limit = "" if limit_ms is None else f"≤ {limit_ms:g} ms"
    ok = None if limit_ms is None else mean <= limit_ms
    return [
        _row(f"click {what}", times[3:], limit_ms),
        Row(
            f"processor time of it, both processes, mean of {len(worked) - 3}",
            mean,
            max(worked[3:]),
            "",
            None,
            limit,
            ok,
        ),
    ]


def bench_gaps_in_the_window() -> list[Row]:
    """The beat of the main window while pictures are embedded and everything is found.

    What random weights find is noise all over the picture, of which every candidate is kept: objects at their worst.
    """
    from tests.benchmarks.event_gaps import is_at_rest, open_window, watched

    rows = []
    for name in ("oracle", "random-weights"):
        for size_hw in (SIZE_HW, (4096, 4096)):
            with open_window(size_hw, images=3) as window:
                session, prompting = window.session, window.session.prompting
                session.view.set(mode="objects", tool="ai", active_class=3)
                size = f"{name}, {size_hw[1]}×{size_hw[0]}"

                def ready(prompting: Prompting = prompting) -> bool:
                    return prompting.state == "ready"

                def over(window: Any = window) -> bool:
                    return is_at_rest(window)

                prompting.choose(name)
                rows.append(watched(prompting.prepare, ready).row(f"first embedding, {size}"))
                settings = EverythingSettings(min_score=0.0, max_area=1.0)
                every = watched(partial(find_everything, session, settings), over, seconds=300)
                rows.append(every.row(f"everything, {size}"))
                if name != "oracle":
                    rows.append(watched(partial(encode_ahead, session), over, seconds=120).row(f"embed all, {size}"))
    return rows


def bench_everything() -> list[Row]:
    """A grid of 16² points, to the layer."""
    with tempfile.TemporaryDirectory() as folder:
        window = Window("oracle", folder, SIZE_HW)
        window.embed()
        window.held_ms.clear()
        find_everything(window.session)
        document = window.session.document
        took = window.spin(lambda: document is not None and document.predictions, 120)
        rows = [_row("everything, 256 points, oracle, 2048×1024", [took])]
        rows.append(_held("event loop held by everything", window))
        window.close()
    return rows
