"""Where the program keeps what is not a person's choice: projects made for data sets, the demo, caches."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def data_directory() -> Path:
    """The data folder: `$SEGSTUDIO_DATA`, else the system's folder for a person's data."""
    moved = os.environ.get("SEGSTUDIO_DATA")
    return Path(moved) if moved else Path(platformdirs.user_data_dir("segstudio", appauthor=False))
