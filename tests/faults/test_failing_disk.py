"""A disk that answers EIO, and one that is really full: told, nothing lost, nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault
from segstudio.core.layer import Layer
from segstudio.store import Project
from segstudio.store.checking import check_project
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LD_PRELOAD and tmpfs")


@pytest.fixture
def shim(project_root, tmp_path):
    """A library that makes writing fail while a flag is there; skips where no compiler is."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = tmp_path / "failing_disk.so"
    source = project_root / "tests" / "faults" / "failing_disk.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def new_project(path):
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem("a", None, SIZE_HW)])
    return path


def test_disk_that_reports_errors(project_root, tmp_path, shim):
    path, flag = new_project(tmp_path / "p.segproj"), tmp_path / "failing"
    environment = {**os.environ, "LD_PRELOAD": str(shim), "SEGSTUDIO_FAIL_WHILE": str(flag), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.faults.paint_on_a_failing_disk", str(path), str(flag)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "sound\n", done.stderr
    assert not check_project(path).problems


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte; skips where none may be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_full_file_system(small_disk):
    path = new_project(small_disk / "p.segproj")
    painter = Painter("full")
    acknowledged = 0
    with Project.open(path) as project:
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(500_000))
        last = None
        while last is None:
            edit, undo = painter.step()
            try:
                project.record("a", painter.layer, edit, undo=undo).wait()
                acknowledged += 1
            except EnvironmentFault as fault:
                last = fault.message
        assert "the disk is full" in last
        with Project.open(path, read_only=True) as other:
            assert len(other.edits()) == acknowledged
        ballast.unlink()
        project.flush()
        assert len(project.edits()) == acknowledged + 1
        assert_same(painter.layer, project.load("a", "labels"))
    with Project.open(path) as again:
        assert_same(Layer.from_annotation("labels", again.load("a", "labels")), painter.layer.to_annotation())
