"""Fetching a file of weights: with progress, resumable, checked, and never half there."""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.progress import CancelToken, Progress, no_progress

CHUNK = 1 << 18
TIMEOUT_S = 30.0

T = TypeVar("T")


def download(
    url: str,
    target: Path,
    *,
    sha256: str = "",
    size: int = 0,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Fetch `url` into `target`, going on where an earlier attempt stopped (`target` with ".part" behind it).

    `progress` is called with bytes done and in all. Raises `Cancelled` (what came so far is kept), `UserError` where
    the server cannot be reached, says no or sends other bytes than `sha256` promises, `EnvironmentFault` where they
    cannot be stored.
    """
    if not url.startswith(("http://", "https://")):
        raise UserError(f"{url}: not a web address")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, size=size, target=target, progress=progress, cancel=cancel)
        if sha256:
            _check(part, sha256, url)
        os.replace(part, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: the download cannot be stored: {error.strerror or error}") from error
    return target


def _fetch(url: str, part: Path, *, size: int, target: Path, progress: Progress, cancel: CancelToken | None) -> None:
    have = part.stat().st_size if part.is_file() else 0
    if size and have == size:
        return
    request = urllib.request.Request(url, headers={"User-Agent": "segstudio"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _reach(lambda: urllib.request.urlopen(request, timeout=TIMEOUT_S), url, target) as answer:
        if have and answer.status != 206:
            have = 0
        length = int(answer.headers.get("Content-Length") or 0)
        total = have + length if length else size
        _need_room(part.parent, length, target)
        with part.open("ab" if have else "wb") as file:
            while True:
                if cancel is not None:
                    cancel.raise_if_cancelled()
                chunk = _reach(lambda: answer.read1(CHUNK), url, target)
                if not chunk:
                    break
                file.write(chunk)
                have += len(chunk)
                progress(have, total, target.name)
            file.flush()
            os.fsync(file.fileno())
    if total and have < total:
        raise UserError(f"{url}: the connection ended after {have} of {total} bytes", hint="try again to go on")


def _reach(step: Callable[[], T], url: str, target: Path) -> T:
    """Do one step that needs the network, and say in words what went wrong with it."""
    try:
        return step()
    except urllib.error.HTTPError as error:
        error.close()
        raise UserError(f"{url}: the server says {error.code} {error.reason}", hint=_by_hand(url, target)) from None
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise UserError(f"{url}: cannot be reached: {reason}", hint=_by_hand(url, target)) from None


def _by_hand(url: str, target: Path) -> str:
    return f"without a connection: fetch it elsewhere and put it at {target}"


def _check(part: Path, sha256: str, url: str) -> None:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(sha256.lower()):
        part.unlink()
        raise UserError(f"{url}: other bytes than expected (SHA-256 {digest[:12]}… for {sha256[:12]}…); thrown away")


def _need_room(folder: Path, needed: int, target: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EnvironmentFault(f"{target}: {needed >> 20} MiB to download, {free >> 20} MiB free")
