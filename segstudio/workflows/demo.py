"""The demo: Toytown painted where nothing needs to be downloaded."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.settings import data_directory
from segstudio.workflows.toytown import generate


def demo_dir(data_dir: Path | None = None) -> Path:
    """Where the demo lies unless somebody says otherwise; `data_dir` None is the program's own data folder."""
    return (data_directory() if data_dir is None else data_dir) / "demo" / "toytown"


def make_demo(
    directory: str | Path | None = None, *, progress: Progress = no_progress, cancel: CancelToken | None = None
) -> Path:
    """Paint Toytown into `directory` where it is not there yet; returns the data set's folder.

    Raises `UserError` where the folder holds something else, `EnvironmentFault` where it cannot be written.
    """
    target = demo_dir() if directory is None else Path(directory)
    return generate(target, progress=progress, cancel=cancel)
