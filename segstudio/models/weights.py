"""Which file of weights a model takes: one given by path, one of its card's entries, or the first that can be had."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.card import ModelCard, WeightsEntry
from segstudio.models.download import download
from segstudio.models.places import find_weights, is_weights_folder, weights_path


@dataclass(frozen=True, slots=True)
class ChosenWeights:
    """A file of weights and, where it is a known one, the card's entry for it."""

    path: Path
    entry: WeightsEntry | None


def choose_weights(
    card: ModelCard,
    plugin_folder: Path,
    weights: str | None,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ChosenWeights | None:
    """The weights that `weights` (a path, the name of an entry, or None) means for this model.

    None means the first entry that is on this machine, else the first that can be downloaded, which happens here. A
    file is recognised as an entry by its content. Returns None for a model that runs without weights; raises
    `UserError` where nothing can be had.
    """
    if weights is not None:
        entry = card.entry(weights)
        if entry is None:
            return _given_file(card, Path(weights))
        return ChosenWeights(obtain(entry, plugin_folder, progress, cancel), entry)
    for entry in card.weights:
        path = find_weights(plugin_folder, entry)
        if path is not None:
            return ChosenWeights(path, entry)
    for entry in card.weights:
        if not entry.is_bundled:
            return ChosenWeights(obtain(entry, plugin_folder, progress, cancel), entry)
    if card.runs_without_weights:
        return None
    raise UserError(f"{card.name} needs weights, and none are published", hint="give a file with --weights")


def identify(card: ModelCard, path: Path) -> WeightsEntry | None:
    """The card's entry whose content the file has, by size and SHA-256, or whose name the folder has."""
    if path.is_dir():
        return next((entry for entry in card.weights if entry.folder and Path(entry.source).name == path.name), None)
    size = path.stat().st_size
    candidates = [entry for entry in card.weights if entry.sha256 and entry.size in (0, size)]
    if not candidates:
        return None
    digest = sha256_of(path)
    return next((entry for entry in candidates if digest.startswith(entry.sha256)), None)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _given_file(card: ModelCard, path: Path) -> ChosenWeights:
    if not path.is_file() and not is_weights_folder(path):
        known = ", ".join(entry.name for entry in card.weights)
        hint = f"weights known for {card.name}: {known}" if known else f"no weights are known for {card.name}"
        raise UserError(f"{path}: there is no such weights file", hint=hint)
    return ChosenWeights(path, identify(card, path))


def obtain(entry: WeightsEntry, plugin_folder: Path, progress: Progress, cancel: CancelToken | None) -> Path:
    """The file of known weights, downloaded where it is not on this machine yet.

    Raises `UserError` where it cannot be had, naming the place to which a person may bring it, `Cancelled` in between.
    """
    path = weights_path(plugin_folder, entry)
    if find_weights(plugin_folder, entry) is not None:
        return path
    if entry.folder:
        raise UserError(
            f"{path}: the weights {entry.name!r} are not there",
            hint=f"take config.json and model.safetensors from {entry.source} and put them there",
        )
    if entry.is_bundled:
        raise UserError(f"{path}: the weights {entry.name!r} should ship with the program and are not there")
    return download(entry.source, path, sha256=entry.sha256, size=entry.size, progress=progress, cancel=cancel)
