"""The guards of the harness notice what they are there for, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PLUGINS = ("isolation", "hypothesis_profiles", "log_guard", "thread_guard", "qt_guard")
_CONFTEST = f"""
from tests.support import thread_guard

pytest_plugins = {tuple(f"tests.support.{name}" for name in _PLUGINS)}
thread_guard.GRACE_SECONDS = 0.5
"""

_SAMPLES = """
import concurrent.futures, logging, multiprocessing, threading, time, warnings
from pathlib import Path
import platformdirs, pytest
from hypothesis import given, strategies as st

kept = []

def wait(event):
    event.wait(20)

def test_bad_timer(qtbot):
    from PySide6.QtCore import QTimer
    kept.append(QTimer(interval=60_000))
    kept[-1].start()

def test_stops_it():
    kept.pop().stop()

def test_bad_widget(qtbot):
    from PySide6.QtWidgets import QWidget
    kept.append(QWidget())

def test_good_widget(qtbot):
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QWidget
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.timer = QTimer(widget)
    widget.timer.start(10)
    widget.show()

def test_bad_thread():
    kept.append(threading.Event())
    threading.Thread(target=wait, args=kept[-1:]).start()

def test_ends_it():
    kept.pop().set()

def test_bad_executor():
    kept.append(concurrent.futures.ThreadPoolExecutor(1))
    kept[-1].submit(time.sleep, 0)

def test_shuts_it_down():
    kept.pop().shutdown()

def test_bad_process():
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)
    process.start()
    kept.append(process)

def test_stops_the_process():
    kept[-1].terminate()
    kept.pop().join()

def test_good_thread():
    threading.Thread(target=time.sleep, args=(0.05,)).start()

def test_bad_log():
    logging.getLogger("segstudio.anything").warning("unexpected")

def test_good_log(caplog):
    logging.getLogger("segstudio.anything").warning("expected")
    assert caplog.messages == ["expected"]

@pytest.mark.allow_log
def test_good_noise():
    logging.getLogger("segstudio.anything").warning("whatever")

def test_bad_warning():
    warnings.warn("old", DeprecationWarning)

def test_bad_qt_warning(qtbot):
    from PySide6.QtCore import qWarning
    qWarning("from Qt")

def test_first_writes_a_setting():
    folder = platformdirs.user_config_path("segstudio", ensure_exists=True)
    (folder / "settings.toml").write_text("")

def test_second_does_not_see_it(own_home):
    assert list(platformdirs.user_config_path("segstudio", ensure_exists=True).iterdir()) == []
    assert own_home in platformdirs.user_cache_path("segstudio").parents

@given(st.integers())
def test_good_property(number):
    assert number == number
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, project_root):
    """Name → set of outcomes (passed, failed, error) of the samples, run by a pytest of their own."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "test_samples.py").write_text(_SAMPLES)
    options = [
        "-c",
        project_root / "pyproject.toml",
        "--rootdir",
        project_root,
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "-rA",
        "-q",
    ]
    command = [sys.executable, "-m", "pytest", *map(str, options), str(folder)]
    result = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=False)
    summary = result.stdout.partition("short test summary info")[2]
    found = {}
    for line in summary.splitlines():
        outcome, _, rest = line.partition(" ")
        if "::" in rest:
            found.setdefault(rest.partition("::")[2].split()[0], set()).add(outcome.lower())
    assert found, result.stdout + result.stderr
    return found


@pytest.mark.parametrize("what", ["timer", "widget", "thread", "executor", "process", "log", "warning", "qt_warning"])
def test_what_a_test_leaves_or_lets_out_fails_it(outcomes, what):
    assert outcomes[f"test_bad_{what}"] & {"failed", "error"}


def test_everything_else_passes(outcomes):
    good = {name: seen for name, seen in outcomes.items() if not name.startswith("test_bad_")}
    assert {name for name, seen in good.items() if seen != {"passed"}} == set()
    assert len(good) >= 10
