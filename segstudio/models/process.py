"""One run of the model process, as its parent holds it: pipes, shared memory, and what it said before it died."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import EnvironmentFault
from segstudio.models.arena import Arena
from segstudio.models.channel import Channel

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_WORKER = "segstudio.models.worker_main"


class ModelProcess:
    """A started child. It imports neither Qt nor the program's own main module.

    `backend` is a word for the module that it runs, `worker`.
    """

    def __init__(self, backend: str, folders: Sequence[Path], *, worker: str = _WORKER) -> None:
        self.arena = Arena.create()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            # -P: the folder in which the program was started must not be able to lend it code.
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", worker],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={**os.environ, "PYTHONPATH": path},
                pass_fds=self.arena.descriptors if sys.platform != "win32" else (),
            )
        except OSError as error:
            self.arena.close()
            self._said.close()
            raise EnvironmentFault(f"the model process cannot be started: {error.strerror or error}") from error
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self.channel = Channel(self._child.stdout, self._child.stdin)
        self.channel.send("hello", backend, [str(folder) for folder in folders], self.arena.handle)

    @property
    def pid(self) -> int:
        return self._child.pid

    def put_image(self, image: NDArray[np.uint8], size: int) -> None:
        """Copy an image into the shared memory, which is grown to `size` bytes first."""
        self.arena.reserve(size)
        self.arena.array(image.shape, "u1")[...] = image

    def kill(self) -> None:
        """End it at once."""
        self._child.kill()

    def close(self) -> None:
        """Wait for the end of a process that was killed or whose pipe was closed, and let go of everything."""
        self.channel.close()
        try:
            self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._said.close()
        self.arena.close()

    def last_words(self) -> str:
        """How it ended and the last line that it wrote to stderr, for a message."""
        code = self._child.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._said.seek(0)
        lines = self._said.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        return f"{how}: {lines[-1]}" if lines else how


def as_message(request: Any) -> dict[str, Any]:
    """A request without its image, which travels through the shared memory."""
    return {
        "model": request.model,
        "weights": request.weights,
        "settings": request.settings,
        "key": request.key,
    }
