"""Painting many scenes at once: child processes that each paint every n-th scene.

Plain child processes rather than `multiprocessing`: that would run the caller's main module again in each child, which
a person's own script or a window cannot be expected to bear.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import segstudio
from segstudio.core.errors import EnvironmentFault
from segstudio.core.progress import CancelToken

_MODULE = "segstudio.workflows.toytown"
_PATIENCE = 0.1


def paint_in_children(part: Path, images: int, seed: int, count: int, cancel: CancelToken) -> Iterator[None]:
    """Yield once for every image painted below `part`; stop the children on failure or cancel.

    Raises `EnvironmentFault` with the last line a child left where one failed, `Cancelled` when asked to stop.
    """
    lines: queue.Queue[str | None] = queue.Queue()
    children = [_start(part, images, seed, first, count) for first in range(count)]
    listeners = [threading.Thread(target=_listen, args=(child, lines), daemon=True) for child in children]
    try:
        for listener in listeners:
            listener.start()
        ended = 0
        while ended < count:
            cancel.raise_if_cancelled()
            try:
                line = lines.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if line is None:
                ended += 1
            else:
                yield
        for child in children:
            if child.wait() != 0:
                raise EnvironmentFault(f"{part.parent}: painting the demo failed: {_last_words(child)}")
    finally:
        for child in children:
            child.kill()
            child.wait()
        for listener in listeners:
            listener.join()
        for child in children:
            for stream in (child.stdout, child.stderr):
                if stream is not None:
                    stream.close()


def _start(part: Path, images: int, seed: int, first: int, step: int) -> subprocess.Popen[str]:
    package_home = str(Path(segstudio.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [package_home, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", _MODULE, str(part), *map(str, (images, seed, first, step))]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )


def _listen(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put(None)


def _last_words(child: subprocess.Popen[str]) -> str:
    assert child.stderr is not None
    words = child.stderr.read().strip().splitlines()
    return words[-1] if words else f"exit code {child.returncode}"
