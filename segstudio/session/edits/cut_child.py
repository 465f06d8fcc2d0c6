"""A box cut out in a process that can be killed at any time; started early, it is ready when the box is drawn."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import Cancelled, EnvironmentFault
from segstudio.core.geometry import EMPTY, Rect

Mask = NDArray[np.bool_]

_CHILD = "segstudio.ops.cut_out_child"
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class CutChild:
    """One process for one box. `cut` may be called once, from any thread; `kill` from any other, meanwhile."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._lock = threading.Lock()
        self._killed = self._asked = False
        try:
            # -P: the folder in which the program was started must not be able to lend it code.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
            )
        except OSError as error:
            raise EnvironmentFault(f"no process can be started: {error.strerror or error}") from error

    def cut(
        self,
        image_hwc: NDArray[np.uint8],
        box: Rect,
        *,
        foreground_hw: NDArray[Any] | None = None,
        background_hw: NDArray[Any] | None = None,
    ) -> tuple[Rect, Mask]:
        """As `ops.grabcut.cut_out`. Raises `Cancelled` where it is killed, `EnvironmentFault` where it dies."""
        from segstudio.ops.grabcut import surroundings

        with self._lock:
            if self._killed:
                raise Cancelled
            self._asked = True
        bounds = Rect.of_size(*image_hwc.shape[:2])
        crop = surroundings(box, bounds)
        if crop.is_empty:
            self._end()
            return EMPTY, np.zeros((0, 0), np.bool_)
        local = box.moved(-crop.x0, -crop.y0)
        arrays: dict[str, Any] = {"image_hwc": np.ascontiguousarray(image_hwc[crop.slices])}
        arrays["box"] = np.array((local.x0, local.y0, local.x1, local.y1))
        for name, marks_hw in (("foreground_hw", foreground_hw), ("background_hw", background_hw)):
            if marks_hw is not None:
                arrays[name] = marks_hw
        request = io.BytesIO()
        np.savez(request, **arrays)
        try:
            answer, _ = self._process.communicate(request.getvalue())
        except (OSError, ValueError):
            answer = b""
        finally:
            self._end()
        if self._killed:
            raise Cancelled
        if self._process.returncode != 0 or not answer:
            raise EnvironmentFault("the process that cuts out a box has died", hint="try a smaller box")
        with np.load(io.BytesIO(answer), allow_pickle=False) as reply:
            rect = Rect(*(int(value) for value in reply["rect"]))
            mask_hw = reply["mask_hw"]
        return (rect if rect.is_empty else rect.moved(crop.x0, crop.y0)), mask_hw

    def kill(self) -> None:
        """End it now, and for good; nothing happens where it has ended."""
        with self._lock:
            self._killed = True
            asked = self._asked
        if asked:
            # Who waits for the answer lets go of it.
            self._process.kill()
        else:
            self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
