"""Builds the source archive and the wheel once, and installs the wheel into a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest


def _run(*command, **options):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="session")
def distributions(tmp_path_factory, project_root):
    """Folder with the .tar.gz and the .whl; the wheel is built from the unpacked source archive, as `build` does."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, project_root)
    return folder


@pytest.fixture(scope="session")
def wheel(distributions):
    (path,) = distributions.glob("*.whl")
    return path


class Installed:
    """A virtual environment that has the wheel, sees this one's packages as its dependencies, and not the checkout."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / "python"

    def run(self, *command, cwd):
        environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        return subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def installed(tmp_path_factory, wheel):
    folder = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    result = Installed(folder)
    _run(sys.executable, "-m", "pip", "--python", result.python, "install", "--no-deps", "--no-index", wheel)
    purelib = _run(result.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    # Python does not read the .pth files of a folder that a .pth file adds, so an editable install there has no effect.
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(purelib) / "dependencies.pth").write_text("\n".join(sorted(dependencies)) + "\n")
    return result
