"""Where weights lie on this machine: beside their plugin, or in the folder of downloads."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from segstudio.models.card import WeightsEntry

CONFIG = "config.json"
FOLDER_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Under which names the libraries of the hub save weights, the safe format first."""
PAIR = "segmenter.toml"
"""What describes an encoder and decoder pair of a promptable segmenter that lie beside it."""


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
    there = is_weights_folder(path) or is_pair_folder(path) if entry.folder else path.is_file()
    return path if there else None


def is_weights_folder(path: Path) -> bool:
    """Whether a folder holds weights as libraries save them, described by a `config.json` beside them."""
    return (path / CONFIG).is_file() and any((path / name).is_file() for name in FOLDER_WEIGHTS)


def is_pair_folder(path: Path) -> bool:
    """Whether a folder holds an encoder and a decoder, described by a manifest beside them."""
    return (path / PAIR).is_file()


def weights_in(path: Path) -> tuple[Path, Path | None]:
    """The file of weights that a path means and the configuration beside it, if there is one."""
    if path.is_dir():
        path = next(path / name for name in FOLDER_WEIGHTS if (path / name).is_file())
    config = path.with_name(CONFIG)
    return path, config if path.name in FOLDER_WEIGHTS and config.is_file() else None
