"""Where weights lie on this machine: beside their plugin, or in the folder of downloads."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from segstudio.models.card import WeightsEntry


def weights_dir() -> Path:
    """The folder that holds downloaded weights; the variable `SEGSTUDIO_WEIGHTS` moves it."""
    moved = os.environ.get("SEGSTUDIO_WEIGHTS")
    return Path(moved) if moved else Path(platformdirs.user_data_dir("segstudio", appauthor=False)) / "weights"


def weights_path(plugin_folder: Path, entry: WeightsEntry) -> Path:
    """Where the file of a weights entry lies or would lie."""
    if entry.is_bundled:
        return plugin_folder / entry.source
    return weights_dir() / Path(urlsplit(entry.source).path).name


def find_weights(plugin_folder: Path, entry: WeightsEntry) -> Path | None:
    """The file of a weights entry where it is on this machine."""
    path = weights_path(plugin_folder, entry)
    return path if path.is_file() else None
