"""What every test gets: a home of its own, Qt offscreen, and a failure when it leaves something behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = (
    "tests.support.isolation",
    "tests.support.hypothesis_profiles",
    "tests.support.log_guard",
    "tests.support.thread_guard",
    "tests.support.qt_guard",
    "tests.support.run_conditions",
)

_PROJECT = Path(__file__).resolve().parents[1]
_SHARED = _PROJECT.parent / "shared"


def pytest_addoption(parser):
    parser.addoption("--headed", action="store_true", help="show real windows, and run the tests marked xvfb")
    parser.addoption("--network", action="store_true", help="run the tests marked network")


def pytest_configure(config):
    if not config.getoption("--headed"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


def _shared(folder):
    path = _SHARED / folder
    if not path.is_dir():
        pytest.skip(f"no {path.relative_to(_PROJECT.parent)} beside the project")
    return path


@pytest.fixture(scope="session")
def project_root():
    """The checkout: the folder of pyproject.toml."""
    return _PROJECT


@pytest.fixture(scope="session")
def shared_data():
    """Real photographs and datasets that lie beside the project, `../shared/data`; skips where they do not."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_weights():
    """Published weights that lie beside the project, `../shared/weights`; skips where they do not."""
    return _shared("weights")
