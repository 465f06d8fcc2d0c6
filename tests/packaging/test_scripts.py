"""script/bootstrap and script/run, with stand-ins for Python, the linker and apt-get, so that nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX shell scripts")

# Answers what bootstrap asks Python, and writes down what it is told to do.
_PYTHON = """#!/bin/sh
printf '%s\\n' "$*" >>"$STATE/calls"
case $* in
*'import torch, torchvision'*) [ ! -f "$STATE/torch-broken" ] ;;
*importlib.metadata*) echo 2.13.0 ;;
*importlib.util*) echo "$STATE/PySide6" ;;
*'torch===2.13.0 torchvision') rm -f "$STATE/torch-broken" ;;
*'pip install'*) [ ! -f "$STATE/offline" ] ;;
esac
"""
_LDD = """#!/bin/sh
[ -f "$STATE/installed" ] && exit 0
case $1 in
*QtGui*) printf '\\tlibEGL.so.1 => not found\\n\\tlibgthread-2.0.so.0 => not found\\n\\tlibz.so.1 => /libz.so.1\\n' ;;
*libqxcb*) printf '\\tlibxcb-render-util.so.0 => not found\\n\\tlibX11-xcb.so.1 => not found\\n' ;;
esac
"""
_APT_GET = """#!/bin/sh
printf '%s\\n' "$*" >>"$STATE/apt"
case $1 in install) touch "$STATE/installed" ;; esac
"""
_FIND = "#!/bin/sh\necho /usr/share/fonts/some.ttf\n"


class Scripts:
    """A checkout of the scripts alone, beside an environment and system tools that only pretend."""

    def __init__(self, folder, project_root):
        self.state = folder / "state"
        self.tools = folder / "tools"
        self.environment = folder / "environment"
        self.checkout = folder / "check out"  # the blank is part of the test
        for made in (self.state, self.tools, self.environment / "bin", self.checkout):
            made.mkdir(parents=True)
        shutil.copytree(project_root / "script", self.checkout / "script")
        shutil.copy(project_root / "pyproject.toml", self.checkout)
        self.be_root(True)
        for name, text in {"ldd": _LDD, "apt-get": _APT_GET, "find": _FIND, "sudo": "#!/bin/sh\nexit 1\n"}.items():
            self.write(self.tools / name, text)
        self.write(self.environment / "bin" / "python", _PYTHON)

    def write(self, path, text):
        path.write_text(text)
        path.chmod(0o755)

    def be_root(self, yes):
        self.write(self.tools / "id", f"#!/bin/sh\necho {0 if yes else 1000}\n")

    def flag(self, name):
        (self.state / name).touch()

    def calls(self, which="calls"):
        path = self.state / which
        return path.read_text() if path.exists() else ""

    def run(self, name, *arguments, **variables):
        environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY", "CI"}}
        environment |= {"PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}", "STATE": str(self.state)}
        environment |= {"SEGSTUDIO_VENV": str(self.environment), **variables}
        script = str(self.checkout / "script" / name)
        return subprocess.run([script, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def scripts(tmp_path, project_root):
    return Scripts(tmp_path, project_root)


def test_a_second_call_has_nothing_to_do(scripts):
    assert scripts.run("bootstrap").returncode == 0
    assert f"--editable {scripts.checkout}[dev]" in scripts.calls()
    (scripts.state / "calls").unlink()
    second = scripts.run("bootstrap")
    assert (second.returncode, second.stdout + second.stderr) == (0, "")
    assert "pip" not in scripts.calls()


def test_a_changed_project_file_sets_up_again(scripts):
    scripts.run("bootstrap")
    (scripts.state / "calls").unlink()
    with (scripts.checkout / "pyproject.toml").open("a") as file:
        file.write("# another dependency\n")
    assert scripts.run("bootstrap").returncode == 0
    assert "pip install" in scripts.calls()


def test_a_call_that_failed_is_not_taken_for_done(scripts):
    scripts.flag("offline")
    failed = scripts.run("bootstrap")
    assert failed.returncode != 0
    assert "run this again" in failed.stderr
    (scripts.state / "offline").unlink()
    (scripts.state / "calls").unlink()
    assert scripts.run("bootstrap").returncode == 0
    assert "pip install" in scripts.calls()


def test_a_torch_of_another_build_is_replaced_with_its_published_partner(scripts):
    scripts.flag("torch-broken")
    result = scripts.run("bootstrap")
    assert result.returncode == 0, result.stderr
    assert "do not fit each other" in result.stderr
    assert "torch===2.13.0 torchvision" in scripts.calls()


def test_only_missing_system_packages_are_installed(scripts):
    result = scripts.run("bootstrap")
    assert result.returncode == 0, result.stderr
    installed = scripts.calls("apt").splitlines()[-1].partition("--no-install-recommends ")[2].split()
    assert installed == ["libegl1", "libglib2.0-0", "libx11-xcb1", "libxcb-render-util0"]


def test_without_the_right_to_install_it_says_what_to_type(scripts):
    scripts.be_root(False)
    result = scripts.run("bootstrap")
    assert result.returncode == 1
    assert "sudo apt-get install --no-install-recommends libegl1 libglib2.0-0" in result.stderr
    assert scripts.calls("apt") == ""


def test_a_folder_that_is_no_environment_is_left_alone(scripts, tmp_path):
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter.tex").write_text("precious")
    result = scripts.run("bootstrap", SEGSTUDIO_VENV=str(mine))
    assert result.returncode == 1
    assert "is not a Python environment" in result.stderr
    assert [p.name for p in mine.iterdir()] == ["chapter.tex"]


def test_run_without_a_display_goes_headless(scripts):
    assert scripts.run("run", "folder").returncode == 0
    assert scripts.calls().splitlines()[-1] == "-m segstudio demo --headless folder"


def test_run_says_headless_once(scripts):
    assert scripts.run("run", "--headless").returncode == 0
    assert scripts.calls().splitlines()[-1] == "-m segstudio demo --headless"


def test_run_with_a_display_opens_the_window(scripts):
    assert scripts.run("run", DISPLAY=":0").returncode == 0
    assert scripts.calls().splitlines()[-1] == "-m segstudio demo"


def test_checks_stop_at_the_first_failure_but_not_on_ci(scripts):
    scripts.run("bootstrap")
    scripts.write(
        scripts.environment / "bin" / "python", _PYTHON.replace("*importlib.util*", "*ruff*) exit 1 ;;\n*util*")
    )
    first = scripts.run("test")
    assert first.returncode == 1
    assert "-m pytest" not in scripts.calls()
    everything = scripts.run("test", CI="true")
    assert everything.returncode == 1
    assert everything.stderr.splitlines()[-1] == "FAILED: ruff check ruff format"
    assert "-m pytest -m not slow" in scripts.calls()


def test_arguments_reach_pytest_and_an_own_mark_replaces_ours(scripts):
    assert scripts.run("test", "--quick", "tests/core", "-k", "raster").returncode == 0
    assert scripts.calls().splitlines()[-1] == "-m pytest -m not slow -x tests/core -k raster"
    assert scripts.run("test", "-m", "slow").returncode == 0
    assert scripts.calls().splitlines()[-1] == "-m pytest -m slow"


def test_tests_get_a_postgresql_where_one_may_be_installed(scripts, tmp_path):
    nowhere = {"SEGSTUDIO_POSTGRESQL": str(tmp_path), "PATH": f"{scripts.tools}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    if shutil.which("initdb", path=nowhere["PATH"]):
        pytest.skip("there is one in the system's own folders")
    assert scripts.run("bootstrap", **nowhere).returncode == 0
    assert "postgresql" not in scripts.calls("apt")
    scripts.be_root(False)
    refused = scripts.run("bootstrap", "--for-tests", **nowhere)
    assert refused.returncode == 0
    assert "will be skipped" in refused.stderr
    assert scripts.run("bootstrap", "--for-tests", **nowhere).stderr == ""
    (scripts.environment / ".segstudio-without-postgresql").unlink()
    scripts.be_root(True)
    assert scripts.run("bootstrap", "--for-tests", **nowhere).returncode == 0
    assert scripts.calls("apt").splitlines()[-1].endswith(" postgresql")
