"""What a comparison was made from, so that a reader can check: hashes of the inputs and versions of the programs."""

from __future__ import annotations

import hashlib
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from segstudio.core.errors import EnvironmentFault

_PACKAGES = ("segstudio", "numpy", "opencv-python-headless", "pycocotools", "Pillow")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 of a file; of a folder over the sorted lines "SHA-256  relative/path" of its files, as sha256sum writes
    them.
    """

    path: Path
    files: int
    size_bytes: int
    sha256: str


def fingerprint(path: Path) -> Fingerprint:
    """Hash an input. Raises `EnvironmentFault` where a file cannot be read."""
    try:
        if path.is_file():
            return Fingerprint(path, 1, path.stat().st_size, _of_file(path))
        files = sorted((p.relative_to(path).as_posix(), p) for p in path.rglob("*") if p.is_file())
        with ThreadPoolExecutor() as pool:
            hashes = list(pool.map(_of_file, [found for _, found in files]))
        size = sum(found.stat().st_size for _, found in files)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or path}: cannot be read: {error.strerror}") from None
    whole = hashlib.sha256()
    for digest, (name, _) in zip(hashes, files, strict=True):
        whole.update(f"{digest}  {name}\n".encode())
    return Fingerprint(path, len(files), size, whole.hexdigest())


def versions() -> dict[str, str]:
    """Versions of what computed the numbers, by name."""
    found = {"Python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _of_file(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(partial(stream.read, _CHUNK), b""):
            found.update(chunk)
    return found.hexdigest()
