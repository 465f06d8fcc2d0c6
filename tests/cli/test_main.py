"""Dispatch: verbs, the window, versions, help, and how failures end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from segstudio import __version__
from segstudio.cli.main import VERBS
from segstudio.core.errors import EnvironmentFault


def test_version(segstudio):
    outcome = segstudio("--version")
    assert (outcome.code, outcome.out) == (0, f"segstudio {__version__}\n")


@pytest.mark.parametrize("verb", [*VERBS, None])
def test_help(segstudio, verb):
    outcome = segstudio(*([verb] if verb else []), "--help")
    assert outcome.code == 0
    assert "Usage: segstudio" in outcome.out


def test_paths_open_the_window(segstudio, tmp_path):
    opened = []
    outcome = segstudio(tmp_path, open_window=lambda paths: opened.extend(paths) or 0)
    assert (outcome.code, opened) == (0, [tmp_path])


def test_no_arguments_open_the_window(segstudio):
    opened = []
    assert segstudio(open_window=lambda paths: opened.append(list(paths)) or 0).code == 0
    assert opened == [[]]


def test_unknown_word_is_neither_path_nor_verb(segstudio):
    assert segstudio("evalute", open_window=lambda paths: 0).error.startswith("evalute: no such file or folder")


def test_unknown_option(segstudio):
    assert "--fast: there is no such option" in segstudio("--fast").error
    assert "No such option" in segstudio("evaluate", "a", "b", "--fast").error


def test_missing_argument(segstudio):
    assert "Missing argument 'PREDICTION'" in segstudio("evaluate", "a").error


def test_machine_that_fails_is_one_line(segstudio, tmp_path):
    def refuse(paths):
        raise EnvironmentFault("the disk is full")

    assert segstudio(tmp_path, open_window=refuse).error == "the disk is full"


def test_interrupt_is_quiet(segstudio, tmp_path):
    def interrupt(paths):
        raise KeyboardInterrupt

    outcome = segstudio(tmp_path, open_window=interrupt)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


def test_version_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from segstudio.cli.main import run\n"
        "run(['--version'])\n"
        "heavy = {'torch', 'cv2', 'PySide6', 'sqlalchemy', 'numpy', 'typer', 'rich'} & set(sys.modules)\n"
        "raise SystemExit(', '.join(sorted(heavy)) or 0)\n"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (0, "")


def test_verbs_load_only_what_they_need():
    code = (
        "import sys\n"
        "from segstudio.cli.main import run\n"
        "code = run(['evaluate', 'nowhere', 'nothing'])\n"
        "heavy = {'torch', 'PySide6', 'sqlalchemy'} & set(sys.modules)\n"
        "raise SystemExit(', '.join(sorted(heavy)) or code)\n"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (2, "error: nowhere: no such file or folder\n")


def test_closed_pipe_is_quiet(tmp_path):
    code = "import sys; from segstudio.cli.main import run; sys.exit(run(['models', '--json']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_ctrl_c_ends_a_verb_quietly(tmp_path):
    code = (
        "import sys\n"
        "import segstudio.workflows.demo as demo\n"
        "def paint(*args, **kwargs):\n"
        "    sys.stderr.write('painting\\n'); sys.stderr.flush()\n"
        "    import time; time.sleep(60)\n"
        "demo.make_demo = paint\n"
        "from segstudio.cli.main import run\n"
        "sys.exit(run(['demo', '--only-data']))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stderr.readline() == b"painting\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
        assert (child.stdout.read(), child.stderr.read()) == (b"", b"")


def test_libraries_that_print_do_not_spoil_json(segstudio, monkeypatch, tmp_path):
    def noisy(*args, **kwargs):
        sys.stdout.write("loading annotations into memory...\n")
        return tmp_path

    monkeypatch.setattr("segstudio.workflows.demo.make_demo", noisy)
    outcome = segstudio("demo", "--only-data", "--json")
    assert outcome.document == {"dataset": str(tmp_path)}
    assert "loading annotations" in outcome.err


def test_demo_opens_the_window_or_goes_on_tour(segstudio, monkeypatch, tmp_path):
    monkeypatch.setattr("segstudio.workflows.demo.make_demo", lambda directory, **_: directory)
    seen = []
    wiring = {
        "open_window": lambda paths: seen.append(("window", *paths)) or 0,
        "tour": lambda dataset, output: seen.append(("tour", dataset, output)) or 0,
    }
    assert segstudio("demo", tmp_path, **wiring).code == 0
    assert segstudio("demo", tmp_path, "--headless", "--output", tmp_path / "o", **wiring).code == 0
    assert seen == [("window", tmp_path), ("tour", tmp_path, tmp_path / "o")]


def test_terminal_that_knows_only_ascii(tmp_path):
    code = "import sys; from segstudio.cli.main import run; sys.exit(run(['models', 'fcn-resnet50']))"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False)
    assert child.returncode == 0
    assert b"Traceback" not in child.stderr
    assert child.stdout.isascii()
