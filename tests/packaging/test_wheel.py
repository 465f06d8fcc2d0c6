"""What goes into the archives, and that the installed program works from any folder."""

from __future__ import annotations

import json
import tarfile
import zipfile

import pytest


def _files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts}


def _below(names, prefix):
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def test_the_wheel_carries_resources_and_plugins(wheel, project_root):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert _below(names, "segstudio/resources/") == _files(project_root / "resources")
    assert _below(names, "segstudio/bundled_plugins/") == _files(project_root / "plugins")
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"segstudio"}


def test_the_wheel_carries_the_licence_and_the_type_marker(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "segstudio/py.typed" in names
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_source_archive_can_be_tested_and_run(distributions, project_root):
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "script/test", "script/run", "tests/conftest.py"} <= names
    assert _below(names, "resources/") == _files(project_root / "resources")


def test_the_installed_package_is_the_one_in_the_environment(installed, tmp_path):
    code = (
        "import segstudio\n"
        "from segstudio.core.resources import bundled_plugins_dir, resource_dir\n"
        "print(segstudio.__file__, resource_dir(), bundled_plugins_dir(), sep='\\n')"
    )
    result = installed.run("python", "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(str(installed.folder)) for line in lines)


def test_the_command_tells_its_version(installed, tmp_path):
    result = installed.run("segstudio", "--version", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "0.1.0" in result.stdout


def test_the_command_finds_the_bundled_models(installed, tmp_path):
    result = installed.run("segstudio", "models", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    names = {model["name"] for model in json.loads(result.stdout)["models"]}
    assert {"deeplab-v3-resnet50", "mask-rcnn-resnet50-fpn"} <= names


def test_the_window_comes_up_with_its_icons(installed, tmp_path):
    code = (
        "from segstudio.app import make_application\n"
        "app = make_application()\n"
        "from segstudio.session import Session\n"
        "from segstudio.ui import MainWindow\n"
        "session = Session()\n"
        "window = MainWindow(session)\n"
        "window.show()\n"
        "app.processEvents()\n"
        "assert not window.grab().isNull()\n"
        "window.close()\n"
        "session.close()\n"
    )
    result = installed.run("python", "-W", "error", "-c", code, cwd=tmp_path)
    said = [line for line in result.stderr.splitlines() if "does not support propagateSizeHints" not in line]
    assert (result.returncode, said) == (0, [])


@pytest.mark.slow
def test_the_demo_runs_from_any_folder(installed, tmp_path):
    result = installed.run("segstudio", "demo", "--headless", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    output = tmp_path / "demo-output"
    assert list(output.rglob("*.png"))
    assert list(output.rglob("*.json"))
