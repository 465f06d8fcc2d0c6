"""Which predictions are the same: the key made of model, weights, settings and pixels, and the cache behind it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from segstudio.core.errors import UserError
from segstudio.models.places import find_weights, weights_in
from segstudio.models.prediction import Prediction
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictRequest, PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.models.weights import sha256_of

_VERSION = 2
"""Counts up when predictions of the same model and weights would come out differently."""


class Results:
    """Finds and keeps the predictions of one registry's models; imports no network code."""

    def __init__(self, registry: ModelRegistry, cache: ResultCache) -> None:
        self._registry = registry
        self.cache = cache
        self._hashes: dict[tuple[str, int, int], str] = {}

    def key(self, request: PredictRequest) -> str:
        """The key of what a request asks for; "" where it is not known without running it (weights that are still to
        be fetched, a model without any).
        """
        try:
            model = self._model(request)
        except (UserError, OSError):
            return ""
        if not model:
            return ""
        digest = hashlib.sha256()  # processors have instructions for it: half the time of others
        digest.update(f"{_VERSION}|{model}|{_deciding(request.settings)!r}|{request.image.shape}".encode())
        digest.update(request.image.data if request.image.flags.c_contiguous else request.image.tobytes())
        return digest.hexdigest()[:48]

    def _model(self, request: PredictRequest) -> str:
        """Everything about model and weights that decides a result, as text; "" where there are no weights yet."""
        entry, card = self._registry.entry(request.model), self._registry.card(request.model)
        path, file = _weights(self._registry, request.model, request.weights)
        if not file.is_file():
            return ""
        newest = max((code.stat().st_mtime_ns for code in entry.plugin.folder.rglob("*.py")), default=0)
        return f"{card!r}|{entry.plugin.version}|{newest}|{self._hash(file)}|{path.name}"

    def _hash(self, file: Path) -> str:
        status = file.stat()
        known = (str(file), status.st_size, status.st_mtime_ns)
        if known not in self._hashes:
            self._hashes[known] = sha256_of(file)
        return self._hashes[known]

    def find(self, key: str) -> Prediction | None:
        """What was predicted under that key before."""
        return self.cache.get(key) if key else None

    def keep(self, key: str, prediction: Prediction) -> None:
        """Keep a result for the next time."""
        if key:
            self.cache.put(key, prediction)


def weights_hash(registry: ModelRegistry, model: str, weights: str | None) -> str:
    """SHA-256 of the weights that a model runs with, in hexadecimal; "" where it has none here, or is not known."""
    try:
        file = _weights(registry, model, weights)[1]
        if not file.is_file():
            return ""
        status = file.stat()
        return _sha256_of(file, status.st_size, status.st_mtime_ns)
    except (UserError, OSError):
        return ""


@lru_cache(maxsize=64)
def _sha256_of(file: Path, size: int, changed_ns: int) -> str:
    """Asked once per predicted image, so that a file is read again only where it has changed."""
    return sha256_of(file)


def _weights(registry: ModelRegistry, model: str, named: str | None) -> tuple[Path, Path]:
    """Where the weights lie, and the file itself where that is a folder; `Path()` twice where there are none."""
    entry, card = registry.entry(model), registry.card(model)
    if named is not None and card.entry(named) is None:
        path = Path(named)
    else:
        known = [e for e in card.weights if named is None or e.name == named]
        path = next((found for e in known if (found := find_weights(entry.plugin.folder, e))), Path())
    return path, weights_in(path)[0] if path.is_dir() and path != Path() else path


def _deciding(settings: PredictSettings) -> PredictSettings:
    """The settings without those that change only how fast it goes."""
    return replace(settings, batch=1, compiled=False, cuda_graphs=False, channels_last=None, threads=0)
