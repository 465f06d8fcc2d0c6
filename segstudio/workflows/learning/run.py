"""Learn from what is labelled so far: a round in a process of its own, its events, its predictions for the project."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from segstudio.core.errors import Cancelled, EnvironmentFault, UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.registry import default_registry
from segstudio.workflows.learning.request import LearnRequest
from segstudio.workflows.learning.versions import Version, Versions

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_WORKER = "segstudio.workflows.learning.worker"


class LearnProcess:
    """A round under way. Iterate over it for its events; the other methods may be called from any thread."""

    def __init__(self, request: LearnRequest) -> None:
        if not request.folders:
            request = replace(request, folders=tuple(str(folder) for folder in default_registry().folders))
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        threads = str(request.thread_count)
        try:
            # -P: the folder in which the program was started must not be able to lend it code.
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
            )
        except OSError as error:
            self._said.close()
            raise EnvironmentFault(f"learning cannot be started: {error.strerror or error}") from error
        self._say(json.dumps(request.to_json()))

    @property
    def pid(self) -> int:
        return self._child.pid

    def pause(self) -> None:
        """Stand still after the step that is being made; memory stays in use, the processor does not."""
        self._say("pause")

    def go_on(self) -> None:
        self._say("go")

    def cancel(self) -> None:
        """Stop after the step that is being made; the last whole epoch can be gone on from."""
        self._say("cancel")

    def kill(self) -> None:
        """End it at once; the last whole epoch can be gone on from."""
        self._child.kill()

    def events(self) -> Iterator[dict[str, Any]]:
        """Every event until the process ends; where it died without a word, the last is `failed` and says how."""
        assert self._child.stdout is not None
        ended = False
        for line in self._child.stdout:
            event: dict[str, Any] = json.loads(line)
            ended = event["event"] in ("done", "failed", "cancelled")
            yield event
        self._child.wait()
        if not ended:
            hint = "start again with resume: the last whole epoch is kept"
            yield {"event": "failed", "message": f"learning ended before it was done: {self._how()}", "hint": hint}

    def close(self) -> None:
        """End the process where it has not ended, and let go of everything."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        self._said.close()

    def _say(self, line: str) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended: its events say so
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()

    def _how(self) -> str:
        code = self._child.returncode
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._said.seek(0)
        lines = self._said.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        return f"{how}: {lines[-1]}" if lines else how


def learn(
    request: LearnRequest, *, progress: Progress = no_progress, cancel: CancelToken | None = None
) -> dict[str, Any]:
    """Run a round to its end and take its predictions into the project; returns the report.

    Raises `UserError` where there is nothing to learn from or the project cannot be written, `EnvironmentFault` where
    the process died; a round that was stopped goes on with `request.resume`.
    """
    from segstudio.store import Project
    from segstudio.store.place import full_address, place_of

    with Project.open(place_of(request.project)) as project:
        if project.read_only:
            reason = f": {project.notes[0]}" if project.notes else ""
            raise UserError(f"{project.path}: cannot learn in a project that opens read-only{reason}")
        versions = Versions.of(project.path)
        process = LearnProcess(replace(request, project=full_address(project.path)))
        try:
            return _followed(process, project, versions, request, progress, cancel or CancelToken())
        finally:
            process.close()


def _followed(
    process: LearnProcess,
    project: Any,
    versions: Versions,
    request: LearnRequest,
    progress: Progress,
    cancel: CancelToken,
) -> dict[str, Any]:
    from segstudio.workflows.learning.predict import (
        keep_prediction,  # the window starts rounds without following them here
    )

    skipped: list[dict[str, str]] = []
    version: Version | None = None
    for event in process.events():
        if cancel.cancelled:
            process.cancel()
        kind = event["event"]
        progress(*_shown(event, request))
        if kind == "accepted":
            version = next(one for one in versions.all() if one.name == event["version"])
        elif kind == "predicted" and version is not None:
            keep_prediction(project, version, event)
        elif kind == "skipped":
            skipped.append({"name": str(event["key"]), "error": str(event["reason"])})
        elif kind == "failed":
            raised = EnvironmentFault if "ended before" in event["message"] else UserError
            raise raised(event["message"], hint=event.get("hint", ""))
        elif kind == "cancelled":
            raise Cancelled
        elif kind == "done":
            return {key: value for key, value in event.items() if key != "event"} | {"failed": skipped}
    raise AssertionError("a round ends with an event that says how")


def _shown(event: Mapping[str, Any], request: LearnRequest) -> tuple[int, int, str]:
    """Done, total and text of a progress bar."""
    if event["event"] == "epoch":
        total = request.epochs or round(60 * request.minutes)
        done = int(event["epoch"] if request.epochs else event["seconds"])
        return min(done, total), total, f"mIoU {100 * event['miou']:.1f}"
    if event["event"] == "predicted":
        return int(event["done"]), int(event["total"]), "predicting"
    return 0, 0, "learning"
