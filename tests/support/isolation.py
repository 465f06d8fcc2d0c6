"""Keeps tests out of the home of whoever runs them: settings, caches and recent files go to temporary folders."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

_FOLDERS = {
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "APPDATA": "roaming",
    "LOCALAPPDATA": "local",
}
_numbers = itertools.count()


def pytest_configure(config):
    """Gives the whole run, and every process it starts, an empty home folder before any test is collected."""
    home = Path(tempfile.mkdtemp(prefix="segstudio-tests-"))
    before = {name: os.environ.get(name) for name in ("HOME", "USERPROFILE", "XAUTHORITY", *_FOLDERS)}
    # X looks for its key in the home folder unless told: --headed must still find it.
    os.environ.setdefault("XAUTHORITY", str(Path.home() / ".Xauthority"))
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(home)
    for name, folder in _FOLDERS.items():
        os.environ[name] = str(home / folder)

    def leave():
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(home, ignore_errors=True)

    config.add_cleanup(leave)


@pytest.fixture(autouse=True)
def own_home(monkeypatch):
    """Gives each test empty settings and cache folders, so that none sees what another one saved."""
    home = Path(os.environ["HOME"]) / f"test-{next(_numbers)}"
    for name, folder in _FOLDERS.items():
        monkeypatch.setenv(name, str(home / folder))
    return home
